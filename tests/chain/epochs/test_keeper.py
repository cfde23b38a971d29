"""From registration to an effective epoch, through the rooms themselves."""

import pytest

from chain.epochs.types import EpochPhase, GenesisMember, MsgSubmitSeed
from chain.errors import (
    ErrEpochGroupDataNotFound,
    ErrInvalidRecord,
    ErrPocTooLate,
    ErrSeedNotAccepted,
    ErrUpcomingEpochNotFound,
)
from chain.models.types import MsgRetireModel
from chain.nodes.types import HardwareNodeStatus, ParticipantStatus
from chain.params import MsgUpdateParams
from chain.profiles import DEFAULT
from chain.records import replace
from tests.chain.kit import build_genesis
from tests.chain.world import AUTHORITY, World, node, reasons

MODEL = "Qwen/QwQ-32B"
STOPPED = HardwareNodeStatus.STOPPED


@pytest.fixture
def world() -> World:
    """Three members of epoch 0 with a model and a machine each; alice has two."""
    world = World("alice", "bob", "carol", weights={"alice": 100, "bob": 100, "carol": 100})
    world.begin(1)
    world.register_model(MODEL)
    world.join("alice", node("a1", MODEL), node("a2", MODEL))
    world.join("bob", node("b1", MODEL))
    world.join("carol", node("c1", MODEL))
    return world


def run_poc(world: World, start: int, mined: dict[tuple[str, str], int], voters: tuple[str, ...]) -> list:
    """One proof of compute: seeds of all, nonces per machine, votes of `voters` on every miner, to S + 1."""
    events = world.begin(start + 1)
    world.seed("alice", "bob", "carol")
    first = 0
    for (name, node_id), count in mined.items():
        world.mine(name, node_id, *range(first, first + count))
        first += count
    events += world.begin(start + 13)
    for miner in dict.fromkeys(name for name, _ in mined):
        for voter in voters:
            world.vote(voter, miner)
    return events + world.begin(start + 20)


def nodes_of(world: World, epoch: int, name: str) -> dict[str, int]:
    active = world.keepers.epochs.get_active_participants(world.context(), epoch)
    assert active is not None
    for participant in active.participants:
        if participant.index == world.address(name):
            return {n.node_id: n.poc_weight for array in participant.ml_nodes for n in array.ml_nodes}
    return {}


class TestFirstEpoch:
    """Epoch 0 has the genesis members and no sub-groups; its members vote on the first proof of compute."""

    def test_nobody_serves_a_model_in_epoch_0(self, world: World) -> None:
        with pytest.raises(ErrEpochGroupDataNotFound):
            world.keepers.epochs.require_effective_group(world.context(), MODEL)

    def test_epoch_1_is_formed_at_58_and_takes_effect_at_59(self, world: World) -> None:
        mined = {("alice", "a1"): 6, ("alice", "a2"): 4, ("bob", "b1"): 5, ("carol", "c1"): 3}
        events = run_poc(world, 40, mined, ("alice", "bob", "carol"))
        kinds = [
            event.type for event in events if event.type in ("poc_started", "epoch_formed", "epoch_effective")
        ]
        assert kinds == ["poc_started", "epoch_formed", "epoch_effective"]
        group = world.keepers.epochs.get_effective_group(world.context())
        assert group is not None
        weights = {member.member_address: member.weight for member in group.validation_weights}
        assert weights == {world.address("alice"): 10, world.address("bob"): 5, world.address("carol"): 3}
        assert (group.total_weight, group.sub_group_models) == (18, (MODEL,))
        assert (group.effective_block_height, group.poc_start_block_height) == (59, 40)

    def test_the_sub_group_holds_the_model_as_it_was_at_formation(self, world: World) -> None:
        run_poc(world, 40, {("bob", "b1"): 5}, ("alice", "bob"))
        world.register_model(MODEL, v_ram=99)
        sub = world.keepers.epochs.require_effective_group(world.context(), MODEL)
        assert sub.model_snapshot is not None
        assert sub.model_snapshot.v_ram == 0

    def test_no_majority_no_weight(self, world: World) -> None:
        events = run_poc(world, 40, {("bob", "b1"): 5, ("carol", "c1"): 5}, ("alice",))
        excluded = reasons(events, "participant_excluded")
        assert excluded[(world.address("bob"),)] == "NO_MAJORITY"

    def test_the_epoch_before_ends_one_block_before_the_next_takes_effect(self, world: World) -> None:
        run_poc(world, 40, {("bob", "b1"): 5}, ("alice", "bob"))
        ended = world.keepers.epochs.get_group(world.context(), 0)
        assert ended is not None
        assert ended.last_block_height == 58


class TestPreservedMachines:
    """A machine with POC_SLOT serves on, its nonces do not count, its weight is carried over."""

    @pytest.fixture
    def second(self, world: World) -> tuple[World, str, str]:
        run_poc(world, 40, {("alice", "a1"): 6, ("alice", "a2"): 4, ("bob", "b1"): 5}, ("alice", "bob"))
        group = world.keepers.epochs.require_effective_group(world.context(), MODEL)
        alice = next(m for m in group.validation_weights if m.member_address == world.address("alice"))
        slots = {n.node_id: n.timeslot_allocation for n in alice.ml_nodes}
        kept = [node_id for node_id, slot in slots.items() if slot == (True, True)]
        assert len(kept) == 1
        return world, kept[0], "a2" if kept[0] == "a1" else "a1"

    def test_a_preserved_machine_counts_once_with_its_old_weight(self, second: tuple) -> None:
        world, kept, other = second
        old = nodes_of(world, 1, "alice")[kept]
        run_poc(world, 80, {("alice", kept): 50, ("alice", other): 2, ("bob", "b1"): 5}, ("alice", "bob"))
        assert nodes_of(world, 2, "alice") == {kept: old, other: 2}

    def test_a_stopped_preserved_machine_loses_its_place(self, second: tuple) -> None:
        world, kept, other = second
        world.report("alice", removed=(node(kept, status=STOPPED),))
        events = run_poc(world, 80, {("alice", other): 2, ("bob", "b1"): 5}, ("alice", "bob"))
        assert nodes_of(world, 2, "alice") == {other: 2}
        assert reasons(events, "node_excluded")[(world.address("alice"), kept)] == "NODE_STOPPED"

    def test_a_rejected_miner_keeps_what_was_preserved(self, second: tuple) -> None:
        world, kept, other = second
        old = nodes_of(world, 1, "alice")[kept]
        world.begin(81)
        world.seed("alice", "bob")
        world.mine("alice", other, 1, 2)
        world.mine("bob", "b1", 1, 2)
        world.begin(93)
        world.vote("alice", "bob")
        world.vote("alice", "alice", fraud=True)
        events = world.begin(100)
        assert nodes_of(world, 2, "alice") == {kept: old}
        assert reasons(events, "mining_rejected")[(world.address("alice"),)] == "VOTED_FRAUD"

    def test_without_a_seed_even_a_preserved_machine_is_out(self, second: tuple) -> None:
        world, _, _ = second
        world.begin(81)
        world.seed("bob")
        world.mine("bob", "b1", 1, 2)
        world.begin(93)
        world.vote("alice", "bob")
        events = world.begin(100)
        assert reasons(events, "participant_excluded")[(world.address("alice"),)] == "NO_SEED"


class TestNobodyLeft:
    """When nobody survives the participants of the epoch before are seated again, and the chain goes on."""

    def test_the_members_of_epoch_0_are_seated_again(self, world: World) -> None:
        world.begin(60)
        active = world.keepers.epochs.get_active_participants(world.context(), 1)
        assert active is not None
        assert active.reseated
        assert [entry.weight for entry in active.participants] == [100, 100, 100]
        run_poc(world, 80, {("bob", "b1"): 5}, ("alice", "carol"))
        assert nodes_of(world, 2, "bob") == {"b1": 5}

    def test_everyone_excluded_keeps_the_vote_but_not_the_machines(self, world: World) -> None:
        run_poc(world, 40, {("bob", "b1"): 5, ("carol", "c1"): 3}, ("alice", "bob"))
        world.report("bob", node("b1", MODEL, status=STOPPED))
        events = world.begin(100)
        parent = world.keepers.epochs.require_effective_group(world.context())
        sub = world.keepers.epochs.require_effective_group(world.context(), MODEL)
        assert sorted(member.weight for member in parent.validation_weights) == [3, 5]
        assert [member.member_address for member in sub.validation_weights] == [world.address("carol")]
        formed = [dict(event.attributes) for event in events if event.type == "epoch_formed"]
        assert formed[-1]["reseated"] == "true"

    def test_invalid_participants_are_not_seated_again(self, world: World) -> None:
        run_poc(world, 40, {("bob", "b1"): 5, ("carol", "c1"): 3}, ("alice", "bob"))
        ctx = world.context()
        bob = world.keepers.nodes.require_participant(ctx, world.address("bob"))
        world.keepers.nodes.set_participant(ctx, replace(bob, status=ParticipantStatus.INVALID))
        world.begin(100)
        parent = world.keepers.epochs.require_effective_group(world.context())
        assert [member.member_address for member in parent.validation_weights] == [world.address("carol")]


class TestExclusions:
    """One map decides: an ineligible machine is in no array, whatever it mined."""

    @pytest.mark.parametrize(
        ("status", "reason"), [(STOPPED, "NODE_STOPPED"), (HardwareNodeStatus.FAILED, "NODE_FAILED")]
    )
    def test_a_machine_disabled_before_v_is_out(
        self, world: World, status: HardwareNodeStatus, reason: str
    ) -> None:
        world.begin(41)
        world.seed("alice", "bob", "carol")
        world.mine("alice", "a1", 1, 2, 3)
        world.mine("alice", "a2", 4)
        world.begin(53)
        world.vote("bob", "alice")
        world.vote("carol", "alice")
        world.report("alice", node("a1", MODEL, status=status))
        events = world.begin(60)
        assert nodes_of(world, 1, "alice") == {"a2": 1}
        assert reasons(events, "node_excluded")[(world.address("alice"), "a1")] == reason

    def test_a_retired_model_takes_its_machines_along(self, world: World) -> None:
        world.register_model("other")
        world.report("carol", node("c1", "other"))
        events = run_poc(world, 40, {("bob", "b1"): 5}, ("alice", "bob"))

        world.begin(81)
        world.seed("alice", "bob", "carol")
        world.mine("carol", "c1", 1)
        world.mine("bob", "b1", 1)
        world.begin(93)
        world.vote("bob", "carol")
        world.vote("bob", "bob")
        world.deliver(MsgRetireModel(AUTHORITY.address, "other"))
        events = world.begin(100)
        assert reasons(events, "node_excluded")[(world.address("carol"), "c1")] == "NO_GOVERNANCE_MODEL"
        assert nodes_of(world, 2, "carol") == {}


class TestSeeds:
    """Seeds are accepted for the upcoming epoch, from P + 1 to the exchange deadline."""

    def test_no_seed_before_the_proof_of_compute(self, world: World) -> None:
        world.begin(40)
        with pytest.raises(ErrUpcomingEpochNotFound):
            world.deliver(MsgSubmitSeed(world.address("bob"), 1, "ab" * 64))

    def test_no_seed_after_the_deadline(self, world: World) -> None:
        world.begin(52)
        world.seed("bob")
        world.begin(53)
        with pytest.raises(ErrPocTooLate):
            world.seed("bob")

    @pytest.mark.parametrize(
        ("epoch", "text"),
        [(2, "ab" * 64), (0, "ab" * 64), (1, "xy" * 64), (1, "ab" * 63), (1, "ab" * 65), (1, "")],
    )
    def test_no_seed_for_another_epoch_or_without_64_bytes_in_hex(
        self, world: World, epoch: int, text: str
    ) -> None:
        world.begin(41)
        before = world.digest()
        with pytest.raises(ErrSeedNotAccepted):
            world.deliver(MsgSubmitSeed(world.address("bob"), epoch, text))
        assert world.digest() == before


class TestClock:
    """What the chain tells of itself."""

    @pytest.mark.parametrize(
        ("height", "phase", "effective", "latest"),
        [
            (39, EpochPhase.INFERENCE, 0, 0),
            (40, EpochPhase.POC_GENERATE, 0, 1),
            (48, EpochPhase.POC_GENERATE_WIND_DOWN, 0, 1),
            (52, EpochPhase.POC_VALIDATE, 0, 1),
            (56, EpochPhase.POC_VALIDATE_WIND_DOWN, 0, 1),
            (58, EpochPhase.INFERENCE, 0, 1),
            (59, EpochPhase.INFERENCE, 1, 1),
        ],
    )
    def test_after_each_block(
        self, world: World, height: int, phase: EpochPhase, effective: int, latest: int
    ) -> None:
        world.begin(height)
        world.end_block()
        info = world.keepers.epochs.get_epoch_info(world.context())
        assert (info.phase, info.effective_epoch_index, info.latest_epoch_index) == (phase, effective, latest)


def test_an_export_imported_again_gives_the_same_state(world: World) -> None:
    run_poc(world, 40, {("alice", "a1"): 6, ("alice", "a2"): 4, ("bob", "b1"): 5}, ("alice", "bob"))
    world.begin(90)
    world.end_block()
    before = world.digest()
    world.load(world.export())
    assert world.digest() == before


@pytest.mark.parametrize("weights", [(0, 1), (-5, 1)])
def test_a_genesis_member_has_a_weight(weights: tuple[int, ...]) -> None:
    with pytest.raises(ErrInvalidRecord):
        World("alice", "bob", weights=dict(zip(("alice", "bob"), weights, strict=True)))


def test_a_genesis_member_comes_once() -> None:
    members = (GenesisMember("mesh1a", 1), GenesisMember("mesh1a", 2))
    with pytest.raises(ErrInvalidRecord):
        World("alice").load(build_genesis(AUTHORITY, genesis_members=members))


def test_a_changed_schedule_waits_for_the_next_proof_of_compute(world: World) -> None:
    world.begin(42)
    longer = replace(DEFAULT, epoch=replace(DEFAULT.epoch, epoch_length=60, poc_stage_duration=20))
    world.deliver(MsgUpdateParams(AUTHORITY.address, longer))
    world.begin(60)
    assert world.keepers.epochs.get_effective(world.context()).index == 1
    world.begin(81)
    assert world.upcoming() == (2, 80)
    at = world.keepers.epochs.get_epoch_info(world.context())
    assert (at.generation_end_block_height, at.next_poc_start_block_height) == (100, 140)
