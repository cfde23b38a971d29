"""A participant's standing by its record, exactly: integers are compared, no float takes part."""

from math import isqrt

from chain.fixed import Decimal
from chain.nodes.types import ParticipantStatus
from chain.validation.params import ValidationParams

CERTAINTY = 10**6
"""A run of failures is no accident when an honest participant shows it less often than once in so many."""
RUN_MAX = 20
"""Failures in a row that are too many at any permitted rate: 1 ÷ 2^20 is less than 10^-6."""


def calculate_status(
    params: ValidationParams, consecutive: int, finished: int, validated: int, invalidated: int
) -> ParticipantStatus:
    """The standing of a participant with so many failures in a row, and so many inferences finished, found
    valid and found invalid in the running epoch; f is the false-positive rate.

    1. f^consecutive < 10^-6: INVALID.
    2. fewer inferences finished than are needed to judge: RAMPING.
    3. the part found invalid lies more than one standard deviation above f: INVALID.
    4. ACTIVE.
    """
    rate = params.false_positive_rate
    if is_unlikely_run(rate, consecutive):
        return ParticipantStatus.INVALID
    if finished < compute_measurements_needed(rate, params.min_ramp_up_measurements):
        return ParticipantStatus.RAMPING
    if is_outlier(rate, validated, invalidated):
        return ParticipantStatus.INVALID
    return ParticipantStatus.ACTIVE


def is_unlikely_run(rate: Decimal, consecutive: int) -> bool:
    """Whether rate^consecutive < 10^-6. The rate is at most a half."""
    if consecutive >= RUN_MAX:
        return True
    numerator, denominator = _split(rate)
    return bool(CERTAINTY * numerator**consecutive < denominator**consecutive)


def compute_measurements_needed(rate: Decimal, most: int) -> int:
    """The least whole number n with n × rate >= (3 + √5) ÷ 2, and at most `most`: below it one failure alone
    would be an outlier.

    With rate = f ÷ d: 2nf - 3d >= √(5d²), and √(5d²) is no whole number.
    """
    numerator, denominator = _split(rate)
    reach = 3 * denominator + isqrt(5 * denominator * denominator) + 1
    return min(-(-reach // (2 * numerator)), most)


def is_outlier(rate: Decimal, validated: int, invalidated: int) -> bool:
    """Whether z = (i ÷ n - f) ÷ √(f(1 - f) ÷ n) > 1 with i invalidated of n judged; never without any.

    With f = a ÷ d both sides are multiplied by n and d and squared: i·d - n·a > 0 and
    (i·d - n·a)² > a(d - a)n.
    """
    numerator, denominator = _split(rate)
    judged = validated + invalidated
    excess = invalidated * denominator - judged * numerator
    return excess > 0 and excess * excess > numerator * (denominator - numerator) * judged


def _split(rate: Decimal) -> tuple[int, int]:
    """A rate as numerator and denominator, exact."""
    if rate.exponent < 0:
        return rate.value, int(10**-rate.exponent)
    return int(rate.value * 10**rate.exponent), 1
