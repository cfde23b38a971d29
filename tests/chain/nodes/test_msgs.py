"""What participants say of themselves and their machines."""

from base64 import b64encode

import pytest

from chain.errors import ErrInvalidModel, ErrInvalidRecord, ErrParticipantNotFound, Refusal
from chain.models.types import MsgRetireModel
from chain.nodes.types import (
    CurrentEpochStats,
    Hardware,
    HardwareNode,
    HardwareNodeStatus,
    MsgSubmitHardwareDiff,
    MsgSubmitNewParticipant,
    ParticipantStatus,
)
from chain.records import replace
from tests.chain.world import AUTHORITY, VALIDATOR_KEY, World, node

STOPPED, FAILED = HardwareNodeStatus.STOPPED, HardwareNodeStatus.FAILED


@pytest.fixture
def world() -> World:
    world = World("alice", "bob")
    world.begin(1)
    world.register_model("A", "x")
    world.join("alice")
    return world


def statuses(world: World, name: str = "alice") -> list[tuple[str, str]]:
    hardware = world.keepers.nodes.get_hardware(world.context(), world.address(name))
    assert hardware is not None
    return [(entry.local_id, entry.status.name) for entry in hardware.hardware_nodes]


class TestParticipants:
    """Registering again updates; standing, figures and balance are kept."""

    def test_a_new_participant_is_active_and_owns_nothing(self, world: World) -> None:
        alice = world.keepers.nodes.require_participant(world.context(), world.address("alice"))
        assert (alice.status, alice.weight, alice.coin_balance) == (ParticipantStatus.ACTIVE, -1, 0)
        assert (alice.join_height, alice.index) == (1, alice.address)

    def test_registering_again_keeps_what_was_earned_and_what_was_done(self, world: World) -> None:
        ctx = world.context()
        alice = world.keepers.nodes.require_participant(ctx, world.address("alice"))
        marked = replace(
            alice,
            status=ParticipantStatus.INVALID,
            coin_balance=7,
            current_epoch_stats=CurrentEpochStats(missed_requests=3),
        )
        world.keepers.nodes.set_participant(ctx, marked)
        world.deliver(MsgSubmitNewParticipant(alice.address, "https://new.example", VALIDATOR_KEY))
        now = world.keepers.nodes.require_participant(ctx, alice.address)
        assert now == replace(marked, inference_url="https://new.example")
        assert [event.type for event in world.delivered] == ["participant_updated"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"url": "ftp://example"},
            {"url": "http://"},
            {"url": "http://a b"},
            {"url": "example.com"},
            {"url": "http://" + "a" * 600},
            {"validator_key": "not base64"},
            {"validator_key": b64encode(bytes(31)).decode()},
            {"worker_key": "é"},
        ],
    )
    def test_malformed(self, world: World, fields: dict[str, str]) -> None:
        before = world.digest()
        with pytest.raises(ErrInvalidRecord):
            world.deliver(MsgSubmitNewParticipant(world.address("bob"), **fields))
        assert world.digest() == before


class TestHardwareDiff:
    """A diff is applied wholly or not at all."""

    def test_machines_are_stored_sorted_and_as_declared(self, world: World) -> None:
        world.report("alice", node("n2", "x"), node("n1", "A"))
        assert statuses(world) == [("n1", "INFERENCE"), ("n2", "INFERENCE")]
        stored = world.keepers.nodes.get_node(world.context(), world.address("alice"), "n2")
        assert stored is not None
        assert stored.models == ("x",)

    def test_events_name_what_changed_and_nothing_else(self, world: World) -> None:
        world.report("alice", node("n1", "A"), node("n2", "A"), node("n3", "A"))
        world.report(
            "alice",
            node("n1", "A"),
            node("n2", "A", status=HardwareNodeStatus.POC),
            removed=(node("n3"),),
        )
        told = [(event.type, dict(event.attributes)["node_id"]) for event in world.delivered]
        assert told == [("hardware_removed", "n3"), ("hardware_updated", "n2")]

    def test_a_participant_whose_machines_all_left_has_an_empty_list(self, world: World) -> None:
        world.report("alice", node("n1", "A"))
        world.report("alice", removed=(node("n1"),))
        assert statuses(world) == []

    def test_a_foreign_model_is_refused_with_what_is_valid(self, world: World) -> None:
        world.report("alice", node("n1", "A"))
        before = world.digest()
        with pytest.raises(ErrInvalidModel, match="valid are: A"):
            world.report("alice", node("n2", "A"), node("n3", "B"), removed=(node("n1"),))
        assert world.digest() == before

    @pytest.mark.parametrize("status", [STOPPED, FAILED])
    def test_a_machine_with_a_retired_model_can_still_be_taken_out(
        self, world: World, status: HardwareNodeStatus
    ) -> None:
        world.report("alice", node("n1", "A"))
        world.deliver(MsgRetireModel(AUTHORITY.address, "A"))
        with pytest.raises(ErrInvalidModel):
            world.report("alice", node("n1", "A"))
        world.report("alice", node("n1", "A", status=status))
        assert statuses(world) == [("n1", status.name)]

    def test_a_removed_machine_with_status_stopped_stays_and_is_stopped(self, world: World) -> None:
        world.report("alice", node("n1", "A"))
        world.report("alice", removed=(node("n1", "no such model", status=STOPPED),))
        kept = world.keepers.nodes.get_node(world.context(), world.address("alice"), "n1")
        assert kept is not None
        assert (kept.status, kept.models) == (STOPPED, ("A",))

    def test_the_same_stop_twice_changes_nothing(self, world: World) -> None:
        world.report("alice", node("n1", "A"))
        world.report("alice", removed=(node("n1", status=STOPPED),))
        before = world.digest()
        world.report("alice", removed=(node("n1", status=STOPPED),))
        assert world.digest() == before
        assert world.delivered == []

    def test_who_is_no_participant_has_no_machines(self, world: World) -> None:
        with pytest.raises(ErrParticipantNotFound):
            world.report("bob", node("n1", "A"))

    @pytest.mark.parametrize(
        "bad",
        [
            node("", "A"),
            node("n" * 129, "A"),
            node(" n", "A"),
            node("n\n", "A"),
            node("n", *["A"] * 65),
            node("n", "m" * 257, status=STOPPED),
            replace(node("n", "A"), port="70000"),
            replace(node("n", "A"), port="-1"),
            replace(node("n", "A"), host="h" * 300),
            replace(node("n", "A"), hardware=(Hardware("GPU", 1),) * 65),
        ],
    )
    @pytest.mark.parametrize("removed", [False, True])
    def test_malformed(self, world: World, bad: HardwareNode, removed: bool) -> None:
        lists = ((), (bad,)) if removed else ((bad,), ())
        self.refuses(world, MsgSubmitHardwareDiff(world.address("alice"), *lists), ErrInvalidRecord)

    def test_no_more_machines_than_a_formation_can_bear(self, world: World) -> None:
        many = tuple(node(f"n{at}", "A") for at in range(1001))
        self.refuses(world, MsgSubmitHardwareDiff(world.address("alice"), many), ErrInvalidRecord)

    def refuses(self, world: World, message: object, error: type[Refusal]) -> None:
        before = world.digest()
        with pytest.raises(error):
            world.deliver(message)
        assert world.digest() == before
