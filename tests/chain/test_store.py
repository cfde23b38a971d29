"""The ordered map and its branches, against a plain dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import ErrInvalidKey
from chain.store import Map, Store

KEYS = st.binary(min_size=1, max_size=3).map(lambda key: bytes(byte % 3 * 127 + byte % 2 for byte in key))
"""Few keys, some beginning alike, some of the highest bytes."""
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.integers(0, 9)),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("branch")),
        st.tuples(st.just("write")),
        st.tuples(st.just("drop")),
        st.tuples(st.just("iterate"), KEYS, st.none() | KEYS, st.none() | KEYS),
    ),
    max_size=60,
)


@given(STEPS)
def test_branches_see_and_keep_and_drop_as_copies_of_a_dictionary_would(steps: list[tuple]) -> None:
    stores, copies = [Store()], [dict[bytes, int]()]
    for name, *given_ in steps:
        if name == "set":
            stores[-1].set(*given_)
            copies[-1][given_[0]] = given_[1]
        elif name == "delete":
            stores[-1].delete(*given_)
            copies[-1].pop(given_[0], None)
        elif name == "branch":
            stores.append(stores[-1].branch())
            copies.append(dict(copies[-1]))
        elif name == "iterate":
            assert list(stores[-1].iterate(*given_)) == expect(copies[-1], *given_)
            prefix, start = given_[0], given_[1] or b""
            assert list(stores[-1].walk(prefix, start)) == expect(copies[-1], prefix, start, None)
            back = expect(copies[-1], prefix, None, start + b"\0" if start else None)[::-1]
            assert list(stores[-1].walk(prefix, start, True)) == back
        elif len(stores) > 1:
            branch, copy = stores.pop(), copies.pop()
            if name == "write":
                branch.write()
                copies[-1] = copy
        assert list(stores[-1].iterate()) == sorted(copies[-1].items())
        assert all(stores[-1].get(key) == copies[-1].get(key) for key in (b"\0", b"\x7f", b"\xff\xff"))


def expect(
    entries: dict[bytes, int], prefix: bytes, start: bytes | None, end: bytes | None
) -> list[tuple[bytes, int]]:
    return [
        (key, value)
        for key, value in sorted(entries.items())
        if key.startswith(prefix) and (start is None or key >= start) and (end is None or key < end)
    ]


@given(st.dictionaries(KEYS, st.none() | st.integers(0, 9)), st.dictionaries(KEYS, st.integers(0, 9)))
def test_changes_are_told_in_key_order_and_lead_to_the_new_state(
    changed: dict[bytes, int | None], before: dict[bytes, int]
) -> None:
    store = Store()
    for key, value in before.items():
        store.set(key, value)
    branch = store.lay_over(changed)
    assert branch.changes() == sorted(changed.items())
    assert branch.count_changes() == len(changed)
    branch.write()
    after = {key: value for key, value in {**before, **changed}.items() if value is not None}
    assert list(store.iterate()) == sorted(after.items())
    assert branch.changes() == []


def test_a_map_keeps_its_entries_apart_and_in_the_order_of_their_parts() -> None:
    store, ages = Store(), Map(b"\x01\x00", "test/ages", (int, str), int)
    other = Map(b"\x01\x01", "test/other", (int, str), int)
    other.set(store, 9, 1, "ann")
    for number, name in ((256, "ann"), (1, "ben"), (1, "ann"), (1, "annie")):
        ages.set(store, number, number, name)
    assert [key for key, _ in ages.items(store)] == [(1, "ann"), (1, "annie"), (1, "ben"), (256, "ann")]
    assert [key for key, _ in ages.items(store, 1)] == [(1, "ann"), (1, "annie"), (1, "ben")]
    assert [key for key, _ in ages.items_before(store, 256)] == [(1, "ann"), (1, "annie"), (1, "ben")]
    assert ages.find_first(store, 2) == 256
    assert ages.find_first(store, 257) is None
    ages.delete(store, 256, "ann")
    assert not ages.has(store, 256, "ann")


def test_none_is_no_value_a_key_holds_no_nul_and_only_a_branch_is_written() -> None:
    store = Store()
    with pytest.raises(ValueError, match="delete the key"):
        store.set(b"k", None)
    with pytest.raises(ErrInvalidKey, match="NUL"):
        Map(b"\x01\x00", "test/names", (str,), int).set(store, 1, "a\0b")
    with pytest.raises(ValueError, match="only a branch"):
        store.write()
