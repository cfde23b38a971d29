"""Golden cases of the formation (slots, collateral, the cap on power), of punishment and of votes."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any as Anything

from chain.collateral import rules as collateral
from chain.epochs import assignment, power
from chain.fixed import Decimal
from chain.models import rules as models
from chain.models.types import Model
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.poc import rules as poc
from chain.proposals import rules as proposals
from chain.proposals.types import Vote, VoteOption
from chain.records import get_fields

Json = Anything


def choose_slots(epoch_index: int, participant: str, model: str, machines: Sequence[str]) -> Json:
    """Which of a participant's machines of one model keep serving through the next proof of compute."""
    chosen = assignment.select_poc_slots(epoch_index, participant, model, machines)
    return [machine for machine in machines if machine in chosen]


def draw_slot_seed(epoch_index: int, participant: str, model: str) -> Json:
    """What the draw of slots begins with, and the first 8 bytes of its SHA-256, big-endian and signed."""
    seed = assignment.build_slot_seed(epoch_index, participant, model)
    return {"seed": seed, "number": int.from_bytes(sha256(seed.encode()).digest()[:8], "big", signed=True)}


def list_eligible(
    participants: Mapping[str, str],
    hardware: Mapping[str, Sequence[Mapping[str, Json]]],
    governed: Mapping[str, Sequence[str]],
    jailed: Sequence[str] = (),
    exclude_invalid: bool = True,
    resolution: str = models.NEAREST,
) -> Json:
    """Every machine with its reason, empty for one that may take part, and the models it supports."""
    owners = [
        Participant(address=name, status=ParticipantStatus[status]) for name, status in participants.items()
    ]
    records = [
        HardwareNodes(owner, tuple(_build_machine(machine) for machine in machines))
        for owner, machines in hardware.items()
    ]
    registry = [Model(id=name, alternative_models=tuple(others)) for name, others in governed.items()]
    resolver = models.build_resolver(registry, resolution)
    found = poc.compute_eligibility(owners, records, resolver, exclude_invalid, jailed).entries
    return [[*key, found[key].reason, list(found[key].models)] for key in sorted(found)]


def _build_machine(machine: Mapping[str, Json]) -> HardwareNode:
    status = HardwareNodeStatus[machine.get("status", "INFERENCE")]
    return HardwareNode(machine["local_id"], status, tuple(machine.get("models", ())))


def weigh_collateral(
    weight: int, deposit: int, ratio: Sequence[int] = (2, -1), unit: Sequence[int] = (1, 0)
) -> Json:
    """The weight that a deposit activates."""
    terms = power.CollateralTerms(Decimal(*ratio), Decimal(*unit))
    return power.compute_collateral_weight(weight, deposit, terms)


def limit_power(weights: Sequence[int], percentage: Sequence[int]) -> Json:
    """The weights under the cap, and their sum."""
    cap = power.compute_power_cap(weights, Decimal(*percentage))
    capped = [weight if cap is None else min(weight, cap) for weight in weights]
    return {"weights": capped, "total": sum(capped)}


def judge_binomial_downtime(inference_count: int, missed: int, min_sample: int = 0) -> Json:
    """Whether so many misses are downtime by the binomial test."""
    return collateral.is_binomial_downtime(inference_count, missed, min_sample)


def count_votes(
    members: Mapping[str, int],
    votes: Mapping[str, str],
    quorum: Sequence[int],
    threshold: Sequence[int],
) -> Json:
    """The count of a vote, whether its deposit comes back, and what becomes of the proposal."""
    cast = [Vote(1, voter, VoteOption[option]) for voter, option in votes.items()]
    tally = proposals.count_votes(members, cast)
    status = proposals.judge_votes(tally, Decimal(*quorum), Decimal(*threshold))
    returned = proposals.has_quorum(tally, Decimal(*quorum))
    return {"tally": get_fields(tally), "deposit_returned": returned, "status": status.name}


def _spread(rule: Callable[..., Json]) -> Callable[[Mapping[str, Json]], Json]:
    return lambda given: rule(**given)


FORMATION_KINDS: Mapping[str, Callable[[Mapping[str, Json]], Json]] = {
    "epochs.slots": _spread(choose_slots),
    "epochs.slot_seed": _spread(draw_slot_seed),
    "poc.eligibility": _spread(list_eligible),
    "epochs.collateral_weight": _spread(weigh_collateral),
    "epochs.power_cap": _spread(limit_power),
    "collateral.downtime_binomial": _spread(judge_binomial_downtime),
    "proposals.votes": _spread(count_votes),
}
"""Kinds of cases about the formation, and what answers them."""
