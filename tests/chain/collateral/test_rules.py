"""Fractions of whole numbers."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chain.collateral.rules import compute_slash, is_downtime
from chain.fixed import Decimal

AMOUNTS = st.integers(0, 2**70)
FRACTIONS = st.integers(0, 10**6).map(lambda value: Decimal(value, -6))


def exact(number: Decimal) -> Fraction:
    return Fraction(number.value) * Fraction(10) ** number.exponent


@given(AMOUNTS, FRACTIONS)
def test_what_is_taken_is_the_exact_part_rounded_down(amount: int, fraction: Decimal) -> None:
    assert compute_slash(amount, fraction) == int(amount * exact(fraction))
    assert 0 <= compute_slash(amount, fraction) <= amount


@given(st.integers(0, 10**6), st.integers(0, 10**6), FRACTIONS)
def test_downtime_is_strictly_more_than_the_threshold(done: int, missed: int, threshold: Decimal) -> None:
    total = done + missed
    expected = total > 0 and Fraction(missed, total) > exact(threshold)
    assert is_downtime(done, missed, threshold, 0) == expected
