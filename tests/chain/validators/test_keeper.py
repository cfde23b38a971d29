"""Who votes on blocks, from genesis through epochs."""

from base64 import b64encode

import pytest

from chain.app import App
from chain.block import BlockResult
from chain.codec import decode
from chain.epochs.types import GenesisMember
from chain.errors import ErrInvalidRecord
from chain.fixed import Decimal
from chain.nodes.types import Participant, ParticipantStatus
from chain.queries.validator_types import QueryValidatorsRequest, QueryValidatorsResponse
from chain.records import replace
from chain.validation.types import MsgInvalidateInference
from chain.validators.types import ConsensusParams, Validator
from tests.chain.kit import Chain, Signer, build_genesis
from tests.chain.market import NOW_NS
from tests.chain.validation.panel import Panel
from tests.chain.world import AUTHORITY, UNCAPPED, World, node

MODEL = "A"
NAMES = ("alice", "bob", "carol")


def key(name: str) -> str:
    return b64encode(name.encode().rjust(32, b"\0")).decode()


def register(*names: str) -> tuple[Participant, ...]:
    """Participants as a genesis document has them, each with a key of its own."""
    signers = sorted((Signer(name) for name in names), key=lambda signer: signer.address)
    return tuple(
        Participant(
            index=signer.address,
            address=signer.address,
            status=ParticipantStatus.ACTIVE,
            validator_key=key(signer.name),
        )
        for signer in signers
    )


def build(**fields: object) -> World:
    """Three members of epoch 0 with a key and a machine each."""
    world = World(
        *NAMES, weights={"alice": 100, "bob": 60, "carol": 40}, participants=register(*NAMES), **fields
    )
    world.begin(1)
    world.register_model(MODEL)
    for name in NAMES:
        world.join(name, node("n1", MODEL), validator_key=key(name))
    return world


def powers(world: World) -> dict[str, int]:
    return {
        entry.public_key: entry.power for entry in world.keepers.validators.get_validators(world.context())
    }


def mine(world: World, start: int, **counts: int) -> list:
    """One proof of compute from its second block to the block after its switch; what happened."""
    world.begin(start + 1)
    world.seed(*counts)
    for at, (name, count) in enumerate(counts.items()):
        world.mine(name, "n1", *range(100 * at, 100 * at + count))
    world.begin(start + 13)
    for about in counts:
        for voter in NAMES:
            world.vote(voter, about)
    return world.begin(start + 20)


class TestEpochs:
    """The set follows the members in effect."""

    def test_the_members_of_genesis_are_the_first_set(self) -> None:
        assert powers(build()) == {key("alice"): 100, key("bob"): 60, key("carol"): 40}

    def test_a_new_epoch_brings_its_members_and_tells_what_changed(self) -> None:
        world = build()
        events = mine(world, 40, alice=7, bob=60)
        assert powers(world) == {key("alice"): 7, key("bob"): 60}
        told = [dict(event.attributes) for event in events if event.type == "validator_updated"]
        assert sorted((entry["public_key"], entry["power"]) for entry in told) == sorted(
            [(key("alice"), "7"), (key("carol"), "0")]
        )

    def test_the_key_is_the_one_frozen_with_the_epoch(self) -> None:
        world = build()
        mine(world, 40, alice=7, bob=5)
        world.join("alice", validator_key=key("mallory"))
        world.keepers.validators.process_members(world.context())
        assert powers(world) == {key("alice"): 7, key("bob"): 5}

    def test_whoever_names_anothers_key_does_not_weaken_it(self) -> None:
        world = build()
        world.join("bob", validator_key=key("alice"))
        mine(world, 40, alice=7, bob=5)
        assert powers(world) == {key("alice"): 12}

    def test_a_set_of_nobody_is_never_handed_out(self) -> None:
        world = build()
        for name in NAMES:
            world.keepers.nodes.set_participant(
                world.context(), replace(register(name)[0], status=ParticipantStatus.INVALID)
            )
        world.keepers.validators.process_members(world.context())
        assert powers(world) == {key("alice"): 100, key("bob"): 60, key("carol"): 40}

    def test_guardians_are_strengthened_while_the_network_is_young(self) -> None:
        guardians = ConsensusParams(True, 1000, Decimal(52, -2), (Signer("carol").address,))
        assert powers(build(params=replace(UNCAPPED, consensus=guardians)))[key("carol")] == 83
        mature = replace(guardians, guardian_network_maturity_threshold=200)
        assert powers(build(params=replace(UNCAPPED, consensus=mature)))[key("carol")] == 40

    def test_an_export_imported_is_the_same_state(self) -> None:
        world = build()
        mine(world, 40, alice=7, bob=5)
        again = World()
        again.load(world.export())
        assert again.digest() == world.digest()


class TestStanding:
    """A member that becomes INVALID has no vote on blocks from then on."""

    @pytest.fixture
    def panel(self) -> Panel:
        panel = Panel()
        for name in ("exec", "other", "agent", "dev"):
            panel.change(name, validator_key=key(name))
        panel.keepers.validators.process_members(panel.context())
        return panel

    def test_it_leaves_with_the_message_that_decides_it(self, panel: Panel) -> None:
        for at in range(5):
            assert powers(panel) == {key("exec"): 30, key("other"): 10, key("agent"): 7, key("dev"): 4}
            panel.deliver(MsgInvalidateInference(AUTHORITY.address, panel.serve(NOW_NS + at)))
        assert powers(panel) == {key("other"): 10, key("agent"): 7, key("dev"): 4}
        assert [event.type for event in panel.delivered][-1] == "validator_updated"


class TestBlocks:
    """What the machine hands to its driver."""

    def start(self, *names: str) -> tuple[Chain, BlockResult]:
        signers = [Signer(name) for name in names]
        members = tuple(GenesisMember(signer.address, 10 + at) for at, signer in enumerate(signers))
        genesis = build_genesis(AUTHORITY, *signers, participants=register(*names), genesis_members=members)
        chain = Chain(genesis)
        assert chain.last is not None
        return chain, chain.last

    def test_genesis_hands_out_the_whole_set_sorted_by_key(self) -> None:
        chain, first = self.start(*NAMES)
        assert sorted(update.power for update in first.validator_updates) == [10, 11, 12]
        keys = [b64encode(update.public_key).decode() for update in first.validator_updates]
        assert keys == sorted(keys)
        assert chain.make_block().validator_updates == ()

    def test_an_epoch_that_nobody_joined_changes_nobody(self) -> None:
        chain, _ = self.start(*NAMES)
        results = chain.run_to(70)
        assert any(event.type == "epoch_effective" for result in results for event in result.events)
        assert [result.validator_updates for result in results if result.validator_updates] == []

    def test_a_chain_that_begins_again_hands_out_the_same_set(self) -> None:
        chain, first = self.start(*NAMES)
        again = App("again")
        result = again.init_chain(chain.app.export())
        assert result.validator_updates == first.validator_updates

    def test_they_can_be_asked_for(self) -> None:
        chain, _ = self.start(*NAMES)
        data = chain.query("/chain.v1.Query/Validators", QueryValidatorsRequest())
        found = decode(QueryValidatorsResponse, data).validators
        assert sorted(entry.power for entry in found) == [10, 11, 12]
        assert all(len(entry.participants) == 1 for entry in found)


def test_a_genesis_may_hold_any_possible_set() -> None:
    validators = (Validator(key("a"), 1), Validator(key("b"), 2**60 - 2))
    world = World(validators=validators)
    assert tuple(world.keepers.validators.get_validators(world.context())) == validators


@pytest.mark.parametrize(
    "validators",
    [
        (Validator(key("b"), 1), Validator(key("a"), 1)),
        (Validator(key("a"), 1), Validator(key("a"), 1)),
        (Validator(key("a"), 0),),
        (Validator("no key", 1),),
        (Validator(key("a"), 2**60),),
    ],
)
def test_a_genesis_with_an_impossible_set_is_refused(validators: tuple[Validator, ...]) -> None:
    with pytest.raises(ErrInvalidRecord):
        World(validators=validators)
