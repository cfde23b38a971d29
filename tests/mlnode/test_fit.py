"""Searching for the largest that fits, and laying a model over devices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.fit import Parts, find_largest, spread


@given(st.integers(1, 500), st.integers(0, 5000), st.integers(1, 300), st.integers(0, 6000))
def test_the_largest_that_fits_is_found(low: int, more: int, step: int, limit: int) -> None:
    high = low + more
    found = find_largest(low, high, step, lambda value: value <= limit)
    candidates = [value for value in [*range(low, high, step), high] if value <= limit]
    assert found == max(candidates, default=0)


def test_the_search_asks_seldom() -> None:
    asked: list[int] = []
    find_largest(256, 131072, 256, lambda value: asked.append(value) or value <= 40_000)
    assert len(asked) <= 12


@pytest.mark.parametrize(
    ("need", "rooms", "shares"),
    [
        (100, [200], (100,)),
        (300, [200], None),
        (100, [50, 200], (0, 100)),
        (210, [100, 200], (70, 140)),
        (150, [100, 100, 20], (75, 75, 0)),
        (0, [10], (0,)),
    ],
)
def test_a_model_lies_on_as_few_devices_as_hold_it(
    need: int, rooms: list[int], shares: tuple[int, ...] | None
) -> None:
    assert spread(need, rooms) == shares


@given(st.integers(0, 1000), st.lists(st.integers(0, 500), min_size=1, max_size=5))
def test_no_device_gets_more_than_its_room(need: int, rooms: list[int]) -> None:
    shares = spread(need, rooms)
    if shares is None:
        assert sum(rooms) < need
    else:
        assert sum(shares) == need
        assert all(share <= room for share, room in zip(shares, rooms, strict=True))


def test_a_sum_is_rounded_up() -> None:
    assert Parts(1, 0, 0, 0, 0, 0, 0).total_mb == 1
    assert Parts(2**20, 0, 0, 0, 0, 0, 0).total_mb == 1
