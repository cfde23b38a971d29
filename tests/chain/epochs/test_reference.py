"""The machine's formation against the obvious one, over random networks.

`MESHKEEPER_REFERENCE_NETWORKS` says how many (500 when it is not set).
"""

import os
import random
from fractions import Fraction
from typing import Any

import pytest

from chain.bank.types import Coin
from chain.block import Header
from chain.collateral.keeper import DEPOSITS
from chain.collateral.types import Collateral
from chain.context import Context
from chain.epochs.types import (
    ActiveParticipant,
    ActiveParticipants,
    Epoch,
    EpochGroupData,
    MLNodeInfo,
    ModelMLNodes,
    PowerParams,
    RandomSeed,
    ValidationWeight,
)
from chain.fixed import Decimal
from chain.governance import PARAMS
from chain.machine import build_keepers
from chain.models.types import Model, ModelParams
from chain.nodes.types import HardwareNode, HardwareNodes, HardwareNodeStatus, Participant, ParticipantStatus
from chain.poc.types import PoCBatch, PoCValidation
from chain.profiles import DEFAULT
from chain.records import replace
from chain.slashing.keeper import JAILED
from chain.slashing.types import Jailing
from chain.store import Store
from tests.chain.epochs import reference
from tests.chain.epochs.reference import Network

COUNT = int(os.environ.get("MESHKEEPER_REFERENCE_NETWORKS", "500"))
BATCH = 100
START = 1000
MODELS = ("A", "B", "C", "D")
NAMES = (*MODELS, "x", "y", "z")
KEEPERS = build_keepers()


def draw_network(chance: random.Random) -> Network:
    """Anything that a state may hold, strange things included."""
    addresses = [f"mesh{at}" for at in range(chance.randint(1, 6))]
    members = {address: chance.choice((1, 5, 5, 50)) for address in addresses if chance.random() < 0.8}
    members = members or {addresses[0]: 1}
    epoch = chance.randint(1, 3)
    return {
        "epoch": epoch,
        "terms": draw_terms(chance),
        "models": draw_models(chance),
        "participants": {
            address: {
                "invalid": chance.random() < 0.1,
                "jailed": chance.random() < 0.1,
                "key": chance.random() < 0.95,
                "seed": chance.random() < 0.9,
                "deposit": chance.choice((0, 1, 3, 10, 1000)),
            }
            for address in addresses
            if chance.random() < 0.95
        },
        "machines": {address: draw_machines(chance) for address in addresses if chance.random() < 0.95},
        "batches": draw_batches(chance, addresses),
        "votes": {
            (miner, validator): chance.random() < 0.1
            for miner in addresses
            for validator in addresses
            if chance.random() < 0.85
        },
        "members": members,
        "effective": draw_effective(chance, members) if epoch > 1 else {},
    }


def draw_terms(chance: random.Random) -> dict[str, Any]:
    return {
        "grace": chance.choice((0, 0, 2, 9)),
        "ratio": Fraction(chance.choice((0, 20, 33, 100)), 100),
        "unit": Fraction(chance.choice((0, 1, 3, 7, 1000)), chance.choice((1, 10, 1000))),
        "cap": Fraction(chance.choice((0, 10, 25, 30, 45, 100)), 100),
        "exclude_invalid": chance.random() < 0.9,
        "exclude_jailed": chance.random() < 0.9,
        "resolution": chance.choice(("nearest", "terminal")),
    }


def draw_models(chance: random.Random) -> dict[str, list[str]]:
    """Every edge leads to a smaller name, so that no chain bites its tail; one name may have two owners."""
    governed = [model for model in MODELS if chance.random() < 0.7] or ["A"]
    return {model: [name for name in NAMES if name > model and chance.random() < 0.25] for model in governed}


def draw_machines(chance: random.Random) -> dict[str, dict[str, Any]]:
    return {
        f"n{at}": {
            "stopped": chance.random() < 0.1,
            "models": [name for name in NAMES if chance.random() < 0.35],
        }
        for at in range(chance.randint(0, 5))
    }


def draw_batches(chance: random.Random, addresses: list[str]) -> list[tuple[str, str, str, list[int]]]:
    batches = []
    for address in addresses:
        for at in range(6):
            for batch in ("b1", "b2"):
                if chance.random() < 0.5:
                    nonces = chance.sample(range(60), chance.randint(1, 12))
                    batches.append((address, f"n{at}", batch, nonces))
    return batches


def draw_effective(chance: random.Random, members: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Mostly the members, sometimes somebody who is none any more."""
    effective = {}
    for address in [*members, *(["mesh9"] if chance.random() < 0.2 else [])]:
        models: dict[str, dict[str, tuple[int, bool]]] = {}
        for at in range(chance.randint(0, 4)):
            machines = models.setdefault(chance.choice(MODELS), {})
            machines[f"n{at}"] = (chance.randint(1, 40), chance.random() < 0.5)
        ordered = {model: models[model] for model in sorted(models)}
        effective[address] = {"weight": members.get(address, 5), "models": ordered}
    return effective


def lay_out(network: Network) -> Context:
    """The same network as a state of the machine at the end of validation."""
    ctx = Context(Header("reference", START + 18, 0), Store())
    PARAMS.set(ctx.store, build_params(network["terms"]))
    for model, alternatives in network["models"].items():
        KEEPERS.models.set_model(ctx, Model(id=model, alternative_models=tuple(alternatives)))
    for address, participant in network["participants"].items():
        lay_out_participant(ctx, network["epoch"], address, participant)
    for address, machines in network["machines"].items():
        KEEPERS.nodes.set_hardware(ctx, HardwareNodes(address, build_hardware(machines)))
    for address, machine, batch, nonces in network["batches"]:
        KEEPERS.poc.set_batch(
            ctx, PoCBatch(address, START, START + 1, tuple(nonces), (0,) * len(nonces), batch, machine)
        )
    for (miner, validator), fraud in network["votes"].items():
        KEEPERS.poc.set_validation(ctx, PoCValidation(miner, validator, START, fraud_detected=fraud))
    lay_out_epochs(ctx, network)
    return ctx


def build_params(terms: dict[str, Any]) -> Any:
    return replace(
        DEFAULT,
        inference=replace(DEFAULT.inference, exclude_invalid=terms["exclude_invalid"]),
        collateral=replace(
            DEFAULT.collateral,
            exclude_jailed=terms["exclude_jailed"],
            grace_period_end_epoch=terms["grace"],
            base_weight_ratio=Decimal(int(terms["ratio"] * 100), -2),
            collateral_per_weight_unit=Decimal(int(terms["unit"] * 1000), -3),
        ),
        models=ModelParams(terms["resolution"]),
        power=PowerParams(Decimal(int(terms["cap"] * 100), -2)),
    )


def lay_out_participant(ctx: Context, epoch: int, address: str, participant: dict[str, Any]) -> None:
    status = ParticipantStatus.INVALID if participant["invalid"] else ParticipantStatus.ACTIVE
    key = "key" if participant["key"] else ""
    record = Participant(index=address, address=address, status=status, validator_key=key)
    KEEPERS.nodes.set_participant(ctx, record)
    if participant["jailed"]:
        JAILED.set(ctx.store, Jailing(address), address)
    if participant["seed"]:
        KEEPERS.epochs.set_seed(ctx, RandomSeed(address, epoch, "seed"))
    if participant["deposit"]:
        amount = Coin("umesh", str(participant["deposit"]))
        DEPOSITS.set(ctx.store, Collateral(address, amount), address)


def build_hardware(machines: dict[str, dict[str, Any]]) -> tuple[HardwareNode, ...]:
    return tuple(
        HardwareNode(
            machine,
            HardwareNodeStatus.STOPPED if record["stopped"] else HardwareNodeStatus.INFERENCE,
            tuple(record["models"]),
        )
        for machine, record in machines.items()
    )


def lay_out_epochs(ctx: Context, network: Network) -> None:
    epochs, before = KEEPERS.epochs, network["epoch"] - 1
    epochs.set_epoch(ctx, Epoch(before, 0))
    epochs.set_epoch(ctx, Epoch(network["epoch"], START))
    epochs.set_effective(ctx, before)
    members = tuple(ValidationWeight(address, weight) for address, weight in network["members"].items())
    epochs.set_group(ctx, EpochGroupData(validation_weights=members, epoch_index=before))
    if network["effective"]:
        seats = tuple(
            build_seat(address, entry["weight"], [(m, list(n.items())) for m, n in entry["models"].items()])
            for address, entry in network["effective"].items()
        )
        epochs.set_active_participants(ctx, ActiveParticipants(seats, epoch_id=before))


def build_seat(address: str, weight: int, models: list[Any]) -> ActiveParticipant:
    arrays = tuple(
        ModelMLNodes(tuple(MLNodeInfo(machine, 0, own, (True, keeps)) for machine, (own, keeps) in machines))
        for _, machines in models
    )
    return ActiveParticipant(address, weight=weight, models=tuple(m for m, _ in models), ml_nodes=arrays)


def read_formed(ctx: Context, network: Network) -> dict[str, Any]:
    """What the machine made of it, in the reference's words."""
    active = KEEPERS.epochs.get_active_participants(ctx, network["epoch"])
    assert active is not None
    seats = [
        (
            entry.index,
            entry.weight,
            [
                (model, [(n.node_id, n.poc_weight, n.timeslot_allocation[1]) for n in array.ml_nodes])
                for model, array in zip(entry.models, entry.ml_nodes, strict=True)
            ],
        )
        for entry in active.participants
    ]
    return {"seats": seats, "reseated": active.reseated}


def read_groups(ctx: Context, network: Network) -> dict[str, list[Any]]:
    """Members of every group: address, weight, machines."""
    return {
        group.model_id: [
            (member.member_address, member.weight, [node.node_id for node in member.ml_nodes])
            for member in group.validation_weights
        ]
        for group in KEEPERS.epochs.get_groups(ctx, network["epoch"])
    }


def expect_groups(seats: list[Any]) -> dict[str, list[Any]]:
    """The parent has everyone and no machines, a model's group whoever serves it, with the whole weight."""
    groups: dict[str, list[Any]] = {"": [(address, weight, []) for address, weight, _ in seats]}
    for address, weight, models in seats:
        for model, machines in models:
            groups.setdefault(model, []).append((address, weight, [machine for machine, _, _ in machines]))
    return groups


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_the_machine_forms_what_the_reference_forms(first: int) -> None:
    for number in range(first, min(first + BATCH, COUNT)):
        network = draw_network(random.Random(number))
        ctx = lay_out(network)
        KEEPERS.formation.process_formation(ctx, Epoch(network["epoch"], START))
        expected = reference.form(network)
        assert read_formed(ctx, network) == expected, f"network {number}: {network}"
        assert read_groups(ctx, network) == expect_groups(expected["seats"]), f"network {number}"


def test_the_networks_show_what_they_are_meant_to_show() -> None:
    outcomes = [reference.form(draw_network(random.Random(number))) for number in range(200)]
    assert {outcome["reseated"] for outcome in outcomes} == {True, False}
    slots = [keeps for o in outcomes for s in o["seats"] for _, ms in s[2] for _, _, keeps in ms]
    assert 100 < sum(slots) < len(slots) - 100
    assert sum(len(outcome["seats"]) > 2 for outcome in outcomes) > 30
