"""How much is taken, and from whom: whole numbers, exact fractions, always rounded down."""

from chain.collateral.types import CollateralParams
from chain.fixed import Decimal

THRESHOLD = "threshold"
BINOMIAL = "binomial"
BINOMIAL_TOTAL_MAX = 990
"""Most requests for which the binomial test is computed."""
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


def is_downtime_under(params: CollateralParams, inference_count: int, missed: int) -> bool:
    """Whether so many misses are downtime by the test that the parameters name; never with fewer requests
    than `downtime_min_sample`.
    """
    least = params.downtime_min_sample
    if params.downtime_test == BINOMIAL:
        return is_binomial_downtime(inference_count, missed, least)
    return is_downtime(inference_count, missed, params.downtime_missed_percentage_threshold, least)


def is_binomial_downtime(inference_count: int, missed: int, min_sample: int) -> bool:
    """Whether one who misses a tenth of all requests would miss so many with less than 5 % probability.

    Exact, in whole numbers: the probability of `missed` or more among `total` is the sum of
    C(total, k) × 9^(total - k) over 10^total. Above 990 requests whatever is more than a tenth is downtime.
    """
    total = inference_count + missed
    if total == 0 or total < min_sample:
        return False
    if total > BINOMIAL_TOTAL_MAX:
        return missed * 10 > total
    term = tail = 1
    for misses in range(total, missed, -1):
        term = term * misses * 9 // (total - misses + 1)
        tail += term
    return tail * 20 < int(10**total)


def is_downtime(inference_count: int, missed: int, threshold: Decimal, min_sample: int) -> bool:
    """Whether missed / (finished + missed) is strictly above the threshold, exactly, by cross-multiplication.

    Never with no requests at all, nor with fewer than `min_sample`.
    """
    total = inference_count + missed
    if total == 0 or total < min_sample:
        return False
    numerator, denominator = split_fraction(threshold)
    return missed * denominator > numerator * total
