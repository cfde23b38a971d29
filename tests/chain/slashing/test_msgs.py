"""The jail: who comes into it, what it means, and the way out."""

import pytest

from chain.collateral.keeper import DOWNTIME
from chain.errors import (
    ErrExecutorNotFound,
    ErrInvalidAddress,
    ErrInvalidSigner,
    ErrNotJailed,
    ErrStillJailed,
)
from chain.machine import export_genesis
from chain.nodes.types import CurrentEpochStats
from chain.poc.types import MsgSubmitPocBatch
from chain.records import replace
from chain.slashing.types import Jailing, MsgUnjail
from tests.chain.world import AUTHORITY, UNCAPPED, World, node, reasons

MODEL = "A"
FREE = replace(UNCAPPED, collateral=replace(UNCAPPED.collateral, exclude_jailed=False))


def build(params: object = UNCAPPED) -> World:
    """Three hosts with two machines each."""
    names = ("alice", "bob", "carol")
    world = World(*names, params=params, weights=dict.fromkeys(names, 1))  # type: ignore[arg-type]
    world.begin(1)
    world.register_model(MODEL)
    for name in names:
        world.join(name, node("n1", MODEL), node("n2", MODEL))
    return world


def mine(world: World, start: int, *names: str) -> None:
    """One proof of compute from its second block to its switch; the machines of `names` mine."""
    world.begin(start + 1)
    world.seed(*names)
    for at, name in enumerate(names):
        for machine in ("n1", "n2"):
            nonces = range(10 * at, 10 * at + 10) if machine == "n1" else range(100, 105)
            world.mine(name, machine, *nonces)
    world.begin(start + 13)
    for about in names:
        for voter in members(world):
            world.vote(voter, about)
    world.begin(start + 20)


def members(world: World) -> list[str]:
    """Names of those who are in the epoch in effect."""
    group = world.keepers.epochs.require_effective_group(world.context())
    known = {world.address(name): name for name in world.signers}
    return sorted(known[member.member_address] for member in group.validation_weights)


def jail(world: World, name: str) -> None:
    world.keepers.slashing.set_jailed(world.context(), world.address(name), DOWNTIME)


def unjail(world: World, signer: str, name: str) -> None:
    world.deliver(MsgUnjail(signer, world.address(name)))


class TestDowntime:
    """Downtime jails when many requests were missed."""

    def settle(self, world: World, done: int, missed: int) -> None:
        ctx = world.context()
        alice = world.keepers.nodes.require_participant(ctx, world.address("alice"))
        stats = CurrentEpochStats(inference_count=done, missed_requests=missed)
        alice = replace(alice, current_epoch_stats=stats)
        world.keepers.deposits.check_and_slash_for_downtime(ctx, alice)

    @pytest.mark.parametrize(
        ("done", "missed", "jailed"),
        [(0, 49, False), (0, 50, True), (949, 50, True), (1000, 50, False), (5000, 100, False)],
    )
    def test_fifty_misses_that_are_downtime(self, done: int, missed: int, jailed: bool) -> None:
        world = build()
        self.settle(world, done, missed)
        assert world.keepers.slashing.is_jailed(world.context(), world.address("alice")) is jailed

    def test_0_jails_nobody(self) -> None:
        world = build(replace(UNCAPPED, collateral=replace(UNCAPPED.collateral, jail_missed_requests=0)))
        self.settle(world, 0, 1000)
        assert not world.keepers.slashing.is_jailed(world.context(), world.address("alice"))

    def test_the_binomial_test_when_the_parameter_names_it(self) -> None:
        world = build(replace(UNCAPPED, collateral=replace(UNCAPPED.collateral, downtime_test="binomial")))
        self.settle(world, 438, 61)
        assert not world.keepers.slashing.is_jailed(world.context(), world.address("alice"))
        self.settle(world, 438, 62)
        assert world.keepers.slashing.is_jailed(world.context(), world.address("alice"))


class TestMeaning:
    """Left out of formation and routing, at once and until removed."""

    def test_neither_mined_nor_preserved_machines_count_until_it_is_removed(self) -> None:
        world = build()
        mine(world, 40, "alice", "bob", "carol")
        assert members(world) == ["alice", "bob", "carol"]
        jail(world, "alice")
        mine(world, 80, "bob", "carol")
        assert members(world) == ["bob", "carol"]
        mine(world, 120, "bob", "carol")
        assert members(world) == ["bob", "carol"]
        unjail(world, world.address("alice"), "alice")
        mine(world, 160, "alice", "bob", "carol")
        assert members(world) == ["alice", "bob", "carol"]

    def test_jailed_while_it_mines_it_is_left_out_and_told_why(self) -> None:
        world = build()
        world.begin(41)
        world.seed("alice", "bob")
        world.mine("alice", "n1", 1)
        world.mine("bob", "n1", 2)
        jail(world, "alice")
        world.begin(53)
        for about in ("alice", "bob"):
            world.vote("alice", about)  # its vote still counts
            world.vote("carol", about)
        events = world.begin(60)
        assert members(world) == ["bob"]
        alice = world.address("alice")
        assert reasons(events, "participant_excluded")[(alice,)] == "PARTICIPANT_JAILED"
        assert reasons(events, "node_excluded")[(alice, "n1")] == "PARTICIPANT_JAILED"

    def test_its_machines_are_not_frozen_as_admitted(self) -> None:
        world = build()
        jail(world, "alice")
        world.begin(41)
        with pytest.raises(Exception, match="not admitted") as refusal:
            world.deliver(MsgSubmitPocBatch(world.address("alice"), 40, "b", (1,), (1,), "n1"))
        assert refusal.value.reason == "ErrNodeNotInEpoch"

    def test_it_is_asked_no_more_at_once(self) -> None:
        world = build()
        mine(world, 40, "alice")
        find = world.keepers.executors.get_random_executor
        assert find(world.context(), MODEL, "r")[0].address == world.address("alice")
        jail(world, "alice")
        with pytest.raises(ErrExecutorNotFound):
            find(world.context(), MODEL, "r")

    def test_everyone_jailed_and_nobody_left_seats_everyone_again(self) -> None:
        world = build()
        mine(world, 40, "alice", "bob")
        for name in ("alice", "bob"):
            jail(world, name)
        world.begin(100)
        assert members(world) == ["alice", "bob"]

    def test_the_parameter_makes_it_harmless(self) -> None:
        world = build(FREE)
        jail(world, "alice")
        mine(world, 40, "alice")
        assert members(world) == ["alice"]
        chosen = world.keepers.executors.get_random_executor(world.context(), MODEL, "r")[0]
        assert chosen.address == world.address("alice")
        assert world.keepers.slashing.is_jailed(world.context(), world.address("alice"))


class TestWayOut:
    """The participant when its time is over, the authority at any time, nobody else."""

    @pytest.fixture
    def world(self) -> World:
        world = build()
        mine(world, 40, "alice", "bob", "carol")
        jail(world, "alice")
        return world

    def test_it_sits_out_an_epoch_before_it_may_leave(self, world: World) -> None:
        with pytest.raises(ErrStillJailed, match="from epoch 2 on"):
            unjail(world, world.address("alice"), "alice")
        world.begin(99)
        with pytest.raises(ErrStillJailed):
            unjail(world, world.address("alice"), "alice")
        world.begin(100)
        unjail(world, world.address("alice"), "alice")
        assert not world.keepers.slashing.is_jailed(world.context(), world.address("alice"))

    def test_the_authority_may_at_once(self, world: World) -> None:
        unjail(world, AUTHORITY.address, "alice")
        assert not world.keepers.slashing.is_jailed(world.context(), world.address("alice"))

    def test_nobody_else(self, world: World) -> None:
        world.begin(100)
        with pytest.raises(ErrInvalidSigner):
            unjail(world, world.address("bob"), "alice")

    def test_whoever_is_not_jailed_cannot_leave(self, world: World) -> None:
        with pytest.raises(ErrNotJailed):
            unjail(world, world.address("bob"), "bob")
        with pytest.raises(ErrInvalidAddress):
            world.deliver(MsgUnjail(AUTHORITY.address, "somebody"))

    def test_jailed_again_its_time_starts_anew(self, world: World) -> None:
        world.begin(100)
        jail(world, "alice")
        with pytest.raises(ErrStillJailed, match="from epoch 3 on"):
            unjail(world, world.address("alice"), "alice")

    def test_the_jail_outlives_an_export(self, world: World) -> None:
        document = export_genesis(world.keepers, world.context())
        alice = world.address("alice")
        assert document.jailings == (Jailing(alice, "downtime", 60, 3),)
        again = World("alice", "bob", "carol", params=UNCAPPED)
        again.load(document)
        assert again.keepers.slashing.is_jailed(again.context(), alice)
        assert export_genesis(again.keepers, again.context()) == document
