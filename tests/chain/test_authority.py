"""Who may send what: for every message of the router, at a height at which it succeeds.

Each message is sent by whoever may send it at the end; before that, others try, and nothing comes of it.
"""

import base64
from collections.abc import Iterator

import coincurve
import pytest

from chain.ante import Mode
from chain.auth.keeper import ACCOUNTS, UNORDERED_NONCES
from chain.bank.types import MsgSend
from chain.block import TxResult
from chain.codec import decode, encode, type_url
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.inference.types import MsgFinishInference, MsgStartInference
from chain.nodes.types import MsgSubmitHardwareDiff, MsgSubmitNewUnfundedParticipant
from chain.poc.keeper import VALIDATIONS
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.proposals.keeper import VOTES
from chain.proposals.types import MsgVote, VoteOption
from chain.records import get_columns, replace
from chain.rewards.types import MsgClaimRewards
from chain.router import build_routes
from chain.slashing.types import MsgUnjail
from chain.tx import TxRaw
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, MsgValidation
from tests.chain.everyday import ANN, GOV, HOSTS, STRANGER, Step, begin, build_finish, build_start, live, send
from tests.chain.kit import Chain, Signer, build_tx

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of the curve secp256k1."""
AUTHORITY_ALONE = (MsgInvalidateInference, MsgRevalidateInference)
"""Messages whose `creator` can be nobody but the authority."""


def steps() -> Iterator[tuple[Chain, Step]]:
    """Every step, and the chain that has come to it; it is sent when the next one is asked for."""
    chain = begin()
    for step in live(chain):
        yield chain, step
        send(chain, step)


def try_out(chain: Chain, tx: bytes) -> tuple[TxResult, list[bytes]]:
    """What would become of a transaction in the next block, and which entries it would change."""
    ctx = chain.app._next_block()
    result = chain.app._executor.run(ctx, tx, Mode.DELIVER)
    return result, [key for key, _ in ctx.store.changes()]


def refuse(chain: Chain, signer: Signer, message: object) -> str:
    """Why a well-signed message is refused; nothing but the sender's account has changed."""
    result, changed = try_out(chain, chain.sign(signer, message))
    assert result.code, f"{type(message).__name__} of {signer.name} was accepted"
    assert changed == [ACCOUNTS.encode(signer.address)]
    return result.reason


def signer_field(message: object) -> str:
    return get_columns(type(message))[0][0]


def test_every_message_of_the_router_is_tried() -> None:
    chain = begin()
    tried = set()
    for step in live(chain):
        send(chain, step)
        tried.add(type_url(type(step[1])))
    assert tried == set(chain.app._routes), "tests/chain/everyday.py sends every message once"
    for url, route in build_routes(chain.app._keepers).items():
        assert route.signer == get_columns(route.message)[0][0], f"{url} is signed by its first field"


def test_nobody_signs_for_the_account_that_a_message_names() -> None:
    """Whoever signs must be the account of the message's first field, by its own key, however it is tried."""
    for chain, (signer, message) in steps():
        other = GOV if signer is STRANGER else STRANGER
        named, own = chain.account(signer), chain.account(other)
        forged = [
            build_tx([(other, named.account_number, named.sequence)], message),
            build_tx([(other, own.account_number, own.sequence)], message),
            build_tx([(other, named.account_number, named.sequence)], message, with_keys=False),
            build_tx([(signer, named.account_number, named.sequence)], message, chain_id="another"),
        ]
        good = decode(TxRaw, chain.sign(signer, message))
        forged.append(encode(replace(good, signatures=(raise_s(good.signatures[0]),))))
        forged.append(encode(replace(good, signatures=(bytes(64),))))
        for tx in forged:
            result, changed = try_out(chain, tx)
            assert result.reason in ("ErrInvalidPubKey", "ErrUnauthorized"), type(message).__name__
            assert changed == []


def raise_s(signature: bytes) -> bytes:
    """The other signature that ECDSA has for the same message: s in the upper half of the order."""
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (ORDER - s).to_bytes(32, "big")


def test_only_the_authority_sends_what_only_the_authority_may() -> None:
    seen = set()
    for chain, (signer, message) in steps():
        field = signer_field(message)
        if field != "authority" and not isinstance(message, AUTHORITY_ALONE):
            continue
        assert signer is GOV
        for other in (STRANGER, *HOSTS):
            assert refuse(chain, other, replace(message, **{field: other.address})) == "ErrInvalidSigner"
        seen.add(type(message).__name__)
    named = {route.message.__name__ for route in begin().app._routes.values() if route.signer == "authority"}
    assert seen == named | {kind.__name__ for kind in AUTHORITY_ALONE}


OF_NO_CONCERN = (
    "MsgSend",
    "MsgSubmitNewParticipant",
    "MsgSubmitNewUnfundedParticipant",
    "MsgDepositCollateral",
    "MsgSubmitProposal",
)
"""What anybody with an account may send about itself, or about one that nobody has yet."""


def test_a_stranger_gets_nowhere_with_what_is_not_its_own() -> None:
    """The same message, sent by a stranger in its own name: it owns no machine, no weight, no claim."""
    expected = {
        "MsgSubmitHardwareDiff": "ErrParticipantNotFound",
        "MsgSubmitSeed": "ErrParticipantNotFound",
        "MsgSubmitPocBatch": "ErrNodeNotInEpoch",
        "MsgSubmitPocValidation": "ErrInvalidSigner",
        "MsgSubmitUnitOfComputePriceProposal": "ErrParticipantNotFound",
        "MsgStartInference": "ErrParticipantNotFound",
        "MsgFinishInference": "ErrInvalidSigner",
        "MsgValidation": "ErrParticipantNotFound",
        "MsgClaimRewards": "ErrNothingToClaim",
        "MsgWithdrawCollateral": "ErrNoCollateralFound",
        "MsgUnjail": "ErrInvalidSigner",
        "MsgVote": "ErrVoteNotAccepted",
    }
    seen = {}
    for chain, (signer, message) in steps():
        field, name = signer_field(message), type(message).__name__
        if signer is GOV or name in OF_NO_CONCERN:
            continue
        seen[name] = refuse(chain, STRANGER, replace(message, **{field: STRANGER.address}))
    assert seen == expected
    routed = {route.message.__name__ for route in begin().app._routes.values()}
    governed = {name for name in routed if name not in seen and name not in OF_NO_CONCERN}
    assert governed == {
        route.message.__name__ for route in begin().app._routes.values() if route.signer == "authority"
    } | {kind.__name__ for kind in AUTHORITY_ALONE}


def find(kind: type, which: int = 0) -> tuple[Chain, Step]:
    """The chain at the height at which the message of a kind succeeds, and the message, not sent yet."""
    for chain, step in steps():
        if isinstance(step[1], kind):
            if which == 0:
                return chain, step
            which -= 1
    raise AssertionError(f"there is no such {kind.__name__}")


def test_a_batch_counts_for_a_machine_of_its_sender_only() -> None:
    """Machines have names of their owner's choice: ann's n1 is not ben's n1, and nobody has n9."""
    chain, (signer, message) = find(MsgSubmitPocBatch)
    assert isinstance(message, MsgSubmitPocBatch)
    assert refuse(chain, signer, replace(message, node_id="n9")) == "ErrNodeNotInEpoch"
    send(chain, (signer, message))
    mine = [batch.participant_address for batch in chain.app.export().poc_batches]
    assert mine == [signer.address]


def test_nobody_is_registered_by_another_twice_nor_without_its_own_key() -> None:
    chain, (signer, message) = find(MsgSubmitNewUnfundedParticipant)
    assert isinstance(message, MsgSubmitNewUnfundedParticipant)
    for taken in (ANN.address, GOV.address):
        assert refuse(chain, signer, replace(message, address=taken))
    other = base64.b64encode(ANN.public_key).decode()
    assert refuse(chain, signer, replace(message, pub_key=other))
    send(chain, (signer, message))
    assert refuse(chain, signer, message) == "ErrAccountAlreadyExists"


def test_a_hardware_diff_changes_the_senders_machines_only() -> None:
    chain, step = find(MsgSubmitHardwareDiff, which=1)
    before = {one.participant: one for one in chain.app.export().hardware_nodes}
    send(chain, step)
    after = {one.participant: one for one in chain.app.export().hardware_nodes}
    assert {owner for owner in after if after[owner] != before.get(owner)} == {step[0].address}


def test_a_second_vote_on_a_proposal_replaces_the_first() -> None:
    chain, (signer, message) = find(MsgVote)
    assert isinstance(message, MsgVote)
    send(chain, (signer, message))
    send(chain, (signer, replace(message, option=VoteOption.YES)))
    votes = list(VOTES.values(chain.app._store, message.proposal_id))
    assert [(vote.voter, vote.option) for vote in votes] == [(signer.address, VoteOption.YES)]


def test_a_second_vote_on_a_miner_replaces_the_first() -> None:
    chain, (signer, message) = find(MsgSubmitPocValidation)
    assert isinstance(message, MsgSubmitPocValidation)
    send(chain, (signer, message))
    send(chain, (signer, replace(message, fraud_detected=True)))
    stored = list(VALIDATIONS.values(chain.app._store, message.poc_stage_start_block_height))
    assert [(vote.validator_participant_address, vote.fraud_detected) for vote in stored] == [
        (signer.address, True)
    ]


def test_a_second_validation_of_an_answer_is_refused_also_as_a_vote() -> None:
    chain, (signer, message) = find(MsgValidation)
    assert isinstance(message, MsgValidation)
    send(chain, (signer, message))
    assert refuse(chain, signer, message) == "ErrAlreadyValidated"
    again = refuse(chain, signer, replace(message, revalidation=True))
    assert again in ("ErrAlreadyValidated", "ErrInferenceNotVoting")


def test_nobody_validates_its_own_answer() -> None:
    chain, (_, message) = find(MsgValidation)
    assert isinstance(message, MsgValidation)
    record = next(one for one in chain.app.export().inferences if one.inference_id == message.inference_id)
    executor = next(host for host in HOSTS if host.address == record.executed_by)
    own = replace(message, creator=executor.address)
    assert refuse(chain, executor, own) == "ErrParticipantCannotValidateOwnInference"


def test_a_claim_is_paid_once_and_to_nobody_else() -> None:
    chain, (signer, message) = find(MsgClaimRewards)
    assert isinstance(message, MsgClaimRewards)
    assert refuse(chain, signer, replace(message, seed=message.seed + 1)) == "ErrClaimSignatureInvalid"
    send(chain, (signer, message))
    assert refuse(chain, signer, message) == "ErrNothingToClaim"


def test_deposits_and_withdrawals_are_the_signers_own() -> None:
    chain, (signer, message) = find(MsgDepositCollateral)
    others = {host.address: chain.balance(host.address) for host in HOSTS if host is not signer}
    send(chain, (signer, message))
    assert {host: chain.balance(host) for host in others} == others
    chain, (_, message) = find(MsgWithdrawCollateral)
    assert refuse(chain, HOSTS[1], replace(message, participant=HOSTS[1].address)) == "ErrNoCollateralFound"


def test_nobody_leaves_jail_for_another() -> None:
    chain, (_, message) = find(MsgUnjail)
    assert isinstance(message, MsgUnjail)
    assert refuse(chain, ANN, replace(message, creator=ANN.address)) == "ErrInvalidSigner"


# Signatures of requests


def test_a_start_cannot_be_sent_again_nor_for_another_request() -> None:
    chain, (signer, message) = find(MsgStartInference)
    assert isinstance(message, MsgStartInference)
    other, _ = build_start(chain, "another prompt")
    for changes in (
        {"inference_id": other.inference_id},
        {"transfer_signature": other.transfer_signature},
        {"original_prompt": "another prompt"},
        {"request_timestamp": message.request_timestamp + 1},
        {"assigned_to": next(host.address for host in HOSTS if host.address != message.assigned_to)},
        {"requested_by": HOSTS[1].address},
    ):
        assert refuse(chain, signer, replace(message, **changes)) == "ErrInvalidSignature"
    send(chain, (signer, message))
    assert refuse(chain, signer, message) == "ErrInferenceIdExists"


def test_a_finish_cannot_be_sent_again_nor_for_another_request() -> None:
    chain, (executor, message) = find(MsgFinishInference)
    assert isinstance(message, MsgFinishInference)
    start, by = build_start(chain, "another prompt")
    other = build_finish(start, by)
    for changes in (
        {"inference_id": other.inference_id},
        {"transfer_signature": other.transfer_signature},
        {"executor_signature": other.executor_signature},
        {"request_timestamp": message.request_timestamp - 1},
        {"transferred_by": HOSTS[1].address, "requested_by": HOSTS[2].address},
    ):
        assert refuse(chain, executor, replace(message, **changes)) == "ErrInvalidSignature"
    thief = next(host for host in HOSTS if host is not executor)
    stolen = replace(message, creator=thief.address, executed_by=thief.address)
    assert refuse(chain, thief, stolen) == "ErrInvalidSignature"
    assert refuse(chain, thief, replace(message, creator=thief.address)) == "ErrInvalidSigner"
    send(chain, (executor, message))
    assert refuse(chain, executor, message) == "ErrInferenceIdExists"


@pytest.mark.parametrize("field", ["inference_id", "transfer_signature"])
def test_no_second_form_of_a_signature_names_a_second_request(field: str) -> None:
    """Neither the high s nor another spelling in base64: a request could be started, and paid for, twice."""
    chain, (signer, message) = find(MsgStartInference)
    text = getattr(message, field)
    raw = base64.b64decode(text)
    assert coincurve.PublicKey(ANN.public_key)
    spellings = [raise_s(raw), raw + b"\0", raw[:63]]
    texts = [base64.b64encode(one).decode() for one in spellings]
    texts += [text.rstrip("="), text + "\n", text[:-3] + chr(ord(text[-3]) + 1) + "==", ""]
    for other in texts:
        assert refuse(chain, signer, replace(message, **{field: other})) == "ErrInvalidSignature"


def test_coins_move_with_their_owners_signature_only() -> None:
    chain, (signer, message) = find(MsgSend)
    assert isinstance(message, MsgSend)
    two = chain.sign(STRANGER, message, replace(message, from_address=ANN.address))
    result, changed = try_out(chain, two)
    assert (result.reason, changed) == ("ErrUnauthorized", [])
    assert not list(UNORDERED_NONCES.values(chain.app._store))
    assert signer is STRANGER
