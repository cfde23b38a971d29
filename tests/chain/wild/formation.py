"""The formation of every epoch against the obvious model of it, and the choice of executors."""

from fractions import Fraction
from hashlib import sha256
from typing import Any

from chain.app import App
from chain.codec import decode, encode
from chain.context import Context
from chain.epochs.types import EpochGroupData
from chain.fixed import Decimal
from chain.inference.rules import keeps_serving
from chain.machine import Keepers
from chain.nodes.rules import is_active
from chain.nodes.types import ParticipantStatus
from chain.poc.keeper import VALIDATIONS
from chain.queries.types import QueryGetRandomExecutorRequest, QueryGetRandomExecutorResponse
from tests.chain.epochs import reference
from tests.chain.wild.passage import Passage


def find_formation_faults(passage: Passage) -> list[str]:
    """The machine forms what the obvious model forms, and seats no machine that is disabled or serves nothing
    that is governed, and nobody who is INVALID or jailed, unless nobody else was there to be seated again.
    """
    formed = passage.find("epoch_formed")
    if not formed:
        return []
    keepers, index = passage.keepers, int(formed[0]["epoch_index"])
    network = read_network(passage, index)
    expected, active = reference.form(network), keepers.epochs.get_active_participants(passage.after, index)
    found = [
        (
            seat.index,
            seat.weight,
            [
                (model, [(n.node_id, n.poc_weight, n.timeslot_allocation[1]) for n in array.ml_nodes])
                for model, array in zip(seat.models, seat.ml_nodes, strict=True)
            ],
        )
        for seat in (active.participants if active else ())
    ]
    faults = []
    if active is None or {"seats": found, "reseated": active.reseated} != expected:
        faults.append(f"epoch {index} formed {found}, the obvious model {expected} from {network}")
    for address, _, models in found:
        for model, machines in models:
            for machine, *_ in machines:
                if model not in reference.find_models(network, address, machine) and not expected["reseated"]:
                    faults.append(f"{address} {machine} is seated for {model!r} and does not comply")
    barred = [seat[0] for seat in found if _is_barred(keepers, passage.after, seat[0])]
    if barred and len(barred) < len(found):
        faults.append(f"{barred} are INVALID or jailed and have weight")
    return faults


def read_network(passage: Passage, index: int) -> reference.Network:
    """What the formation of an epoch is decided from, in the obvious model's words. Settlement, which comes
    before it in the same block, may have jailed and slashed.
    """
    keepers, ctx = passage.keepers, passage.after
    params = keepers.governance.get_params(passage.staged)
    upcoming = keepers.epochs.get_epoch(ctx, index)
    assert upcoming is not None
    start = upcoming.poc_start_block_height
    parent = keepers.epochs.get_group(passage.staged, index - 1)
    return {
        "epoch": index,
        "terms": {
            "grace": params.collateral.grace_period_end_epoch,
            "ratio": _fraction(params.collateral.base_weight_ratio),
            "unit": _fraction(params.collateral.collateral_per_weight_unit),
            "cap": _fraction(params.power.max_individual_power_percentage),
            "exclude_invalid": params.inference.exclude_invalid,
            "exclude_jailed": params.collateral.exclude_jailed,
            "resolution": params.models.alternative_resolution,
        },
        "models": {model.id: list(model.alternative_models) for model in keepers.models.get_models(ctx)},
        "participants": {
            who.address: {
                "invalid": who.status == ParticipantStatus.INVALID,
                "jailed": keepers.slashing.is_jailed(ctx, who.address),
                "key": bool(who.validator_key),
                "seed": keepers.epochs.get_seed(ctx, index, who.address) is not None,
                "deposit": keepers.deposits.get_deposit(ctx, who.address),
            }
            for who in keepers.nodes.get_participants(ctx)
        },
        "machines": {
            record.participant: {
                node.local_id: {"stopped": not is_active(node), "models": list(node.models)}
                for node in record.hardware_nodes
            }
            for record in keepers.nodes.get_all_hardware(ctx)
        },
        "batches": [
            (batch.participant_address, batch.node_id, batch.batch_id, list(batch.nonces))
            for batch in keepers.poc.get_batches(ctx, start)
        ],
        "votes": {
            (vote.participant_address, vote.validator_participant_address): vote.fraud_detected
            for vote in VALIDATIONS.values(ctx.store, start)
        },
        "members": {m.member_address: m.weight for m in (parent.validation_weights if parent else ())},
        "effective": _read_effective(keepers, passage.staged, index - 1),
    }


def find_executor_faults(app: App, keepers: Keepers, ctx: Context) -> list[str]:
    """Who answers a request follows from the state and the request alone; whoever is INVALID, jailed or has
    no URL is not asked, and during a proof of compute only machines that keep serving are.
    """
    epoch, faults = keepers.epochs.get_effective(ctx).index, []
    in_poc = keepers.epochs.get_upcoming(ctx) is not None
    for group in keepers.epochs.get_groups(ctx, epoch):
        if not group.model_id:
            continue
        request = QueryGetRandomExecutorRequest(group.model_id, f"request {ctx.height}")
        first, again = (app.query("/chain.v1.Query/GetRandomExecutor", encode(request)) for _ in range(2))
        if (first.code, first.value) != (again.code, again.value) or first.reason == "ErrPanic":
            faults.append(f"two answers to one question: {first} and {again}")
        if first.code:
            continue
        told = decode(QueryGetRandomExecutorResponse, first.value)
        if told.model_id != group.model_id:
            continue  # it was retired meanwhile, and its name stands for another model
        chosen = told.executor.address
        member = next((m for m in group.validation_weights if m.member_address == chosen), None)
        record = keepers.nodes.get_participant(ctx, chosen)
        if member is None or record is None or not record.inference_url or _is_barred(keepers, ctx, chosen):
            faults.append(f"{chosen} is asked for {group.model_id!r} and must not be")
        elif in_poc and not keeps_serving(member.ml_nodes):
            faults.append(f"{chosen} is asked for {group.model_id!r} and mines")
        if chosen != draw(keepers, ctx, group, request.request_id, in_poc):
            faults.append(f"{chosen} is asked for {group.model_id!r}, by the page it is another one")
    return faults


def draw(keepers: Keepers, ctx: Context, group: EpochGroupData, request_id: str, in_poc: bool) -> str:
    """Who answers a request, by the page: a number made of the request, laid along the members' weights."""
    line: list[str] = []
    for member in group.validation_weights:
        record = keepers.nodes.get_participant(ctx, member.member_address)
        if record is None or not record.inference_url or _is_barred(keepers, ctx, member.member_address):
            continue
        if not in_poc or any(node.timeslot_allocation[1] for node in member.ml_nodes):
            line += [member.member_address] * member.weight
    digest = sha256(f"{request_id}{group.epoch_index}{group.model_id}".encode()).digest()
    return line[int.from_bytes(digest, "big") % len(line)] if line else ""


def _is_barred(keepers: Keepers, ctx: Context, address: str) -> bool:
    params, record = keepers.governance.get_params(ctx), keepers.nodes.get_participant(ctx, address)
    invalid = record is not None and record.status == ParticipantStatus.INVALID
    jailed = keepers.slashing.is_jailed(ctx, address)
    return (invalid and params.inference.exclude_invalid) or (jailed and params.collateral.exclude_jailed)


def _read_effective(keepers: Keepers, ctx: Context, index: int) -> dict[str, Any]:
    active = keepers.epochs.get_active_participants(ctx, index)
    return {
        seat.index: {
            "weight": seat.weight,
            "models": {
                model: {n.node_id: (n.poc_weight, n.timeslot_allocation[1]) for n in array.ml_nodes}
                for model, array in zip(seat.models, seat.ml_nodes, strict=True)
            },
        }
        for seat in (active.participants if active else ())
    }


def _fraction(number: Decimal) -> Fraction:
    return Fraction(number.value) * Fraction(10) ** number.exponent
