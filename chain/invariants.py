"""What must always be true between blocks: pure functions of a state, each a list of what is wrong, in words,
empty when nothing is.

The chain asks the first when it takes up a genesis document; tests and the simulator ask all of them after
every block. The chain itself never halts on them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from chain.auth.addresses import module_address
from chain.auth.keeper import UNORDERED_NONCES
from chain.bank.invariants import find_bad_balances, find_supply_gaps
from chain.collateral import keeper as collateral
from chain.context import Context
from chain.epochs.types import ActiveParticipant, EpochGroupData
from chain.inference import keeper as inference
from chain.inference.rules import is_finished, is_started
from chain.inference.types import Inference, InferenceStatus
from chain.models.rules import RESOLUTIONS, build_resolver
from chain.params import validate
from chain.proposals import keeper as proposals
from chain.proposals.types import ProposalStatus
from chain.rewards import keeper as rewards
from chain.validation.keeper import DEADLINES
from chain.validation.types import VoteOutcome

if TYPE_CHECKING:
    from chain.machine import Keepers

POC_SLOT = 1
"""Place of the slot that keeps a machine serving through the next proof of compute."""


def find_uncovered(keepers: "Keepers", ctx: Context) -> list[tuple[str, str]]:
    """Rooms that owe more than their module account holds, each with why; empty when all is covered.

    Paying or burning what is not there would stop the machine.
    """
    found = []
    for module, amount in _list_owed(keepers, ctx).items():
        address = module_address(module)
        held = keepers.bank.get_balance(ctx, address)
        if held < amount:
            found.append((module, f"its account {address} holds {held} umesh and owes {amount}"))
    return found


def find_money_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """Balances add up to the supply, and every room holds what it owes. All but inference hold exactly that;
    inference holds more between a debt that was worked off and the settlement that burns it.
    """
    faults = [*find_supply_gaps(ctx.store), *find_bad_balances(ctx.store)]
    for module, amount in _list_owed(keepers, ctx).items():
        held = keepers.bank.get_balance(ctx, module_address(module))
        if held < amount or (held > amount and module != inference.MODULE):
            faults.append(f"{module} holds {held} umesh and owes {amount}")
    return faults


def find_group_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """The groups of the epoch in effect and of the upcoming one say the same as the list of participants:
    the parent has everyone, a model's group whoever serves the model, and nobody is in only one of them.
    """
    effective = keepers.epochs.get_effective(ctx).index
    faults = []
    for index in (effective, effective + 1):
        active = keepers.epochs.get_active_participants(ctx, index)
        if active is not None:
            groups = {group.model_id: group for group in keepers.epochs.get_groups(ctx, index)}
            found = _find_faults_of_groups(groups, active.participants, active.reseated)
            faults += [f"epoch {index}: {fault}" for fault in found]
    parent = keepers.epochs.get_group(ctx, effective)
    if effective > 0 and (parent is None or parent.total_weight < 1):
        faults.append(f"epoch {effective} is in effect and nobody has weight: the chain is dead")
    return faults


def find_model_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """No alternative leads back to itself, none has two owners, and what a name stands for does not depend on
    the order in which models were registered.
    """
    models = tuple(keepers.models.get_models(ctx))
    owners: dict[str, str] = {}
    faults = []
    for model in models:
        for name in model.alternative_models:
            if name in owners:
                faults.append(f"{name!r} is an alternative of {owners[name]!r} and of {model.id!r}")
            owners.setdefault(name, model.id)
    for name in owners:
        at, passed = name, 0
        while at in owners and passed <= len(owners):
            at, passed = owners[at], passed + 1
        if passed > len(owners):
            faults.append(f"alternative {name!r} leads back to itself")
    names = sorted(dict.fromkeys([*owners, *(model.id for model in models)]))
    for resolution in RESOLUTIONS:
        forth, back = build_resolver(models, resolution), build_resolver(models[::-1], resolution)
        differing = [name for name in names if forth.resolve(name) != back.resolve(name)]
        faults += [f"what {name!r} stands for depends on the order of models" for name in differing]
    return faults


def find_inference_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """Every inference is exactly one of: waiting for its answer, waiting for its start, answered, under vote,
    found valid, found wrong, or expired; and what belongs to that state is there and nothing else.
    """
    due: dict[str, list[int]] = {}
    faults = []
    for key, _ in inference.TIMEOUTS.items(ctx.store):
        due.setdefault(str(key[1]), []).append(int(key[0]))
        if int(key[0]) <= ctx.height:
            faults.append(f"the time limit {key[0]} of inference {key[1]} has passed")
    open_votes = {str(key[1]): int(key[0]) for key, _ in DEADLINES.items(ctx.store)}
    for record in keepers.inferences.get_inferences(ctx):
        fault = _find_inference_fault(record, due.get(record.inference_id, []))
        fault = fault or _find_vote_fault(keepers, ctx, record, open_votes)
        if fault:
            faults.append(f"inference {record.inference_id}, {record.status.name}: {fault}")
    return faults


def find_proposal_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """Open proposals wait for their end and no other has votes or an end to wait for."""
    waiting = {int(key[1]): int(key[0]) for key, _ in proposals.OPEN.items(ctx.store)}
    faults = []
    for proposal in proposals.PROPOSALS.values(ctx.store):
        is_open = proposal.status == ProposalStatus.VOTING
        end = waiting.pop(proposal.id, None)
        if is_open != (end == proposal.voting_end_block_height):
            faults.append(f"proposal {proposal.id} is {proposal.status.name} and waits for {end}")
        if is_open and proposal.voting_end_block_height <= ctx.height:
            faults.append(f"proposal {proposal.id} should have ended at {proposal.voting_end_block_height}")
        if not is_open and any(True for _ in keepers.proposals.get_votes(ctx, proposal.id)):
            faults.append(f"proposal {proposal.id} is {proposal.status.name} and still has votes")
        if proposal.id >= keepers.proposals.get_next_id(ctx):
            faults.append(f"the number of proposal {proposal.id} will be given again")
    return [*faults, *(f"proposal {number} is open and does not exist" for number in waiting)]


def find_nonce_faults(_keepers: "Keepers", ctx: Context) -> list[str]:
    """Unordered transactions whose time is over are forgotten."""
    late = [key for key, _ in UNORDERED_NONCES.items_before(ctx.store, ctx.time_ns + 1)]
    return [f"the unordered transaction {key[0]} of {key[1]} is still remembered" for key in late]


def find_param_faults(keepers: "Keepers", ctx: Context) -> list[str]:
    """The parameters in effect are valid."""
    return validate(keepers.governance.get_params(ctx))


INVARIANTS: Mapping[str, Callable[["Keepers", Context], list[str]]] = {
    "money": find_money_faults,
    "groups": find_group_faults,
    "models": find_model_faults,
    "inferences": find_inference_faults,
    "proposals": find_proposal_faults,
    "nonces": find_nonce_faults,
    "params": find_param_faults,
}
"""All invariants of a state between blocks, by name."""


def _list_owed(keepers: "Keepers", ctx: Context) -> dict[str, int]:
    return {
        collateral.MODULE: keepers.deposits.get_owed(ctx),
        inference.MODULE: keepers.inferences.get_owed(ctx) + keepers.rewards.get_owed_work(ctx),
        rewards.MODULE: keepers.rewards.get_owed_rewards(ctx),
        proposals.MODULE: keepers.proposals.get_owed(ctx),
    }


def _find_faults_of_groups(
    groups: Mapping[str, EpochGroupData], seats: Iterable[ActiveParticipant], reseated: bool
) -> list[str]:
    parent, subgroups = groups[""], {model: group for model, group in groups.items() if model}
    members = {member.member_address: member.weight for member in parent.validation_weights}
    faults = []
    if members != {seat.index: seat.weight for seat in seats}:
        faults.append("the parent group is not the list of participants")
    if sorted(parent.sub_group_models) != sorted(subgroups):
        faults.append(f"the parent names {parent.sub_group_models}, there are {sorted(subgroups)}")
    for group in groups.values():
        if group.total_weight != sum(member.weight for member in group.validation_weights):
            faults.append(f"the total weight of group {group.model_id!r} is not the sum of its members'")
        strangers = [m.member_address for m in group.validation_weights if m.member_address not in members]
        faults += [f"{name} is in group {group.model_id!r} and not in the parent" for name in strangers]
    for seat in seats:
        faults += _find_seat_faults(seat, subgroups, reseated)
    return faults


def _find_seat_faults(
    seat: ActiveParticipant, subgroups: Mapping[str, EpochGroupData], reseated: bool
) -> list[str]:
    served = {
        model: member
        for model, group in subgroups.items()
        for member in group.validation_weights
        if member.member_address == seat.index
    }
    faults = []
    if sorted(served) != sorted(seat.models) or len(seat.models) != len(seat.ml_nodes):
        faults.append(f"{seat.index} serves {seat.models} and is in the groups {sorted(served)}")
        return faults
    if not served and not reseated:
        faults.append(f"{seat.index} is in the parent group and in no other")
    machines = [node for array in seat.ml_nodes for node in array.ml_nodes]
    if len(dict.fromkeys(node.node_id for node in machines)) != len(machines):
        faults.append(f"a machine of {seat.index} comes twice")
    for model, array in zip(seat.models, seat.ml_nodes, strict=True):
        if served[model].ml_nodes != array.ml_nodes or served[model].weight != seat.weight:
            faults.append(f"the group of {model!r} and the list of participants differ on {seat.index}")
        kept = sum(node.timeslot_allocation[POC_SLOT] for node in array.ml_nodes)
        if not reseated and kept != len(array.ml_nodes) // 2:
            faults.append(f"{kept} of {len(array.ml_nodes)} machines of {seat.index} keep serving {model!r}")
    mined = sum(node.poc_weight for node in machines)
    if not reseated and not 0 < seat.weight <= mined:
        faults.append(f"{seat.index} weighs {seat.weight}, its machines {mined}")
    return faults


def _find_inference_fault(record: Inference, limits: list[int]) -> str:
    begun, answered = is_started(record), is_finished(record)
    if record.status == InferenceStatus.STARTED:
        if not begun or answered or len(limits) != 1:
            return f"started: {begun}, answered: {answered}, time limits: {limits}"
    elif record.status == InferenceStatus.EXPIRED:
        if not begun or answered or limits or record.actual_cost:
            return f"started: {begun}, answered: {answered}, time limits: {limits}"
    elif record.status == InferenceStatus.FINISHED and not begun:
        if not answered or record.escrow_amount or limits:
            return f"not started, with an escrow of {record.escrow_amount} and time limits {limits}"
    elif not (begun and answered) or record.actual_cost > record.escrow_amount:
        return f"it cost {record.actual_cost} of {record.escrow_amount}"
    return ""


def _find_vote_fault(
    keepers: "Keepers", ctx: Context, record: Inference, open_votes: Mapping[str, int]
) -> str:
    name = record.inference_id
    is_paid = is_started(record) and is_finished(record)
    if is_paid != (keepers.inferences.get_details(ctx, record.epoch_id, name) is not None):
        return "it is both started and answered, and what validation needs is not there, or the reverse"
    vote, end = keepers.validations.get_vote(ctx, name), open_votes.get(name)
    outcome = None if vote is None else vote.outcome
    if (record.status == InferenceStatus.VOTING) != (outcome == VoteOutcome.OPEN):
        return f"its vote is {outcome}"
    if (end is None) == (outcome == VoteOutcome.OPEN) or (end is not None and end <= ctx.height):
        return f"its vote is {outcome} and ends at {end}"
    if (record.status == InferenceStatus.INVALIDATED) != (outcome == VoteOutcome.INVALIDATED):
        return f"its vote ended {outcome}"
    return ""
