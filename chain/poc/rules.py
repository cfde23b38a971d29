"""Who may mine, what a nonce counts, and when the validators' votes accept it."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType

from chain.limits import is_blank
from chain.models.types import Resolver
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.poc.types import (
    Electorate,
    EligibilityMap,
    Mined,
    NodeEligibility,
    PocAdmission,
    PoCBatch,
    PoCValidation,
)

PARTICIPANT_UNKNOWN = "PARTICIPANT_UNKNOWN"
PARTICIPANT_INVALID = "PARTICIPANT_INVALID"
PARTICIPANT_JAILED = "PARTICIPANT_JAILED"
NODE_ID_EMPTY = "NODE_ID_EMPTY"
NODE_UNKNOWN = "NODE_UNKNOWN"
NODE_STOPPED = "NODE_STOPPED"
NODE_FAILED = "NODE_FAILED"
NO_GOVERNANCE_MODEL = "NO_GOVERNANCE_MODEL"

NO_VALIDATION = "NO_VALIDATION"
NO_WEIGHT = "NO_WEIGHT"
NO_VALIDATOR_KEY = "NO_VALIDATOR_KEY"
VOTED_FRAUD = "VOTED_FRAUD"
NO_MAJORITY = "NO_MAJORITY"

NodeKey = tuple[str, str]
"""A machine of the network: its owner's address and its local_id."""


def supported_models_by_node(
    hardware_nodes: Iterable[HardwareNode], resolver: Resolver
) -> dict[str, tuple[str, ...]]:
    """Governance models that each machine supports, by local_id: as declared, resolved, each once, sorted."""
    supported = {}
    for node in hardware_nodes:
        resolved = (resolver.resolve(model) for model in node.models)
        supported[node.local_id] = tuple(sorted(dict.fromkeys(model for model in resolved if model)))
    return supported


def compute_eligibility(
    participants: Iterable[Participant],
    hardware: Iterable[HardwareNodes],
    resolver: Resolver,
    exclude_invalid: bool,
    jailed: Container[str] = (),
) -> EligibilityMap:
    """Who may take part, for every registered machine, in whatever order the records come.

    A machine is eligible when its owner is a participant, not INVALID and not `jailed`, its record is neither
    STOPPED nor FAILED, and it supports at least one governance model. The first of these that fails is the
    reason.
    """
    by_address = {participant.address: participant for participant in participants}
    entries: dict[NodeKey, NodeEligibility] = {}
    for record in sorted(hardware, key=lambda record: record.participant):
        owner = by_address.get(record.participant)
        supported = supported_models_by_node(record.hardware_nodes, resolver)
        for node in record.hardware_nodes:
            models = supported[node.local_id]
            reason = _find_owner_fault(owner, exclude_invalid, jailed) or _find_node_fault(node, models)
            entries[record.participant, node.local_id] = NodeEligibility(
                record.participant, node.local_id, not reason, reason, models
            )
    return EligibilityMap(MappingProxyType(entries), frozenset(by_address))


def build_admissions(eligibility: EligibilityMap) -> tuple[PocAdmission, ...]:
    """The machines that may mine, sorted by participant and machine, each with its smallest model."""
    entries = eligibility.entries
    return tuple(
        PocAdmission(*key, entries[key].models[0]) for key in sorted(entries) if entries[key].eligible
    )


def is_admitted(admissions: Sequence[PocAdmission], participant: str, node_id: str) -> bool:
    """Whether a machine is among admissions, which are sorted."""
    wanted = (participant, node_id)
    at = bisect_left(admissions, wanted, key=lambda entry: (entry.participant, entry.node_id))
    return at < len(admissions) and (admissions[at].participant, admissions[at].node_id) == wanted


def compute_claims(batches: Iterable[PoCBatch], excluded: Mapping[NodeKey, str]) -> dict[str, dict[str, int]]:
    """Distinct nonces of every participant's machines.

    Batches of excluded machines do not count and take no nonce away from others. A nonce counts once per
    participant, for the first batch that holds it, in the order of machine and batch. Machines left without
    a nonce of their own are not listed; participants always are.
    """
    ordered = sorted(batches, key=lambda batch: (batch.participant_address, batch.node_id, batch.batch_id))
    claims: dict[str, dict[str, int]] = {}
    seen: dict[tuple[str, int], None] = {}
    for batch in ordered:
        owner, node_id = batch.participant_address, batch.node_id
        nodes = claims.setdefault(owner, {})
        if (owner, node_id) in excluded:
            continue
        fresh = {(owner, nonce): None for nonce in batch.nonces if (owner, nonce) not in seen}
        seen.update(fresh)
        if fresh:
            nodes[node_id] = nodes.get(node_id, 0) + len(fresh)
    return claims


def build_electorate(validators: Mapping[str, int]) -> Electorate:
    """Who votes: validators with a positive weight. T is the sum of their weights, half of it T div 2."""
    weights = {address: weight for address, weight in validators.items() if weight > 0}
    return Electorate(weights, sum(weights.values()) // 2)


def compute_verdict(electorate: Electorate, votes: Iterable[PoCValidation]) -> str:
    """The reason why votes do not accept a participant's nonces, or nothing.

    Accepted when the weight of those who found no fraud is strictly more than half. Votes of others do not
    count.
    """
    weights, half = electorate.weights, electorate.half
    counted = [vote for vote in votes if vote.validator_participant_address in weights]
    if not counted:
        return NO_VALIDATION
    valid = sum(weights[vote.validator_participant_address] for vote in counted if not vote.fraud_detected)
    invalid = sum(weights[vote.validator_participant_address] for vote in counted if vote.fraud_detected)
    if valid > half:
        return ""
    return VOTED_FRAUD if invalid > half else NO_MAJORITY


def judge_mined(
    participant: Participant | None,
    claims: Mapping[str, int],
    votes: Iterable[PoCValidation],
    electorate: Electorate,
    exclude_invalid: bool,
    jailed: Container[str] = (),
) -> Mined:
    """What a participant mined, and the first reason not to accept it, in the order of the law:

    1. it is a participant, not INVALID and not `jailed`; 2. a current validator voted; 3. it has a nonce that
    counts; 4. it has a consensus key; 5. the votes accept.
    """
    weights = tuple((node_id, claims[node_id]) for node_id in sorted(claims))
    verdict = compute_verdict(electorate, votes)
    rejection = _find_owner_fault(participant, exclude_invalid, jailed)
    if not rejection and verdict == NO_VALIDATION:
        rejection = NO_VALIDATION
    if not rejection and not weights:
        rejection = NO_WEIGHT
    if not rejection and participant is not None and not participant.validator_key:
        rejection = NO_VALIDATOR_KEY
    return Mined(weights, rejection or verdict)


def find_record_fault(hardware: HardwareNodes | None, node_id: str) -> str:
    """Why a machine's record, whoever owns it, keeps it out; empty when nothing does. Its models do not
    matter here.
    """
    nodes = hardware.hardware_nodes if hardware else ()
    node = next((node for node in nodes if node.local_id == node_id), None)
    return NODE_UNKNOWN if node is None else _find_node_fault(node, ("any",))


def _find_owner_fault(owner: Participant | None, exclude_invalid: bool, jailed: Container[str]) -> str:
    if owner is None:
        return PARTICIPANT_UNKNOWN
    if exclude_invalid and owner.status == ParticipantStatus.INVALID:
        return PARTICIPANT_INVALID
    return PARTICIPANT_JAILED if owner.address in jailed else ""


def _find_node_fault(node: HardwareNode, models: tuple[str, ...]) -> str:
    if is_blank(node.local_id):
        return NODE_ID_EMPTY
    if node.status == HardwareNodeStatus.STOPPED:
        return NODE_STOPPED
    if node.status == HardwareNodeStatus.FAILED:
        return NODE_FAILED
    return "" if models else NO_GOVERNANCE_MODEL
