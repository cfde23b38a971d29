"""Who is asked."""

import pytest

from chain.epochs.types import Epoch, EpochGroupData, MLNodeInfo, ValidationWeight
from chain.errors import ErrEpochGroupDataNotFound, ErrExecutorNotFound, ErrInvalidModel
from chain.nodes.types import ParticipantStatus
from chain.profiles import DEFAULT
from chain.records import replace
from tests.chain.world import World, node

MODEL = "Qwen/QwQ-32B"


def build(**fields: object) -> World:
    world = World("alice", "bob", **fields)
    world.begin(1)
    world.register_model(MODEL, "qwq")
    world.register_model("idle")
    world.join("alice")
    world.join("bob")
    slots = {"alice": (True, True), "bob": (True, False)}
    members = tuple(
        ValidationWeight(world.address(name), 10, ml_nodes=(MLNodeInfo("n", 0, 10, slots[name]),))
        for name in ("alice", "bob")
    )
    ctx = world.context()
    world.keepers.epochs.set_group(ctx, EpochGroupData(sub_group_models=(MODEL,)))
    world.keepers.epochs.set_group(ctx, EpochGroupData(validation_weights=members, model_id=MODEL))
    return world


def chosen(world: World, model: str = MODEL, exclude: tuple[str, ...] = ()) -> set[str]:
    """Everyone who is drawn for any of forty requests."""
    found = set()
    for at in range(40):
        ctx = world.context()
        participant, model_id = world.keepers.executors.get_random_executor(ctx, model, f"r{at}", exclude)
        assert model_id == MODEL
        found.add(participant.address)
    return found


def test_both_members_are_drawn() -> None:
    world = build()
    assert chosen(world) == {world.address("alice"), world.address("bob")}


def test_an_alternative_finds_the_members_of_its_model() -> None:
    assert len(chosen(build(), "qwq")) == 2


def test_whoever_just_failed_is_left_out() -> None:
    world = build()
    assert chosen(world, exclude=(world.address("alice"),)) == {world.address("bob")}


def test_during_a_proof_of_compute_only_machines_that_keep_serving_are_drawn() -> None:
    world = build()
    world.keepers.epochs.set_epoch(world.context(), Epoch(1, 1))
    assert chosen(world) == {world.address("alice")}


def set_alice(world: World, **fields: object) -> None:
    ctx = world.context()
    alice = world.keepers.nodes.require_participant(ctx, world.address("alice"))
    world.keepers.nodes.set_participant(ctx, replace(alice, **fields))


def test_an_invalid_member_is_left_out() -> None:
    world = build()
    set_alice(world, status=ParticipantStatus.INVALID)
    assert chosen(world) == {world.address("bob")}


def test_an_invalid_member_stays_when_the_parameter_says_so() -> None:
    params = replace(DEFAULT, inference=replace(DEFAULT.inference, exclude_invalid=False))
    world = build(params=params)
    set_alice(world, status=ParticipantStatus.INVALID)
    assert len(chosen(world)) == 2


def test_a_member_without_a_url_cannot_be_asked() -> None:
    world = build()
    set_alice(world, inference_url="")
    assert chosen(world) == {world.address("bob")}


def test_nobody_left_is_told_with_what_is_served() -> None:
    world = build()
    everyone = (world.address("alice"), world.address("bob"))
    with pytest.raises(ErrExecutorNotFound, match=MODEL):
        chosen(world, exclude=everyone)


def test_a_model_that_nobody_serves_is_told_with_what_is_served() -> None:
    with pytest.raises(ErrEpochGroupDataNotFound, match=f"served are: {MODEL}"):
        chosen(build(), "idle")


def test_an_unknown_model_is_told_with_what_is_valid() -> None:
    with pytest.raises(ErrInvalidModel, match=f"{MODEL}, idle"):
        chosen(build(), "gpt-9")


def test_without_a_model_any_member_is_drawn_but_nobody_during_a_proof_of_compute() -> None:
    world = build()
    ctx = world.context()
    parent = world.keepers.epochs.require_effective_group(ctx)
    members = tuple(ValidationWeight(world.address(name), 10) for name in ("alice", "bob"))
    world.keepers.epochs.set_group(ctx, replace(parent, validation_weights=members))
    draw = world.keepers.executors.get_random_executor
    drawn = [draw(ctx, "", f"r{at}") for at in range(40)]
    assert {participant.address for participant, _ in drawn} == {world.address(n) for n in ("alice", "bob")}
    assert {model_id for _, model_id in drawn} == {""}
    world.keepers.epochs.set_epoch(ctx, Epoch(1, 1))
    with pytest.raises(ErrExecutorNotFound):
        draw(ctx, "", "r")


def test_machines_that_mine_are_passed_over_from_the_block_after_p_up_to_the_block_s() -> None:
    """A read of the state after block h is for a request in block h + 1, and that is in the inference phase
    again when it comes after S.
    """
    world = World("alice", "bob", weights={"alice": 1, "bob": 1})
    world.begin(1)
    world.register_model(MODEL)
    machines = {"alice": ("n1", "n2"), "bob": ("n1",)}
    for name, names in machines.items():
        world.join(name, *(node(local_id, MODEL) for local_id in names))
    everyone = {world.address("alice"), world.address("bob")}
    for start in (40, 80):
        for height in range(world.height + 1, start + 1):
            world.begin(height)
            if height > 60:
                assert chosen(world) == everyone, height
        world.begin(start + 1)
        world.seed(*machines)
        for at, (name, names) in enumerate(machines.items()):
            for local_id in names:
                first = 100 * at + 10 * int(local_id[1])
                world.mine(name, local_id, *range(first, first + 5))
        world.begin(start + 13)
        for name in machines:
            for voter in machines:
                world.vote(voter, name)
        while start == 80 and world.height <= 99:
            assert chosen(world) == {world.address("alice")}, "only alice has a machine that keeps serving"
            world.begin(world.height + 1)
        world.begin(start + 20)
        assert chosen(world) == everyone
