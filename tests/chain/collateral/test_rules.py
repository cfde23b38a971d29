"""Fractions of whole numbers."""

from fractions import Fraction
from math import comb

from hypothesis import given
from hypothesis import strategies as st

from chain.collateral.rules import compute_slash, is_binomial_downtime, is_downtime
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


@given(st.integers(0, 120), st.integers(0, 60))
def test_binomial_downtime_is_what_the_exact_distribution_says(done: int, missed: int) -> None:
    total = done + missed
    chance = sum(
        comb(total, misses) * Fraction(1, 10) ** misses * Fraction(9, 10) ** (total - misses)
        for misses in range(missed, total + 1)
    )
    assert is_binomial_downtime(done, missed, 0) == (total > 0 and chance < Fraction(1, 20))


@given(st.integers(0, 2000), st.integers(0, 300), st.integers(0, 3000))
def test_one_more_miss_never_undoes_downtime_and_a_small_sample_is_none(done, missed, least) -> None:
    judged = is_binomial_downtime(done, missed, 0)
    assert not judged or done + missed + 1 > 990 >= done + missed or is_binomial_downtime(done, missed + 1, 0)
    assert is_binomial_downtime(done, missed, least) == (judged and done + missed >= least)
