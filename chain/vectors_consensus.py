"""Golden cases of the consensus validators."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

from chain.fixed import Decimal
from chain.validators import rules
from chain.validators.types import ConsensusParams

Json = Anything


def enhance_guardians(
    powers: Mapping[str, int],
    guardians: Sequence[str],
    multiplier: Sequence[int] = (52, -2),
    maturity: int = 10_000_000,
) -> Json:
    """Powers with those of the guardians strengthened, and their sum."""
    enhanced = rules.enhance_guardians(powers, _build_params(guardians, multiplier, maturity))
    return {"powers": enhanced, "total": sum(enhanced.values())}


def compute_validators(
    members: Mapping[str, Sequence[Json]],
    guardians: Sequence[str] = (),
    multiplier: Sequence[int] = (52, -2),
    maturity: int = 10_000_000,
) -> Json:
    """The power of each key. A member is weight and key."""
    weights = {address: weight for address, (weight, _) in members.items()}
    keys = {address: key for address, (_, key) in members.items()}
    chosen = rules.compute_validators(weights, keys, _build_params(guardians, multiplier, maturity))
    return {validator.public_key: validator.power for validator in chosen}


def compute_updates(before: Mapping[str, int], after: Mapping[str, int]) -> Json:
    """What makes one set of the other."""
    return [[key, power] for key, power in rules.compute_updates(before, after)]


def _build_params(guardians: Sequence[str], multiplier: Sequence[int], maturity: int) -> ConsensusParams:
    return ConsensusParams(True, maturity, Decimal(*multiplier), tuple(guardians))


def _spread(rule: Callable[..., Json]) -> Callable[[Mapping[str, Json]], Json]:
    return lambda given: rule(**given)


CONSENSUS_KINDS: Mapping[str, Callable[[Mapping[str, Json]], Json]] = {
    "validators.guardians": _spread(enhance_guardians),
    "validators.set": _spread(compute_validators),
    "validators.updates": _spread(compute_updates),
}
"""Kinds of cases about the consensus validators, and what answers them."""
