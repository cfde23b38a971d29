"""Who must re-execute what, and how much reputation a record is worth.

Probabilities and reputation are decimals with 16 digits after the point: products are exact, every quotient
is rounded to 16 digits, a half away from zero. No float takes part.
"""

from collections.abc import Iterable
from hashlib import sha256

from chain.fixed import Decimal, from_decimal
from chain.inference.types import InferenceValidationDetails
from chain.validation.params import ValidationParams

DIGITS = 10**16
"""The number 1 with 16 digits after the point."""
SCALED = 10**18
"""The number 1 as parameters are scaled."""
FRACTION_MAX = 2**64 - 1
REPUTATION_MAX = 100


def divide(numerator: int, denominator: int) -> int:
    """Quotient of a number with 16 digits and a positive one, a half away from zero; not negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def compute_fraction(seed: int, inference_id: str) -> int:
    """The number from 0 to 1, with 16 digits, that a seed draws for an inference: the first 8 bytes,
    big-endian, of SHA-256 of "seed:inference" (the seed in decimal digits), divided by 2^64 - 1.
    """
    digest = sha256(f"{seed}:{inference_id}".encode()).digest()
    return divide(int.from_bytes(digest[:8], "big") * DIGITS, FRACTION_MAX)


def compute_minimum_average(traffic: int, params: ValidationParams) -> int:
    """Validations per inference at some traffic of an executor with full reputation, scaled by 10^18.

    1. full traffic or more: the minimum;
    2. half of it or more: on the straight line from the minimum up to the halfway value;
    3. more than the lower cutoff: on the straight line from the halfway value up to the maximum;
    4. else: the maximum.

    On a line the quotient is taken last, with 16 digits.
    """
    full, cutoff = params.full_validation_traffic_cutoff, params.min_validation_traffic_cutoff
    least, halfway = from_decimal(params.min_validation_average), from_decimal(params.min_validation_halfway)
    most = from_decimal(params.max_validation_average)
    if traffic >= full:
        return least
    if 2 * traffic >= full:
        return least + _part(halfway - least, 2 * (full - traffic), full)
    if traffic > cutoff:
        return halfway + _part(most - halfway, full - 2 * traffic, full - 2 * cutoff)
    return most


def compute_probability(details: InferenceValidationDetails, power: int, params: ValidationParams) -> int:
    """Probability with 16 digits, at most 1, with which a validator of some weight re-executes an inference.

    The target is the minimum average for the traffic, raised towards the maximum by what the executor's
    reputation lacks; a validator bears it by its part of the weight that is not the executor's. Where nobody
    but the executor has weight, nobody has to.
    """
    others = details.total_power - details.executor_power
    if others <= 0 or power <= 0:
        return 0
    least = compute_minimum_average(details.traffic_basis, params)
    most = from_decimal(params.max_validation_average)
    missing = REPUTATION_MAX - min(max(details.executor_reputation, 0), REPUTATION_MAX)
    target = least * REPUTATION_MAX + (most - least) * missing
    return min(divide(target * power, others * REPUTATION_MAX * (SCALED // DIGITS)), DIGITS)


def should_validate(
    seed: int, details: InferenceValidationDetails, power: int, params: ValidationParams
) -> bool:
    """Whether a seed draws an inference for a validator of some weight: its fraction is strictly below the
    probability.
    """
    return compute_fraction(seed, details.inference_id) < compute_probability(details, power, params)


def compute_reputation(records: Iterable[tuple[int, int]], params: ValidationParams) -> int:
    """Reputation from 0 to 100 of a participant by what it did in its settled epochs: each as finished and
    missed inferences.

    Every epoch counts one; an epoch costs penalty × missed ÷ finished when that quotient (0 when nothing was
    finished) is above the cutoff. The sum, as a part of `epochs_to_max`, cut off to two digits, times 100.
    """
    cutoff, penalty = from_decimal(params.miss_percentage_cutoff), from_decimal(params.miss_requests_penalty)
    most, epochs, misses = params.epochs_to_max, 0, 0
    for finished, missed in records:
        epochs += 1
        part = divide(missed * DIGITS, finished) if finished > 0 else 0
        if part * (SCALED // DIGITS) > cutoff:
            misses += part
    step = divide(DIGITS, most)
    unit = DIGITS * DIGITS * SCALED
    earned = epochs * unit - misses * step * penalty * most
    if earned > most * unit:
        return REPUTATION_MAX
    if earned <= 0:
        return 0
    return divide(earned * DIGITS, most * unit) * REPUTATION_MAX // DIGITS


def is_above(value: Decimal, threshold: Decimal) -> bool:
    """Whether a similarity lies strictly above a threshold, exactly."""
    return from_decimal(value) > from_decimal(threshold)


def _part(whole: int, numerator: int, denominator: int) -> int:
    """whole × numerator ÷ denominator, scaled by 10^18, the quotient with 16 digits. None is negative."""
    step = SCALED // DIGITS
    return divide(whole * numerator, denominator * step) * step
