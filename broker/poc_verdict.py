"""The verdict on a participant's nonces: a one-sided exact binomial test, in integers and fractions.

An honest miner's nonce is found mismatched with a small known rate, because other hardware rounds
otherwise. The test asks how likely an honest miner is to show at least as many mismatches as were found;
below the threshold it is fraud. Nothing recomputed means nothing against the miner.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import comb

from broker.facts import ExactDecimal

_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Verdict:
    """`probability_honest` is truncated to 18 digits; the comparison was made with the exact value."""

    n_checked: int
    n_invalid: int
    probability_honest: ExactDecimal
    fraud_detected: bool


def as_fraction(decimal: ExactDecimal) -> Fraction:
    """The exact value."""
    return Fraction(decimal.value) * Fraction(10) ** decimal.exponent


def compute_probability_honest(n_checked: int, n_invalid: int, mismatch_rate: Fraction) -> Fraction:
    """P(X >= n_invalid) for X binomial over n_checked nonces; 1 when n_invalid is 0."""
    rate, rest = mismatch_rate, 1 - mismatch_rate
    terms = (comb(n_checked, k) * rate**k * rest ** (n_checked - k) for k in range(n_invalid))
    return 1 - sum(terms, Fraction(0))


def compute_verdict(
    n_checked: int, n_invalid: int, mismatch_rate: ExactDecimal, fraud_threshold: ExactDecimal
) -> Verdict:
    """Judge n_invalid mismatches among n_checked nonces; ValueError unless 0 <= n_invalid <= n_checked."""
    if not 0 <= n_invalid <= n_checked:
        raise ValueError(f"{n_invalid} mismatches among {n_checked} nonces are impossible")
    honest = compute_probability_honest(n_checked, n_invalid, as_fraction(mismatch_rate))
    digits = honest.numerator * 10**_DIGITS // honest.denominator
    fraud = honest < as_fraction(fraud_threshold)
    return Verdict(n_checked, n_invalid, ExactDecimal(digits, -_DIGITS), fraud)
