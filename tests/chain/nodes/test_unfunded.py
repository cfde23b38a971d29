"""Whoever registers another account as a participant names its key, and the account begins to exist."""

from base64 import b64encode

import pytest

from chain.auth.types import Account
from chain.codec import encode
from chain.errors import (
    ErrAccountAlreadyExists,
    ErrInvalidAddress,
    ErrInvalidPubKey,
    ErrInvalidRecord,
    Refusal,
)
from chain.nodes.types import MsgSubmitNewParticipant, MsgSubmitNewUnfundedParticipant, ParticipantStatus
from chain.records import replace
from tests.chain.kit import Chain, Signer, build_genesis
from tests.chain.world import VALIDATOR_KEY, World

ANN, NEW = Signer("ann"), Signer("new")


def register(signer: Signer = NEW, **fields: object) -> MsgSubmitNewUnfundedParticipant:
    key = b64encode(signer.public_key).decode()
    message = MsgSubmitNewUnfundedParticipant(ANN.address, signer.address, "", key, VALIDATOR_KEY)
    return replace(message, **fields)


@pytest.fixture
def world() -> World:
    world = World("ann")
    world.begin(1)
    return world


def test_account_and_participant_come_into_being(world: World) -> None:
    world.deliver(register(url="http://new.example:9000"))
    assert [(event.type, event.attributes) for event in world.delivered] == [
        ("participant_registered", (("participant", NEW.address),))
    ]
    ctx = world.context()
    account = world.keepers.accounts.get_account(ctx, NEW.address)
    assert account == Account(NEW.address, NEW.key_type, NEW.public_key, 2, 0)
    participant = world.keepers.nodes.require_participant(ctx, NEW.address)
    assert (participant.status, participant.weight, participant.inference_url, participant.validator_key) == (
        ParticipantStatus.ACTIVE,
        -1,
        "http://new.example:9000",
        VALIDATOR_KEY,
    )
    assert world.keepers.bank.get_balance(ctx, NEW.address) == 0


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (register(ANN), ErrAccountAlreadyExists),
        (register(address="mesh1x"), ErrInvalidAddress),
        (register(pub_key=b64encode(ANN.public_key).decode()), ErrInvalidPubKey),
        (register(pub_key=""), ErrInvalidPubKey),
        (register(pub_key="not base64"), ErrInvalidPubKey),
        (register(url="ftp://x"), ErrInvalidRecord),
        (register(worker_key="x"), ErrInvalidRecord),
    ],
)
def test_a_refused_one_leaves_nothing(
    world: World, message: MsgSubmitNewUnfundedParticipant, error: type[Refusal]
) -> None:
    before = world.digest()
    with pytest.raises(error):
        world.deliver(message)
    assert world.digest() == before


def test_nobody_is_registered_twice(world: World) -> None:
    world.deliver(register())
    with pytest.raises(ErrAccountAlreadyExists):
        world.deliver(register())


def test_the_new_account_signs_at_once_and_changes_what_was_said_of_it() -> None:
    chain = Chain(build_genesis(ANN))
    assert chain.send(ANN, register(url="http://wrong.example")).code == 0
    updated = chain.send(NEW, MsgSubmitNewParticipant(NEW.address, "http://right.example"), with_keys=False)
    assert updated.code == 0, updated.log
    (participant,) = [entry for entry in chain.app.export().participants if entry.index == NEW.address]
    assert participant.inference_url == "http://right.example"
    assert encode(Chain(chain.app.export()).app.export()) == encode(chain.app.export())
