import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.changes import decode_changes, encode_changes

CHANGES = st.lists(st.tuples(st.binary(max_size=40), st.none() | st.binary(max_size=80)), max_size=20)


@given(CHANGES)
def test_changes_come_back_as_they_went(changes: list[tuple[bytes, bytes | None]]) -> None:
    assert list(decode_changes(encode_changes(changes))) == changes


@given(CHANGES.filter(bool), st.data())
def test_cut_bytes_never_read_as_the_whole(
    changes: list[tuple[bytes, bytes | None]], data: st.DataObject
) -> None:
    encoded = encode_changes(changes)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    try:
        read = list(decode_changes(cut))
    except ValueError:
        return
    assert len(read) < len(changes) or read[-1][1] in (None, b"")


def test_a_deleted_key_is_not_an_empty_value() -> None:
    assert encode_changes([(b"k", None)]) != encode_changes([(b"k", b"")])


def test_refuses_a_change_that_ends_in_the_middle() -> None:
    with pytest.raises(ValueError, match="in the middle"):
        list(decode_changes(encode_changes([(b"key", b"value")])[:-1]))
