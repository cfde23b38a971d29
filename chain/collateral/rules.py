"""How much is taken, and from whom: whole numbers, exact fractions, always rounded down."""

from chain.fixed import Decimal

AMOUNT_DIGITS_MAX = 78
"""Longest amount, in digits: what 256 bits hold."""


def parse_amount(text: str) -> int | None:
    """A coin's amount as a number, or None when it is not plain digits for a positive number."""
    if not (text.isascii() and text.isdigit() and len(text) <= AMOUNT_DIGITS_MAX):
        return None
    return int(text) or None


def is_fraction(number: Decimal) -> bool:
    """Whether a decimal lies between 0 and 1, both included."""
    numerator, denominator = split_fraction(number)
    return 0 <= numerator <= denominator


def split_fraction(number: Decimal) -> tuple[int, int]:
    """A decimal as numerator and positive denominator, exact."""
    if number.exponent < 0:
        return number.value, 10**-number.exponent
    return number.value * 10**number.exponent, 1


def compute_slash(amount: int, fraction: Decimal) -> int:
    """What is taken of one entry: amount × fraction, rounded down."""
    numerator, denominator = split_fraction(fraction)
    return amount * numerator // denominator


def is_downtime(inference_count: int, missed: int, threshold: Decimal, min_sample: int) -> bool:
    """Whether missed / (finished + missed) is strictly above the threshold, exactly, by cross-multiplication.

    Never with no requests at all, nor with fewer than `min_sample`.
    """
    total = inference_count + missed
    if total == 0 or total < min_sample:
        return False
    numerator, denominator = split_fraction(threshold)
    return missed * denominator > numerator * total
