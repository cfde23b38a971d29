"""Token bytes to text: whole characters only, nothing of a stop string ever shown, however tokens are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.text import TextStream, compute_open_length, find_stop

TEXTS = st.text(alphabet="abcé€🙂 \n", max_size=30)
STOPS = st.lists(st.text(alphabet="abcé\n", min_size=1, max_size=4), max_size=3)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[a:b] for a, b in pairwise(edges)]


def read(pieces: list[bytes], stop: list[str]) -> tuple[str, str | None]:
    stream = TextStream(stop)
    text = "".join([*map(stream.push, pieces), stream.finish()])
    return text, stream.stopped_by


@given(TEXTS, STOPS, st.lists(st.integers(0, 200)))
def test_text_and_stop_do_not_depend_on_how_the_bytes_are_cut(
    text: str, stop: list[str], cuts: list[int]
) -> None:
    data = text.encode()
    assert read(cut(data, cuts), stop) == read([data[i : i + 1] for i in range(len(data))], stop)


@given(TEXTS, STOPS, st.lists(st.integers(0, 200)))
def test_what_is_shown_holds_no_stop_string_and_begins_the_text(
    text: str, stop: list[str], cuts: list[int]
) -> None:
    shown, stopped_by = read(cut(text.encode(), cuts), stop)
    assert text.startswith(shown)
    assert not any(mark in shown for mark in stop)
    assert (stopped_by is None) == (shown == text)


@given(st.binary(max_size=40), st.lists(st.integers(0, 40)))
def test_any_bytes_become_the_text_that_a_lenient_decoder_makes_of_them(data: bytes, cuts: list[int]) -> None:
    assert read(cut(data, cuts), [])[0] == data.decode("utf-8", "replace")


def test_a_character_is_shown_only_when_it_is_whole() -> None:
    stream = TextStream()
    assert [stream.push(bytes([byte])) for byte in "€".encode()] == ["", "", "€"]


def test_an_incomplete_character_at_the_end_is_marked() -> None:
    stream = TextStream()
    assert stream.push("€".encode()[:2]) == ""
    assert stream.finish() == "\ufffd"


def test_only_what_may_become_a_stop_string_is_held_back() -> None:
    stream = TextStream(["\nuser:"])
    assert stream.push(b"hello\nus") == "hello"
    assert stream.push(b"ual") == "\nusual"


def test_nothing_is_shown_after_a_stop_string() -> None:
    stream = TextStream(["END"])
    assert stream.push(b"one END two") == "one "
    assert (stream.push(b"three"), stream.finish(), stream.stopped_by) == ("", "", "END")


def test_of_two_stop_strings_the_one_complete_first_counts() -> None:
    assert find_stop("abcde", ["abcde", "bcd"]) == (1, "bcd")


def test_of_two_complete_at_once_the_longer_counts() -> None:
    assert find_stop("xabc", ["c", "abc"]) == (1, "abc")


def test_white_space_before_the_answer_is_left_out_where_asked() -> None:
    stream = TextStream(["\nuser"], trim_start=True)
    assert [stream.push(piece) for piece in (b" ", b"\n", b" yes ", b"no")] == ["", "", "yes ", "no"]


@pytest.mark.parametrize(("text", "length"), [("a", 1), ("ab", 2), ("abc", 0), ("xa", 1), ("xb", 0), ("", 0)])
def test_the_open_end_of_a_text_is_the_longest_beginning_of_a_stop_string(text: str, length: int) -> None:
    assert compute_open_length(text, ["abc"]) == length


def test_bytes_that_become_no_character_are_shown_at_once() -> None:
    stream = TextStream(["ab" * 50])
    assert all(stream.push(b"\xff") == "\ufffd" for _ in range(1000))
