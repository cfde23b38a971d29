"""A stream between a worker that writes and a client that may not read."""

from mlnode.io.frames import Frame, Hold, Resume, Submit
from mlnode.io.streams import PIECES_MAX, Piece, Stream


def make_stream() -> tuple[Stream, list[Frame]]:
    told: list[Frame] = []
    stream = Stream(7, Submit(request_id=0, text="x"), 0.0)
    stream.tell_worker = told.append
    return stream, told


async def test_an_answer_that_nobody_takes_is_held_once_and_goes_on_when_it_is_taken() -> None:
    stream, told = make_stream()
    for count in range(PIECES_MAX - 1):
        stream.push(Piece("x", count))
    assert told == []
    for count in range(3):
        stream.push(Piece("y", count))
    assert told == [Hold(request_id=7)]
    piece = await stream.next()
    assert isinstance(piece, Piece)
    assert piece.text == "x" * (PIECES_MAX - 1) + "yyy"
    assert told == [Hold(request_id=7), Resume(request_id=7)]


async def test_a_client_that_keeps_up_is_never_held() -> None:
    stream, told = make_stream()
    for count in range(4 * PIECES_MAX):
        stream.push(Piece("x", count))
        await stream.next()
    assert told == []
