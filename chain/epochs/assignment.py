"""From machines with nonces to participants with models, slots and a weight.

Pure: participants and the eligibility map in, participants out. The order of the steps is the law:

1. `merge_candidates`: preserved machines and mined ones; a machine that is both counts once, with its
   preserved weight.
2. `set_models_for_participants`: ineligible machines go, each other one joins its smallest governance
   model, slots are drawn.
3. `recompute_weights`: a participant weighs what its remaining machines weigh; whoever weighs nothing leaves.

What adjusts weights afterwards (collateral, a cap) takes and returns the same tuple of participants.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from chain.epochs.types import ActiveParticipant, ActiveParticipants, MLNodeInfo, ModelMLNodes
from chain.poc.types import EligibilityMap, Mined
from chain.records import replace

SERVING = (True, False)
"""Slots of a machine that mines in the next proof of compute."""
PRESERVED = (True, True)
"""Slots of a machine that keeps serving through it."""
POC_SLOT = 1
"""Index of POC_SLOT in a machine's slots."""


def has_poc_slot(node: MLNodeInfo) -> bool:
    """Whether a machine keeps serving through the next proof of compute."""
    return len(node.timeslot_allocation) > POC_SLOT and node.timeslot_allocation[POC_SLOT]


def collect_preserved(
    active: ActiveParticipants | None, members: Iterable[str]
) -> dict[str, tuple[MLNodeInfo, ...]]:
    """Machines of an epoch with POC_SLOT, by participant, sorted; members of the parent group only."""
    seated = frozenset(members)
    preserved = {}
    for participant in active.participants if active else ():
        nodes = [node for array in participant.ml_nodes for node in array.ml_nodes if has_poc_slot(node)]
        if nodes and participant.index in seated:
            preserved[participant.index] = tuple(sorted(nodes, key=lambda node: node.node_id))
    return preserved


def merge_candidates(
    preserved: Mapping[str, tuple[MLNodeInfo, ...]], mined: Mapping[str, Mined]
) -> tuple[ActiveParticipant, ...]:
    """Participants with their machines, all in one array: first those with preserved ones, by address,
    then the others. Rejected mining adds nothing.
    """
    accepted = {address: result for address, result in mined.items() if not result.rejection}
    order = [*sorted(preserved), *(address for address in sorted(accepted) if address not in preserved)]
    candidates = []
    for address in order:
        kept = {node.node_id: node for node in preserved.get(address, ())}
        weights = accepted[address].weights if address in accepted else ()
        fresh = [MLNodeInfo(node_id, 0, weight) for node_id, weight in weights if node_id not in kept]
        candidates.append(
            ActiveParticipant(index=address, ml_nodes=(ModelMLNodes((*kept.values(), *fresh)),))
        )
    return tuple(candidates)


def set_models_for_participants(
    participants: Iterable[ActiveParticipant], eligibility: EligibilityMap, epoch_index: int
) -> tuple[ActiveParticipant, ...]:
    """Every eligible machine joins its smallest governance model; n div 2 machines of a model get POC_SLOT.

    Machines that are not eligible are dropped. Afterwards `ml_nodes[i]` holds the machines of `models[i]`,
    models are sorted, machines too, and no machine is listed twice.
    """
    return tuple(_set_models(participant, eligibility, epoch_index) for participant in participants)


def build_slot_seed(epoch_index: int, address: str, model_id: str) -> str:
    """What the draw of a participant's slots of one model begins with."""
    return f"{epoch_index}_{address}_{model_id}"


def select_poc_slots(
    epoch_index: int, address: str, model_id: str, node_ids: Iterable[str]
) -> frozenset[str]:
    """Which of a participant's machines of one model keep serving through the next proof of compute.

    Half of them, rounded down: those with the smallest SHA-256 of "epoch_address_model_node". The order in
    which they are given does not matter.
    """
    seed = build_slot_seed(epoch_index, address, model_id)
    ranked = sorted(node_ids, key=lambda node_id: sha256(f"{seed}_{node_id}".encode()).digest())
    return frozenset(ranked[: len(ranked) // 2])


def recompute_weights(participants: Iterable[ActiveParticipant]) -> tuple[ActiveParticipant, ...]:
    """Participants with the sum of their machines' weights; those that weigh nothing are left out."""
    weighed = (replace(participant, weight=compute_node_weight(participant)) for participant in participants)
    return tuple(participant for participant in weighed if participant.weight > 0)


def compute_node_weight(participant: ActiveParticipant) -> int:
    """Sum of the weights of a participant's machines."""
    return sum(node.poc_weight for array in participant.ml_nodes for node in array.ml_nodes)


def drop_ineligible(participant: ActiveParticipant, eligibility: EligibilityMap) -> ActiveParticipant:
    """A participant without the machines that may not serve their model any more; weight and slots as they
    were.
    """
    arrays = {}
    for model_id, array in zip(participant.models, participant.ml_nodes, strict=True):
        nodes = tuple(
            node for node in array.ml_nodes if _serves(eligibility, participant.index, node.node_id, model_id)
        )
        if nodes:
            arrays[model_id] = ModelMLNodes(nodes)
    return replace(participant, models=tuple(arrays), ml_nodes=tuple(arrays.values()))


def _serves(eligibility: EligibilityMap, address: str, node_id: str, model_id: str) -> bool:
    found = eligibility.find(address, node_id)
    return found.eligible and model_id in found.models


def _set_models(
    participant: ActiveParticipant, eligibility: EligibilityMap, epoch_index: int
) -> ActiveParticipant:
    by_model: dict[str, dict[str, MLNodeInfo]] = {}
    for node in (node for array in participant.ml_nodes for node in array.ml_nodes):
        found = eligibility.find(participant.index, node.node_id)
        if found.eligible:
            by_model.setdefault(found.models[0], {}).setdefault(node.node_id, node)
    models = tuple(sorted(by_model))
    arrays = tuple(_allot_slots(participant.index, model, by_model[model], epoch_index) for model in models)
    return replace(participant, models=models, ml_nodes=arrays)


def _allot_slots(
    address: str, model_id: str, nodes: Mapping[str, MLNodeInfo], epoch_index: int
) -> ModelMLNodes:
    chosen = select_poc_slots(epoch_index, address, model_id, nodes)
    return ModelMLNodes(
        tuple(
            replace(nodes[node_id], timeslot_allocation=PRESERVED if node_id in chosen else SERVING)
            for node_id in sorted(nodes)
        )
    )
