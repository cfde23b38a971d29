"""Arithmetic with 18 digits."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain import fixed
from chain.errors import ErrInvalidRecord
from chain.fixed import ONE, Decimal

scaled = st.integers(-(10**40), 10**40)


def half_even(number: Fraction) -> int:
    return round(number)  # Python rounds fractions half to even


@given(scaled, scaled)
def test_a_product_is_the_nearest_with_halves_to_even(left: int, right: int) -> None:
    assert fixed.mul(left, right) == half_even(Fraction(left * right, ONE))


@given(scaled, scaled.filter(bool))
def test_a_quotient_is_the_nearest_with_halves_to_even(left: int, right: int) -> None:
    assert fixed.quo(left, right) == half_even(Fraction(left * ONE, right))


@given(st.integers(-(10**20), 10**20), st.integers(-(10**10), 10**10).filter(bool))
def test_truncation_goes_toward_zero(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert fixed.quo_truncate(numerator, denominator) == int(exact)


@given(scaled)
def test_text_comes_back(number: int) -> None:
    assert fixed.parse(fixed.text_of(number)) == number


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-18, 18))
@example(6390, 18)
@example(-(2**63), 18)
def test_a_decimal_is_exact_both_ways(value: int, exponent: int) -> None:
    number = fixed.from_decimal(Decimal(value, exponent))
    assert Fraction(number, ONE) == Fraction(value) * Fraction(10) ** exponent
    back = fixed.to_decimal(number)
    assert fixed.from_decimal(back) == number


def test_a_number_too_large_for_a_decimal_is_refused() -> None:
    with pytest.raises(ErrInvalidRecord, match="too large"):
        fixed.to_decimal(2**63 * ONE * ONE)


def test_zero_and_small_numbers_have_the_shortest_decimal() -> None:
    assert fixed.to_decimal(0) == Decimal()
    assert fixed.to_decimal(fixed.parse("0.05")) == Decimal(5, -2)
    assert fixed.to_decimal(fixed.from_int(300)) == Decimal(3, 2)


@pytest.mark.parametrize(
    "text", ["", "-", ".5", "5.", "1e5", "0x1", "1_0", "٣", "1.0000000000000000000", "9" * 79]
)
def test_anything_but_plain_digits_is_refused(text: str) -> None:
    with pytest.raises(ErrInvalidRecord):
        fixed.parse(text)


def test_exponents_out_of_range_and_results_out_of_bounds_are_refused() -> None:
    for exponent in (-19, 19):
        with pytest.raises(ErrInvalidRecord):
            fixed.from_decimal(Decimal(1, exponent))
    with pytest.raises(ErrInvalidRecord):
        fixed.mul(10**90, 10**90)
    with pytest.raises(ZeroDivisionError):
        fixed.quo(1, 0)
