"""Golden cases of the rooms' rules: the arguments of a rule by name in, what it gives out.

Numbers are whole numbers; a fraction is a list of value and exponent.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

from chain.collateral import rules as collateral
from chain.epochs import assignment
from chain.epochs import rules as epochs
from chain.epochs.types import (
    ActiveParticipant,
    Boundaries,
    EpochParams,
    MLNodeInfo,
    ModelMLNodes,
    ValidationWeight,
)
from chain.fixed import Decimal
from chain.inference import rules as inference
from chain.models import msgs as models_msgs
from chain.models import rules as models
from chain.models.types import Model
from chain.nodes import rules as nodes
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant
from chain.poc import admission
from chain.poc import rules as poc
from chain.poc.types import NodeEligibility, PoCBatch, PoCValidation
from chain.records import get_fields, replace

Json = Anything
Entry = Mapping[str, Json]


def compute_boundaries(epoch_index: int, poc_start: int, params: Mapping[str, int]) -> Json:
    """The heights of an epoch."""
    return get_fields(epochs.compute_boundaries(epoch_index, poc_start, EpochParams(**params)))


def describe_heights(
    epoch_index: int, poc_start: int, params: Mapping[str, int], first: int, last: int
) -> Json:
    """What a range of heights means in an epoch; a list of meanings where they differ."""
    at = epochs.compute_boundaries(epoch_index, poc_start, EpochParams(**params))
    meanings = [_describe_height(at, height) for height in range(first, last + 1)]
    return meanings[0] if all(meaning == meanings[0] for meaning in meanings) else meanings


def judge_mined(
    validators: Mapping[str, int],
    votes: Sequence[Sequence[Json]],
    batches: Sequence[Entry],
    registered: bool = True,
    validator_key: str = "key",
) -> Json:
    """What "miner" mined: rejection, weight, weight of each machine. A vote is validator and verdict."""
    handed_in = [replace(PoCBatch(**_tuples(batch)), participant_address="miner") for batch in batches]
    claims = poc.compute_claims(handed_in, {}).get("miner", {})
    participant = Participant(address="miner", validator_key=validator_key) if registered else None
    cast = [PoCValidation("miner", validator, fraud_detected=fraud) for validator, fraud in votes]
    mined = poc.judge_mined(participant, claims, cast, poc.build_electorate(validators), exclude_invalid=True)
    weight = 0 if mined.rejection else sum(weight for _, weight in mined.weights)
    return {"rejection": mined.rejection, "weight": weight, "nodes": dict(mined.weights)}


def assign_models(
    participant: str,
    epoch_index: int,
    governed: Sequence[Entry],
    machines: Sequence[Entry],
    resolution: str = models.NEAREST,
) -> Json:
    """Models, machines, slots and weight of a participant whose machines mined `weight` nonces each."""
    resolver = models.build_resolver(_build_models(governed), resolution)
    hardware = tuple(_build_node(machine) for machine in machines if machine.get("registered", True))
    eligibility = poc.compute_eligibility(
        [Participant(address=participant)], [HardwareNodes(participant, hardware)], resolver, True
    )
    mined = tuple(MLNodeInfo(machine["local_id"], 0, machine["weight"]) for machine in machines)
    candidate = ActiveParticipant(index=participant, ml_nodes=(ModelMLNodes(mined),))
    assigned = assignment.set_models_for_participants((candidate,), eligibility, epoch_index)
    return [_describe_participant(entry) for entry in assignment.recompute_weights(assigned)]


def resolve_model(governed: Sequence[Entry], identifier: str, resolution: str = models.NEAREST) -> Json:
    """The governance model that an identifier stands for, and all that can be reached from it."""
    registry = _build_models(governed)
    resolved = models.build_resolver(registry, resolution).resolve(identifier)
    return {"model": resolved, "reachable": list(models.compute_reachable(registry, identifier))}


def register_alternatives(governed: Sequence[Entry], model: str, alternatives: Sequence[str]) -> Json:
    """The alternatives that are stored when a model is registered with these."""
    collapsed = models.collapse_alternatives(alternatives)
    models_msgs.check_alternatives(_build_models(governed), model, collapsed)
    return list(collapsed)


def admit_node(policy: str, reason: str = "", **facts: Json) -> Json:
    """Whether a machine may hand in nonces. `reason` says why it is not eligible now."""
    known = admission.Facts(
        eligibility=NodeEligibility("miner", "node", not reason, reason),
        in_snapshot=facts.get("in_snapshot", False),
        in_effective_epoch=facts.get("in_effective_epoch", False),
        effective_index=facts.get("effective_index", 1),
        effective_reseated=facts.get("effective_reseated", False),
        last_seen=facts.get("last_seen"),
    )
    admission.refuse_unadmitted(policy, known)
    return "accepted"


def apply_diff(stored: Sequence[Entry], new_or_modified: Sequence[Entry], removed: Sequence[Entry]) -> Json:
    """The machines after a hardware diff, each as local_id and status."""
    lists = (tuple(map(_build_node, entries)) for entries in (stored, new_or_modified, removed))
    return [[node.local_id, node.status.name] for node in nodes.compute_nodes(*lists)]


def judge_downtime(inference_count: int, missed: int, threshold: Sequence[int], min_sample: int = 0) -> Json:
    """Whether so many misses are downtime."""
    return collateral.is_downtime(inference_count, missed, Decimal(*threshold), min_sample)


def slash_entries(entries: Sequence[int], fraction: Sequence[int]) -> Json:
    """What is left of a deposit and of withdrawals, and what is burnt."""
    taken = [collateral.compute_slash(entry, Decimal(*fraction)) for entry in entries]
    left = [entry - part for entry, part in zip(entries, taken, strict=True)]
    return {"left": left, "burnt": sum(taken)}


def choose_executor(
    members: Sequence[Sequence[Json]],
    request_id: str,
    epoch_index: int,
    model: str,
    left_out: Sequence[str] = (),
) -> Json:
    """Who answers a request. A member is address and weight."""
    weights = [ValidationWeight(address, weight) for address, weight in members]
    return inference.select_executor(weights, request_id, epoch_index, model, left_out)


def compute_cost(
    input_price: int, output_price: int, base_price: int, prompt_tokens: int, completion_tokens: int
) -> Json:
    """What tokens of a model with these prices cost."""
    model = Model(coins_per_input_token=input_price, coins_per_output_token=output_price)
    prices = inference.compute_prices(model, base_price)
    return inference.compute_cost(prices, prompt_tokens, completion_tokens)


def _spread(rule: Callable[..., Json]) -> Callable[[Entry], Json]:
    return lambda given: rule(**given)


ROOM_KINDS: Mapping[str, Callable[[Entry], Json]] = {
    "epochs.boundaries": _spread(compute_boundaries),
    "epochs.heights": _spread(describe_heights),
    "epochs.assignment": _spread(assign_models),
    "poc.mined": _spread(judge_mined),
    "poc.admission": _spread(admit_node),
    "models.resolve": _spread(resolve_model),
    "models.register": _spread(register_alternatives),
    "nodes.diff": _spread(apply_diff),
    "collateral.downtime": _spread(judge_downtime),
    "collateral.slash": _spread(slash_entries),
    "inference.executor": _spread(choose_executor),
    "inference.cost": _spread(compute_cost),
}
"""Kinds of cases about the rooms' rules, and what answers them."""


def _describe_height(at: Boundaries, height: int) -> Json:
    return {
        "phase": epochs.compute_phase(at, height).name,
        "batches": epochs.is_batch_height(at, height),
        "votes": epochs.is_vote_height(at, height),
    }


def _describe_participant(participant: ActiveParticipant) -> Json:
    arrays = [array.ml_nodes for array in participant.ml_nodes]
    return {
        "models": list(participant.models),
        "nodes": [[node.node_id for node in array] for array in arrays],
        "poc_slots": [sum(map(assignment.has_poc_slot, array)) for array in arrays],
        "weight": participant.weight,
    }


def _build_models(entries: Sequence[Entry]) -> tuple[Model, ...]:
    return tuple(Model(**_tuples(entry)) for entry in entries)


def _build_node(entry: Entry) -> HardwareNode:
    node = HardwareNode(entry["local_id"], models=tuple(entry.get("models", ())))
    return replace(node, status=HardwareNodeStatus[entry.get("status", "INFERENCE")])


def _tuples(entry: Entry) -> dict[str, Json]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
