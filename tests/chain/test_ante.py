"""What a transaction must satisfy, and what is left of it when it does not."""

from dataclasses import dataclass, field

import pytest

from chain.auth.addresses import ED25519, FEE_COLLECTOR, module_address
from chain.bank.types import Balance, Coin, MsgSend
from chain.codec import decode, encode
from chain.params import MsgUpdateParams, Params
from chain.records import replace
from chain.tx import Any, AuthInfo, Fee, TxBody, TxRaw
from tests.chain.kit import GENESIS_TIME_NS, RICH, Chain, Signer, build_genesis, build_tx

GOV, ANN, BEN, EVE = Signer("gov"), Signer("ann"), Signer("ben"), Signer("eve", ED25519)
NOBODY = Signer("nobody")
FEES = module_address(FEE_COLLECTOR)
IN_A_MINUTE = GENESIS_TIME_NS + 60 * 10**9


def coins(amount: int, denom: str = "umesh") -> tuple[Coin, ...]:
    return (Coin(denom, str(amount)),)


def send(amount: int = 5, frm: Signer = ANN, to: Signer = BEN) -> MsgSend:
    return MsgSend(frm.address, to.address, coins(amount))


def tx(
    *messages: object, signer: Signer = ANN, number: int | None = None, sequence: int = 0, **options: object
) -> bytes:
    numbers = {address: at for at, address in enumerate(sorted(s.address for s in (GOV, ANN, BEN, EVE)))}
    number = numbers.get(signer.address, 0) if number is None else number
    return build_tx([(signer, number, sequence)], *(messages or (send(),)), **options)  # type: ignore[arg-type]


def bend(data: bytes, **changes: object) -> bytes:
    """The same envelope with other parts; the signatures stay."""
    return encode(replace(decode(TxRaw, data), **changes))


def with_fee(data: bytes, fee: Fee) -> bytes:
    info = decode(AuthInfo, decode(TxRaw, data).auth_info_bytes)
    return bend(data, auth_info_bytes=encode(replace(info, fee=fee)))


@pytest.fixture
def chain() -> Chain:
    return Chain(build_genesis(GOV, ANN, BEN, EVE))


@dataclass
class Refused:
    """A transaction that the ante refuses."""

    name: str
    reason: str
    data: bytes = b""
    genesis: dict = field(default_factory=dict)


GOOD = tx()
REFUSED = [
    Refused("no bytes", "ErrInvalidRequest", b""),
    Refused("random bytes", "ErrTxDecode", b"\xff\x01"),
    Refused("an unknown field in the envelope", "ErrTxDecode", GOOD + b"\x78\x01"),
    Refused("an envelope in another order", "ErrTxDecode", bend(GOOD, body_bytes=b"")[:-66] + GOOD),
    Refused(
        "an unknown field in the body",
        "ErrTxDecode",
        bend(GOOD, body_bytes=decode(TxRaw, GOOD).body_bytes + b"\x98\x06\x01"),
    ),
    Refused("no message", "ErrInvalidRequest", bend(GOOD, body_bytes=b"")),
    Refused(
        "a message that no room handles",
        "ErrUnknownRequest",
        bend(GOOD, body_bytes=encode(TxBody((Any("/cosmos.gov.v1.MsgVote", b""),)))),
    ),
    Refused(
        "a message with an unknown field",
        "ErrTxDecode",
        bend(GOOD, body_bytes=encode(TxBody((Any("/cosmos.bank.v1beta1.MsgSend", b"\x78\x01"),)))),
    ),
    Refused("a signer that is no address", "ErrInvalidAddress", tx(MsgSend("ann", BEN.address, coins(1)))),
    Refused("a memo too long", "ErrMemoTooLarge", tx(memo="m" * 257)),
    Refused("a timeout height gone by", "ErrTxTimeoutHeight", tx(timeout_height=1)),
    Refused("a timeout gone by", "ErrTxTimeout", tx(timeout_ns=GENESIS_TIME_NS)),
    Refused("unordered without a timeout", "ErrInvalidRequest", tx(unordered=True)),
    Refused(
        "unordered with a sequence",
        "ErrInvalidRequest",
        tx(unordered=True, timeout_ns=IN_A_MINUTE, sequence=1),
    ),
    Refused(
        "unordered, eleven minutes ahead",
        "ErrInvalidRequest",
        tx(unordered=True, timeout_ns=GENESIS_TIME_NS + 700 * 10**9),
    ),
    Refused("gas for less than its size", "ErrOutOfGas", tx(gas_limit=100)),
    Refused("no gas", "ErrOutOfGas", tx(gas_limit=0)),
    Refused("a gas limit beyond 63 bits", "ErrInvalidGasLimit", tx(gas_limit=2**63)),
    Refused("a fee that it cannot pay", "ErrInsufficientFunds", tx(fee=coins(RICH + 1))),
    Refused("a fee in a foreign coin", "ErrInsufficientFunds", tx(fee=coins(1, "uatom"))),
    Refused("a fee of zero", "ErrInvalidCoins", tx(fee=coins(0))),
    Refused("a fee below zero", "ErrInvalidCoins", tx(fee=(Coin("umesh", "-1"),))),
    Refused("a fee unsorted", "ErrInvalidCoins", tx(fee=coins(1) + coins(1, "aaa"))),
    Refused("a granter", "ErrNotSupported", with_fee(GOOD, Fee(gas_limit=10**7, granter=BEN.address))),
    Refused("a payer that does not sign", "ErrUnauthorized", tx(payer=BEN.address)),
    Refused("an account that does not exist", "ErrUnknownAddress", tx(send(frm=NOBODY), signer=NOBODY)),
    Refused("no public key and none known", "ErrInvalidPubKey", tx(with_keys=False)),
    Refused("the public key of another", "ErrInvalidPubKey", tx(send(frm=ANN), signer=BEN)),
    Refused("no signature", "ErrNoSignatures", bend(GOOD, signatures=())),
    Refused("two signatures", "ErrUnauthorized", bend(GOOD, signatures=(b"s" * 64,) * 2)),
    Refused("eight signatures", "ErrTooManySignatures", bend(GOOD, signatures=(b"s" * 64,) * 8)),
    Refused("a signature over something else", "ErrUnauthorized", bend(GOOD, signatures=(b"s" * 64,))),
    Refused("a signature for another chain", "ErrUnauthorized", tx(chain_id="other")),
    Refused("another account number", "ErrUnauthorized", tx(number=77)),
    Refused("a sequence to come", "ErrWrongSequence", tx(sequence=1)),
    Refused("another sign mode", "ErrNotSupported", tx(mode=127)),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_the_ante_refuses_leaves_nothing_behind(chain: Chain, case: Refused) -> None:
    chain.make_block()
    before = chain.app.info().app_hash
    result = chain.make_block(case.data)
    assert result.tx_results[0].reason == case.reason
    assert result.changes == () and result.app_hash == before
    assert chain.app.check_tx(case.data).reason == case.reason


def test_a_transaction_too_large_is_refused(chain: Chain) -> None:
    small = replace(chain.genesis.params, auth=replace(chain.genesis.params.auth, max_tx_bytes=100))
    chain = Chain(replace(chain.genesis, params=small))
    assert chain.make_block(GOOD).tx_results[0].reason == "ErrTxTooLarge"


def test_a_message_that_fails_keeps_fee_sequence_and_public_key_and_nothing_else(chain: Chain) -> None:
    result = chain.send(ANN, send(7), send(RICH), fee=coins(3))
    assert result.reason == "ErrInsufficientFunds"
    assert chain.balance(BEN.address) == RICH
    assert chain.balance(ANN.address) == RICH - 3
    assert chain.balance(FEES) == 3
    assert (chain.account(ANN).sequence, chain.account(ANN).pub_key is not None) == (1, True)
    assert [event.type for event in result.events] == ["transfer", "tx"]


def test_messages_that_need_more_gas_than_allowed_change_nothing(chain: Chain) -> None:
    needed = chain.app.simulate(chain.sign(ANN, send(), gas_limit=10_000)).gas_used
    result = chain.send(ANN, send(), gas_limit=needed - 1)
    assert (result.reason, chain.balance(BEN.address)) == ("ErrOutOfGas", RICH)
    assert chain.account(ANN).sequence == 1
    assert chain.send(BEN, send(frm=BEN, to=ANN), gas_limit=needed).code == 0


def test_a_transaction_cannot_come_twice(chain: Chain) -> None:
    first = chain.make_block(GOOD, GOOD)
    assert [result.reason for result in first.tx_results] == ["", "ErrWrongSequence"]
    assert chain.make_block(GOOD).tx_results[0].reason == "ErrWrongSequence"
    assert chain.balance(BEN.address) == RICH + 5


def test_unordered_transactions_come_in_any_order_but_not_twice(chain: Chain) -> None:
    late = tx(send(1), unordered=True, timeout_ns=IN_A_MINUTE + 1)
    early = tx(send(2), unordered=True, timeout_ns=IN_A_MINUTE)
    results = chain.make_block(late, early, late).tx_results
    assert [result.reason for result in results] == ["", "", "ErrTxTimeout"]
    assert chain.make_block(early).tx_results[0].reason == "ErrTxTimeout"
    assert chain.account(ANN).sequence == 0
    assert len(chain.app.export().unordered_nonces) == 2


def test_an_unordered_transaction_is_forgotten_when_it_has_expired_and_refused_all_the_same(
    chain: Chain,
) -> None:
    once = tx(unordered=True, timeout_ns=IN_A_MINUTE)
    chain.make_block(once)
    assert len(chain.app.export().unordered_nonces) == 1
    chain.make_block(time_ns=IN_A_MINUTE)
    assert chain.app.export().unordered_nonces == ()
    assert chain.make_block(once).tx_results[0].reason == "ErrTxTimeout"


def test_several_signers_and_a_payer_sign_in_order_of_naming(chain: Chain) -> None:
    names = sorted((GOV, ANN, BEN, EVE), key=lambda signer: signer.address)
    entries = {signer.name: (signer, names.index(signer), 0) for signer in names}
    both = build_tx(
        [entries["ann"], entries["eve"], entries["gov"]],
        send(1),
        send(2, frm=EVE),
        send(3),
        payer=GOV.address,
        fee=coins(9),
    )
    assert chain.make_block(both).tx_results[0].code == 0
    assert chain.balance(BEN.address) == RICH + 6
    assert chain.balance(GOV.address) == RICH - 9
    assert [chain.account(signer).sequence for signer in (ANN, EVE, GOV)] == [1, 1, 1]


def test_a_key_that_the_chain_knows_may_be_left_out(chain: Chain) -> None:
    assert chain.send(EVE, send(frm=EVE)).code == 0
    assert chain.send(EVE, send(frm=EVE), with_keys=False).code == 0


def test_a_recheck_minds_sequence_and_fee_but_not_the_signature(chain: Chain) -> None:
    bent = bend(GOOD, signatures=(b"s" * 64,))
    assert chain.app.check_tx(bent).reason == "ErrUnauthorized"
    assert chain.app.check_tx(bent, recheck=True).code == 0
    assert chain.app.check_tx(bent, recheck=True).reason == "ErrWrongSequence"


def test_a_trial_run_needs_no_signature(chain: Chain) -> None:
    assert chain.app.simulate(bend(GOOD, signatures=())).code == 0
    assert chain.app.simulate(tx(gas_limit=0)).code == 0
    assert chain.app.simulate(tx(send(RICH + 1))).reason == "ErrInsufficientFunds"


def test_a_foreign_payer_without_coins_is_refused(chain: Chain) -> None:
    poor = replace(chain.genesis, balances=(Balance(GOV.address, coins(1)),))
    chain = Chain(poor)
    assert chain.make_block(tx(fee=coins(1))).tx_results[0].reason == "ErrInsufficientFunds"


def test_a_failure_inside_the_machine_fails_its_transaction_alone(chain: Chain) -> None:
    broken = replace(chain.genesis.params.epoch, epoch_length=2**64)
    params = Params(epoch=broken)
    with pytest.raises(ValueError):
        encode(MsgUpdateParams(GOV.address, params))
    nul = MsgSend(ANN.address, BEN.address, (Coin("umesh\0", "1"),))
    result = chain.make_block(tx(nul), tx(sequence=1))
    assert [entry.reason for entry in result.tx_results] == ["ErrInvalidCoins", ""]
