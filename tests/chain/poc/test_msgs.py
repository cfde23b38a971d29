"""Nonces and votes: who may hand them in, and when."""

import pytest

from chain.errors import (
    ErrInvalidSigner,
    ErrNodeDisabled,
    ErrNodeNotInEpoch,
    ErrPocAddressInvalid,
    ErrPocNodeIdEmpty,
    ErrPocNonceNotAccepted,
    ErrPocTooLate,
    ErrPocWrongStartBlockHeight,
    ErrUpcomingEpochNotFound,
    Refusal,
)
from chain.fixed import Decimal
from chain.nodes.types import HardwareNodeStatus, ParticipantStatus
from chain.params import Params
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.profiles import DEFAULT
from chain.records import replace
from tests.chain.world import World, node

STOPPED = HardwareNodeStatus.STOPPED


def with_policy(policy: str) -> Params:
    return replace(DEFAULT, poc=replace(DEFAULT.poc, poc_admission=policy))


def build(policy: str = "snapshot") -> World:
    """alice and bob vote; both have a machine with the model A. Height 41, the first for nonces."""
    world = World("alice", "bob", "carol", weights={"alice": 10, "bob": 10}, params=with_policy(policy))
    world.begin(1)
    world.register_model("A", "x")
    world.join("alice", node("a1", "A"))
    world.join("bob", node("b1", "x"))
    world.begin(41)
    return world


@pytest.fixture
def world() -> World:
    return build()


def batch(world: World, **fields: object) -> MsgSubmitPocBatch:
    return replace(MsgSubmitPocBatch(world.address("alice"), 40, "b1", (1, 2), (5, 6), "a1"), **fields)


def refuses(world: World, message: object, error: type[Refusal]) -> None:
    before = world.digest()
    with pytest.raises(error):
        world.deliver(message)
    assert world.digest() == before


class TestAdmissions:
    """Who may mine is frozen at the end of the first block, with the model to mine with."""

    def test_every_registered_machine_with_a_governed_model(self, world: World) -> None:
        frozen = world.keepers.poc.get_admissions(world.context(), 1)
        assert frozen is not None
        named = [(entry.participant, entry.node_id, entry.model_id) for entry in frozen.admissions]
        expected = [(world.address("alice"), "a1", "A"), (world.address("bob"), "b1", "A")]
        assert named == sorted(expected)

    def test_registering_in_the_block_of_the_start_is_in_time(self) -> None:
        world = World("alice", weights={"alice": 1})
        world.begin(40)
        world.register_model("A")
        world.join("alice", node("late", "A"))
        world.begin(41)
        world.mine("alice", "late", 1)
        assert len(world.keepers.poc.get_batches(world.context(), 40)) == 1

    def test_registering_one_block_later_is_not(self, world: World) -> None:
        world.report("alice", node("a2", "A"))
        refuses(world, batch(world, node_id="a2"), ErrNodeNotInEpoch)


class TestBatches:
    """The checks of a batch, in their order."""

    def test_a_batch_is_stored_with_its_machine(self, world: World) -> None:
        world.deliver(batch(world))
        (stored,) = world.keepers.poc.get_batches(world.context(), 40)
        assert (stored.node_id, stored.nonces, stored.received_at_block_height) == ("a1", (1, 2), 41)

    def test_machines_do_not_overwrite_each_others_batches(self, world: World) -> None:
        world.report("alice", node("a1", "A"))
        world.deliver(batch(world))
        world.deliver(batch(world, creator=world.address("bob"), node_id="b1"))
        assert len(world.keepers.poc.get_batches(world.context(), 40)) == 2

    def test_the_same_batch_again_replaces_the_first(self, world: World) -> None:
        world.deliver(batch(world))
        world.deliver(batch(world, nonces=(9,), dist_micro=(1,)))
        (stored,) = world.keepers.poc.get_batches(world.context(), 40)
        assert stored.nonces == (9,)

    @pytest.mark.parametrize("node_id", ["", " ", "\t"])
    def test_the_machine_must_be_named_before_anything_else(self, world: World, node_id: str) -> None:
        world.begin(60)
        refuses(world, batch(world, node_id=node_id), ErrPocNodeIdEmpty)

    @pytest.mark.parametrize("height", [39, 40, 60, 79])
    def test_without_a_proof_of_compute_there_is_nothing_to_hand_in(self, height: int) -> None:
        world = World("alice", weights={"alice": 1})
        world.begin(height)
        refuses(world, batch(world), ErrUpcomingEpochNotFound)

    def test_another_start_comes_before_the_window(self, world: World) -> None:
        world.begin(53)
        refuses(world, batch(world, poc_stage_start_block_height=41), ErrPocWrongStartBlockHeight)

    def test_the_last_block_of_the_exchange_is_in_time(self, world: World) -> None:
        world.begin(52)
        world.deliver(batch(world))
        world.begin(53)
        refuses(world, batch(world, batch_id="b2"), ErrPocTooLate)

    def test_the_window_comes_before_admission(self, world: World) -> None:
        world.begin(53)
        refuses(world, batch(world, node_id="nobody's"), ErrPocTooLate)

    @pytest.mark.parametrize("node_id", ["b1", "A1", "a1 ", "a\0", "n" * 200])
    def test_unknown_and_foreign_machines(self, world: World, node_id: str) -> None:
        refuses(world, batch(world, node_id=node_id), ErrNodeNotInEpoch)

    def test_a_stranger(self, world: World) -> None:
        refuses(world, batch(world, creator=world.address("carol")), ErrNodeNotInEpoch)

    @pytest.mark.parametrize("status", [STOPPED, HardwareNodeStatus.FAILED])
    def test_a_machine_disabled_after_the_start(self, world: World, status: HardwareNodeStatus) -> None:
        world.report("alice", node("a1", "A", status=status))
        refuses(world, batch(world), ErrNodeDisabled)

    @pytest.mark.parametrize("policy", ["literal", "open"])
    def test_a_failed_machine_is_disabled_whatever_its_owner_has_become(self, policy: str) -> None:
        world = build(policy)
        world.report("alice", node("a1", "A", status=HardwareNodeStatus.FAILED))
        ctx = world.context()
        alice = world.keepers.nodes.require_participant(ctx, world.address("alice"))
        world.keepers.nodes.set_participant(ctx, replace(alice, status=ParticipantStatus.INVALID))
        refuses(world, batch(world), ErrNodeDisabled)

    def test_a_machine_removed_after_the_start(self, world: World) -> None:
        world.report("alice", removed=(node("a1"),))
        refuses(world, batch(world), ErrNodeDisabled)

    @pytest.mark.parametrize("policy", ["literal", "joiner", "registry", "open"])
    def test_in_epoch_0_every_policy_lets_a_registered_machine_in(self, policy: str) -> None:
        world = build(policy)
        world.deliver(batch(world))
        assert len(world.keepers.poc.get_batches(world.context(), 40)) == 1

    @pytest.mark.parametrize(
        ("policy", "error"), [("literal", ErrNodeNotInEpoch), ("joiner", None), ("registry", None)]
    )
    def test_a_newcomer_in_a_later_epoch(self, policy: str, error: type[Refusal] | None) -> None:
        world = build(policy)
        world.seed("alice", "bob")
        world.deliver(batch(world))
        world.begin(53)
        world.vote("alice", "alice")
        world.vote("bob", "alice")
        world.begin(81)
        world.join("carol", node("c1", "A"))
        newcomer = batch(world, creator=world.address("carol"), node_id="c1", poc_stage_start_block_height=80)
        world.deliver(batch(world, poc_stage_start_block_height=80))
        if error is None:
            world.deliver(newcomer)
            assert len(world.keepers.poc.get_batches(world.context(), 80)) == 2
        else:
            refuses(world, newcomer, error)

    @pytest.mark.parametrize(
        "fields",
        [
            {"batch_id": ""},
            {"batch_id": "b\0"},
            {"nonces": (), "dist_micro": ()},
            {"nonces": (1, 1)},
            {"nonces": (1, -1)},
            {"nonces": (1, 2**63)},
            {"dist_micro": (1,)},
            {"dist_micro": (1, -1)},
            {"dist_micro": (1, 1_270_000)},
            {"nonces": tuple(range(1001)), "dist_micro": (1,) * 1001},
        ],
    )
    def test_malformed(self, world: World, fields: dict[str, object]) -> None:
        refuses(world, batch(world, **fields), ErrPocNonceNotAccepted)


class TestVotes:
    """Validators of the epoch in effect vote on those who handed in nonces, while validation lasts."""

    def vote(self, world: World, **fields: object) -> MsgSubmitPocValidation:
        return replace(MsgSubmitPocValidation(world.address("bob"), world.address("alice"), 40), **fields)

    @pytest.fixture
    def mined(self, world: World) -> World:
        world.deliver(batch(world))
        world.begin(53)
        return world

    def test_the_last_vote_of_a_validator_counts(self, mined: World) -> None:
        mined.deliver(self.vote(mined))
        mined.deliver(self.vote(mined, fraud_detected=True))
        (stored,) = mined.keepers.poc.get_validations(mined.context(), 40)
        assert stored.fraud_detected

    def test_votes_are_in_time_up_to_the_end_of_validation(self, mined: World) -> None:
        mined.begin(58)
        mined.deliver(self.vote(mined))
        assert len(mined.keepers.poc.get_validations(mined.context(), 40)) == 1

    @pytest.mark.parametrize("height", [52, 59])
    def test_outside_the_window(self, world: World, height: int) -> None:
        world.deliver(batch(world))
        world.begin(height)
        refuses(world, self.vote(world), ErrPocTooLate)

    def test_who_is_no_validator_has_no_vote(self, mined: World) -> None:
        mined.join("carol")
        refuses(mined, self.vote(mined, creator=mined.address("carol")), ErrInvalidSigner)

    def test_an_invalid_validator_has_no_vote(self, mined: World) -> None:
        ctx = mined.context()
        bob = mined.keepers.nodes.require_participant(ctx, mined.address("bob"))
        mined.keepers.nodes.set_participant(ctx, replace(bob, status=ParticipantStatus.INVALID))
        refuses(mined, self.vote(mined), ErrInvalidSigner)

    @pytest.mark.parametrize("about", ["bob", ""])
    def test_only_on_those_who_mined(self, mined: World, about: str) -> None:
        address = mined.address(about) if about else "nobody\0"
        refuses(mined, self.vote(mined, participant_address=address), ErrPocAddressInvalid)

    @pytest.mark.parametrize(
        "fields",
        [
            {"nonces": (1,)},
            {"n_invalid": -1},
            {"probability_honest": Decimal(1, 19)},
            {"fraud_threshold": Decimal(2**63, 0)},
        ],
    )
    def test_malformed(self, mined: World, fields: dict[str, object]) -> None:
        refuses(mined, self.vote(mined, **fields), ErrPocNonceNotAccepted)


def test_batches_votes_and_admissions_are_forgotten_at_the_next_start(world: World) -> None:
    world.deliver(batch(world))
    world.begin(53)
    world.vote("bob", "alice")
    world.begin(81)
    ctx = world.context()
    assert world.keepers.poc.get_batches(ctx, 40) == ()
    assert world.keepers.poc.get_validations(ctx, 40) == ()
    assert world.keepers.poc.get_admissions(ctx, 1) is None
    assert world.keepers.poc.get_admissions(ctx, 2) is not None
