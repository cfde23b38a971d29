"""From the members of an epoch to the voting power of consensus keys, and from one set to the next.

Whole numbers; every fraction is exact or rounded as stated.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping

from chain.fixed import ONE, from_decimal
from chain.validators.types import ConsensusParams, Validator

POWER_MAX = (2**63 - 1) // 8
"""Most power of all validators together: what CometBFT computes with."""
QUOTIENT_DIGITS = 10**16
"""A guardian's part has 16 digits after the point, rounded half away from zero, before it is cut."""


def enhance_guardians(powers: Mapping[str, int], params: ConsensusParams) -> dict[str, int]:
    """Powers by address, with those of the guardians strengthened.

    Unchanged unless that is enabled, all power is below the maturity threshold, there are at least two
    validators and at least one of them is a guardian. Then all guardians together get what all others have
    times the multiplier, in equal parts, each rounded down; unless that is less than they have.
    """
    guardians = frozenset(params.guardian_addresses) & powers.keys()
    total = sum(powers.values())
    mature = total >= params.guardian_network_maturity_threshold
    if not params.guardian_enabled or mature or len(powers) < 2 or not guardians:
        return dict(powers)
    own = sum(power for address, power in powers.items() if address in guardians)
    together, count = (total - own) * from_decimal(params.guardian_multiplier), len(guardians) * ONE
    if together < own * ONE:
        return dict(powers)
    each = (2 * together * QUOTIENT_DIGITS + count) // (2 * count) // QUOTIENT_DIGITS
    return {address: each if address in guardians else power for address, power in powers.items()}


def compute_validators(
    weights: Mapping[str, int], keys: Mapping[str, str], params: ConsensusParams
) -> tuple[Validator, ...]:
    """The validators for members with these weights and consensus keys, both by address; sorted by key.

    A member has its weight as power; who weighs nothing or has no key has none. Guardians are strengthened.
    A key that several members name has the power of all of them: nobody proves that a key is its own, so
    naming another one's key must not weaken that one. Where all together would exceed `POWER_MAX`, all are
    reduced in proportion, rounded down, and whoever would have less than 1 has none.
    """
    voting = {address: weights[address] for address in sorted(weights) if weights[address] > 0}
    powers = enhance_guardians({address: voting[address] for address in voting if keys.get(address)}, params)
    owners: dict[str, list[str]] = {}
    for address in powers:
        owners.setdefault(keys[address], []).append(address)
    found = {key: sum(powers[address] for address in owners[key]) for key in sorted(owners)}
    bounded = bound_powers(found)
    return tuple(Validator(key, power, tuple(owners[key])) for key, power in bounded.items())


def bound_powers(powers: Mapping[str, int]) -> dict[str, int]:
    """Powers of at least 1 that add up to at most `POWER_MAX`, in proportion."""
    total = sum(powers.values())
    if total <= POWER_MAX:
        return {key: power for key, power in powers.items() if power > 0}
    reduced = {key: power * POWER_MAX // total for key, power in powers.items()}
    return {key: power for key, power in reduced.items() if power > 0}


def compute_updates(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """What makes one set of powers of the other, by key: new powers, and 0 for who is in it no more."""
    return tuple(
        (key, after.get(key, 0))
        for key in sorted(dict.fromkeys((*before, *after)))
        if before.get(key, 0) != after.get(key, 0)
    )


def find_fault(validators: Iterable[Validator]) -> str:
    """Why validators cannot be a set, in words; empty when they can."""
    listed = tuple(validators)
    if any(validator.power < 1 for validator in listed):
        return "a power is below 1"
    if any(not is_consensus_key(validator.public_key) for validator in listed):
        return "a key is not 32 bytes in base64"
    return "all power together is too much" if sum(entry.power for entry in listed) > POWER_MAX else ""


def is_consensus_key(text: str) -> bool:
    """Whether a text is the base64 form of an ed25519 key."""
    try:
        return len(b64decode(text.encode(), validate=True)) == 32
    except ValueError:
        return False
