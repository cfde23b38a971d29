"""Searching for the largest that fits."""

from hypothesis import given
from hypothesis import strategies as st

from mlnode.fit import Parts, find_largest


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


def test_a_sum_is_rounded_up() -> None:
    assert Parts(1, 0, 0, 0, 0, 0, 0).total_mb == 1
    assert Parts(2**20, 0, 0, 0, 0, 0, 0).total_mb == 1
