"""The worker protocol: frames survive the wire however it cuts them, and nothing else gets through."""

import pytest

from mlnode.io.frames import (
    FRAME_BYTES_MAX,
    BrokenFrame,
    Cancel,
    ChatMessage,
    Delta,
    FrameBuffer,
    PocBatch,
    Position,
    Step,
    Submit,
    TokenLogprob,
    decode_front,
    decode_worker,
    encode,
)

SUBMIT = Submit(request_id=7, messages=[ChatMessage("user", "grüß")], stop=("\n",), temperature=0.5)
STEP = Step(deltas=[Delta(7, "é", 3, (Position(TokenLogprob(5, b"\xc3\xa9", -0.25)),))])


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000])
def test_frames_come_out_whole_however_the_wire_cuts_them(size: int) -> None:
    wire = encode(SUBMIT) + encode(Cancel(request_id=7)) + encode(SUBMIT)
    buffer = FrameBuffer()
    pieces = [wire[i : i + size] for i in range(0, len(wire), size)]
    frames = [decode_front(body) for piece in pieces for body in buffer.feed(piece)]
    assert frames == [SUBMIT, Cancel(request_id=7), SUBMIT]


def test_a_workers_frame_survives_the_wire() -> None:
    (body,) = FrameBuffer().feed(encode(STEP))
    assert decode_worker(body) == STEP


def test_a_frame_of_the_other_direction_is_refused() -> None:
    batch = PocBatch(stage_id=1, nonces=[], dist_micro=[], tried=0, next_nonce=0, elapsed_us=0)
    with pytest.raises(BrokenFrame):
        decode_front(encode(batch)[4:])


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\x81\xa4type\xa3huh", b"\x81\xa4type\xa6cancel", b"\xff" * 9]
)
def test_bytes_that_are_no_frame_are_refused(body: bytes) -> None:
    with pytest.raises(BrokenFrame):
        decode_front(body)


def test_an_unknown_field_is_refused() -> None:
    body = encode(Cancel(request_id=7))[4:]
    with pytest.raises(BrokenFrame):
        decode_front(b"\x83" + body[1:] + b"\xa5extra\x01")


def test_an_announced_length_above_the_limit_is_refused_before_it_is_awaited() -> None:
    with pytest.raises(BrokenFrame):
        list(FrameBuffer().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big")))
