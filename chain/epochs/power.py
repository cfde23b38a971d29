"""From what machines weigh to what a participant's voice weighs: collateral first, then the cap.

Pure: participants in, the same participants with adjusted weights out, in the same order. The weights of
single machines stay as they were mined, so that a preserved machine enters the next epoch at full size. All
fractions are exact or rounded as stated, in whole numbers.
"""

from collections.abc import Iterable, Mapping, Sequence

from chain.epochs.types import ActiveParticipant
from chain.fixed import ONE, Decimal, from_decimal, from_int, mul, quo_half_even, truncate
from chain.records import Record, replace

CAP_DIGITS = 10**16
"""The cap is a quotient with 16 digits after the point, rounded half away from zero, before it is cut."""
CAP_FLOORS = {2: (50, 100), 3: (40, 100)}
"""Least part of all power that one of so few participants may hold, numerator and denominator."""


class CollateralTerms(Record, frozen=True):
    """What a deposit is worth, as the parameters say."""

    base_weight_ratio: Decimal
    """Part of the weight that needs no collateral, 0 to 1."""
    per_weight_unit: Decimal
    """umesh that activate one unit of weight; 0 when any deposit activates all."""


def adjust_weights_by_collateral(
    participants: Iterable[ActiveParticipant], deposits: Mapping[str, int], terms: CollateralTerms
) -> tuple[ActiveParticipant, ...]:
    """Participants with the weight that their deposits activate; some may weigh nothing afterwards."""
    return tuple(
        replace(entry, weight=compute_collateral_weight(entry.weight, deposits.get(entry.index, 0), terms))
        for entry in participants
    )


def compute_collateral_weight(weight: int, deposit: int, terms: CollateralTerms) -> int:
    """The weight that a deposit of so many umesh activates.

    A base part counts anyhow; the rest counts as far as the deposit reaches. Both parts have 18 digits after
    the point, rounded half to even; their sum is rounded down.
    """
    whole, unit = from_int(weight), from_decimal(terms.per_weight_unit)
    base = mul(whole, from_decimal(terms.base_weight_ratio))
    eligible = whole - base
    if deposit <= 0:
        activated = 0
    elif unit == 0:
        activated = eligible
    else:
        activated = min(eligible, quo_half_even(from_int(deposit) * ONE, unit))
    return truncate(base + activated)


def cap_power(
    participants: Sequence[ActiveParticipant], percentage: Decimal
) -> tuple[ActiveParticipant, ...]:
    """Participants of whom none holds more than a part of all power; whoever weighs more weighs the cap."""
    cap = compute_power_cap([entry.weight for entry in participants], percentage)
    if cap is None:
        return tuple(participants)
    return tuple(replace(entry, weight=min(entry.weight, cap)) for entry in participants)


def compute_power_cap(weights: Sequence[int], percentage: Decimal) -> int | None:
    """The weight that nobody may exceed, or None when nobody does, for 0 percent, and for one alone.

    With the weights in ascending order, the first that is more than its part of what all would weigh if
    everyone after it weighed the same gives the cap: the weight at which that part is reached exactly.

    The part is at least 50 % among two and 40 % among three. It is at least one of N among N: nobody could
    hold less than that.
    """
    ordered, count = sorted(weights), len(weights)
    if count < 2 or percentage.value <= 0:
        return None
    part, whole = _find_part(percentage, count)
    before = 0
    for at, weight in enumerate(ordered):
        rest = count - at
        if weight * whole > part * (before + weight * rest):
            left = whole - part * rest
            return weight if left <= 0 else _divide(part * before, left)
        before += weight
    return None


def _find_part(percentage: Decimal, count: int) -> tuple[int, int]:
    """The part of all power that one of `count` participants may hold, as numerator and denominator."""
    part, whole = from_decimal(percentage), ONE
    for least in (CAP_FLOORS.get(count, (0, 1)), (1, count)):
        if part * least[1] < least[0] * whole:
            part, whole = least
    return part, whole


def _divide(numerator: int, denominator: int) -> int:
    digits = (2 * numerator * CAP_DIGITS + denominator) // (2 * denominator)
    return digits // CAP_DIGITS
