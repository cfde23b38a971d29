"""What stays of a transaction that fails, wherever it fails; and that none comes twice."""

from collections.abc import Callable

import pytest

from chain import ante as steps
from chain.ante import UNORDERED_TIMEOUT_NS_MAX, Mode
from chain.app import App
from chain.auth.addresses import ED25519, FEE_COLLECTOR, module_address
from chain.auth.keeper import ACCOUNTS, NEXT_ACCOUNT_NUMBER, UNORDERED_NONCES
from chain.bank.keeper import BALANCES
from chain.bank.types import Coin, MsgSend
from chain.codec import decode, encode
from chain.errors import Refusal
from chain.records import replace
from chain.router import Route
from chain.tx import TxBody, TxRaw
from tests.chain.kit import BLOCK_TIME_NS, GENESIS_TIME_NS, RICH, Chain, Signer, build_genesis, build_tx
from tests.chain.test_ante import ANN, BEN, EVE, GOV, REFUSED, coins, send

FEES = module_address(FEE_COLLECTOR)
FIRST_BLOCK_NS = GENESIS_TIME_NS + BLOCK_TIME_NS
SOON_NS = FIRST_BLOCK_NS + 60 * 10**9
GOOD, POOR = send(7), send(RICH + 1)
SEND = "/cosmos.bank.v1beta1.MsgSend"


@pytest.fixture
def chain() -> Chain:
    return Chain(build_genesis(GOV, ANN, BEN, EVE))


def broken(ctx: object, message: object) -> object:
    """A handler with a fault of its own, after it has written."""
    BALANCES.set(ctx.store, 1, "mallory", "umesh")
    raise ZeroDivisionError


FAILURES = {
    "its only message is refused": ((POOR,), "ErrInsufficientFunds", {}),
    "its first message is refused": ((POOR, GOOD), "ErrInsufficientFunds", {}),
    "its second message is refused": ((GOOD, POOR, GOOD), "ErrInsufficientFunds", {}),
    "it runs out of gas at its messages": ((GOOD, GOOD), "ErrOutOfGas", {"gas_limit": 12_000}),
    "it fails inside the machine": ((GOOD,), "ErrPanic", {}),
}


@pytest.mark.parametrize("unordered", [False, True], ids=["ordered", "unordered"])
@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_message_keeps_fee_sequence_key_and_nonce_and_nothing_else(
    chain: Chain, name: str, unordered: bool
) -> None:
    messages, reason, options = FAILURES[name]
    if reason == "ErrPanic":
        chain.app._executor._routes = {SEND: Route(MsgSend, "from_address", broken)}
    timeout = SOON_NS
    if unordered:
        options = {**options, "unordered": True, "timeout_ns": timeout}
    result = chain.make_block(chain.sign(ANN, *messages, fee=coins(3), **options))
    assert result.tx_results[0].reason == reason
    nonce = [UNORDERED_NONCES.encode(timeout, ANN.address)] if unordered else []
    assert [key for key, _ in result.changes] == sorted(
        [
            ACCOUNTS.encode(ANN.address),
            ACCOUNTS.encode(FEES),
            NEXT_ACCOUNT_NUMBER.encode(),
            BALANCES.encode(ANN.address, "umesh"),
            BALANCES.encode(FEES, "umesh"),
            *nonce,
        ]
    )
    account = ACCOUNTS.get(chain.app._store, ANN.address)
    assert account is not None
    assert (account.sequence, account.public_key) == (0 if unordered else 1, ANN.public_key)
    assert (chain.balance(ANN.address), chain.balance(FEES)) == (RICH - 3, 3)


def test_every_step_of_the_ante_refuses_something_and_leaves_nothing_behind(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cases of the ante's own tests reach every step that can refuse; none of them leaves a change."""
    refusing: dict[str, str] = {}

    def watch(step: Callable[[steps.Ante], None]) -> Callable[[steps.Ante], None]:
        def run(ante: steps.Ante) -> None:
            try:
                step(ante)
            except Refusal as refusal:
                refusing.setdefault(step.__name__, refusal.reason)
                raise

        return run

    nonce = chain.sign(BEN, send(1, BEN, GOV), unordered=True, timeout_ns=SOON_NS)
    chain.make_block(nonce)
    before = chain.app.info().app_hash
    names = {step.__name__ for step in steps.STEPS}
    monkeypatch.setattr(steps, "STEPS", tuple(watch(step) for step in steps.STEPS))
    for tx in (*(case.data for case in REFUSED), nonce):
        result = chain.app.finalize_block(chain.next_block(tx))
        assert result.tx_results[0].code and result.changes == () and result.app_hash == before
        assert result.tx_results[0].events == ()
    assert set(refusing) == names, refusing


def test_checks_and_trials_write_nothing(chain: Chain) -> None:
    app, tx = chain.app, chain.sign(ANN, GOOD, fee=coins(3))
    before = encode(app.export())
    hashes = app.finalize_block(chain.next_block()).app_hash
    assert (
        app.simulate(tx).code
        == app.check_tx(tx).code
        == app.check_tx(chain.sign(EVE, send(frm=EVE))).code
        == 0
    )
    assert app.check_tx(chain.sign(ANN, GOOD, ahead=1), recheck=True).code == 0
    assert app.simulate(chain.sign(ANN, POOR)).reason == "ErrInsufficientFunds"
    assert encode(app.export()) == before
    assert app.finalize_block(chain.next_block()).app_hash == hashes


def test_a_check_follows_those_before_it_and_a_refused_one_leaves_no_trace_there(chain: Chain) -> None:
    app = chain.app
    first, second = chain.sign(ANN, GOOD, fee=coins(RICH - 1)), chain.sign(ANN, GOOD, ahead=1, fee=coins(2))
    assert app.check_tx(first).code == 0
    assert app.check_tx(second).reason == "ErrInsufficientFunds"
    assert app.check_tx(chain.sign(ANN, GOOD, ahead=1, fee=coins(1))).code == 0
    chain.make_block()
    assert app.check_tx(first).code == 0, "what was checked is forgotten with the block"


# None comes twice


def deliver(chain: Chain, *txs: bytes, time_ns: int | None = None) -> list[str]:
    return [result.reason for result in chain.make_block(*txs, time_ns=time_ns).tx_results]


def test_a_transaction_of_one_account_is_no_transaction_of_another(chain: Chain) -> None:
    """The same body, claimed by another: the signature covers the key, and the message names its signer."""
    mine = chain.sign(ANN, GOOD)
    raw = decode(TxRaw, mine)
    theirs = decode(TxRaw, chain.sign(BEN, send(7, BEN, ANN)))
    for wrong in (
        replace(raw, auth_info_bytes=theirs.auth_info_bytes),
        replace(raw, body_bytes=theirs.body_bytes),
        replace(raw, signatures=theirs.signatures),
        replace(theirs, signatures=raw.signatures),
    ):
        assert deliver(chain, encode(wrong))[0] in ("ErrInvalidPubKey", "ErrUnauthorized")


def test_a_transaction_of_one_chain_is_none_of_another_that_differs_in_name_only(chain: Chain) -> None:
    other = Chain(replace(chain.genesis, chain_id="mesh-test-2"))
    for options in ({}, {"unordered": True, "timeout_ns": SOON_NS}):
        tx = chain.sign(ANN, GOOD, **options)
        assert deliver(other, tx) == ["ErrUnauthorized"]
    assert deliver(chain, chain.sign(ANN, GOOD)) == [""]


@pytest.mark.parametrize(("sequence", "reason"), [(4, "ErrWrongSequence"), (5, ""), (6, "ErrWrongSequence")])
def test_only_the_next_sequence_is_taken(sequence: int, reason: str) -> None:
    genesis = build_genesis(GOV, ANN)
    accounts = tuple(replace(one, sequence=5) for one in genesis.accounts)
    chain = Chain(replace(genesis, accounts=accounts))
    assert deliver(chain, chain.sign(ANN, send(to=GOV), ahead=sequence - 5)) == [reason]


def test_a_timeout_that_was_used_is_used_for_whatever_else_is_sent_with_it(chain: Chain) -> None:
    options = {"unordered": True, "timeout_ns": SOON_NS}
    assert deliver(chain, chain.sign(ANN, GOOD, **options)) == [""]
    assert deliver(chain, chain.sign(ANN, send(1), memo="another", **options)) == ["ErrTxTimeout"]
    assert deliver(chain, chain.sign(ANN, send(1))) == [""], "ordered ones are not concerned"


@pytest.mark.parametrize(
    ("after_ns", "reason"),
    [
        (0, "ErrTxTimeout"),
        (1, ""),
        (UNORDERED_TIMEOUT_NS_MAX, ""),
        (UNORDERED_TIMEOUT_NS_MAX + 1, "ErrInvalidRequest"),
    ],
)
def test_an_unordered_transaction_is_good_from_ten_minutes_before_its_timeout_until_just_before_it(
    chain: Chain, after_ns: int, reason: str
) -> None:
    tx = chain.sign(ANN, GOOD, unordered=True, timeout_ns=FIRST_BLOCK_NS + after_ns)
    assert deliver(chain, tx) == [reason]


def test_an_unordered_transaction_is_remembered_exactly_as_long_as_it_would_be_taken(chain: Chain) -> None:
    timeout = FIRST_BLOCK_NS + 5 * BLOCK_TIME_NS
    tx = chain.sign(ANN, GOOD, unordered=True, timeout_ns=timeout)
    assert deliver(chain, tx) == [""]
    assert deliver(chain, tx, time_ns=timeout - 1) == ["ErrTxTimeout"]
    assert len(chain.app.export().unordered_nonces) == 1
    assert deliver(chain, tx, time_ns=timeout) == ["ErrTxTimeout"]
    assert chain.app.export().unordered_nonces == ()
    assert deliver(chain, tx, time_ns=timeout) == ["ErrTxTimeout"]


def test_a_chain_that_begins_from_an_export_still_knows_what_must_not_come_twice(chain: Chain) -> None:
    ordered = chain.sign(ANN, GOOD)
    unordered = chain.sign(EVE, send(frm=EVE), unordered=True, timeout_ns=FIRST_BLOCK_NS + 60 * 10**9)
    assert deliver(chain, ordered, unordered) == ["", ""]
    again = Chain(chain.app.export(), app=App("test"))
    assert deliver(again, ordered, unordered) == ["ErrWrongSequence", "ErrTxTimeout"]


def test_one_timeout_serves_every_account_once(chain: Chain) -> None:
    options = {"unordered": True, "timeout_ns": SOON_NS}
    txs = [chain.sign(signer, send(1, signer, GOV), **options) for signer in (ANN, BEN, EVE)]
    assert deliver(chain, *txs, *txs) == ["", "", "", *["ErrTxTimeout"] * 3]


def test_an_unordered_transaction_may_not_be_sent_as_an_ordered_one_nor_the_other_way(chain: Chain) -> None:
    """Both are signed as what they are."""
    tx = decode(TxRaw, chain.sign(ANN, GOOD, unordered=True, timeout_ns=SOON_NS))
    body = replace(decode(TxBody, tx.body_bytes), unordered=False)
    assert deliver(chain, encode(replace(tx, body_bytes=encode(body)))) == ["ErrUnauthorized"]


def test_a_wrong_kind_of_key_and_a_key_of_another_kind_with_the_same_name_are_refused(chain: Chain) -> None:
    """An account's key is the one its address was made of, whatever else could have signed."""
    twin = Signer(ANN.name, ED25519)
    tx = build_tx([(twin, chain.account(ANN).account_number, 0)], GOOD)
    assert deliver(chain, tx) == ["ErrInvalidPubKey"]
    assert deliver(chain, chain.sign(ANN, GOOD)) == [""]
    tx = build_tx([(twin, chain.account(ANN).account_number, 1)], GOOD)
    assert deliver(chain, tx) == ["ErrInvalidPubKey"]


def test_a_fee_is_taken_once_and_a_zero_fee_is_allowed(chain: Chain) -> None:
    assert deliver(chain, chain.sign(ANN, GOOD)) == [""]
    assert chain.balance(FEES) == 0
    assert deliver(chain, chain.sign(ANN, GOOD, fee=(Coin("umesh", "9"),))) == [""]
    assert (chain.balance(FEES), chain.balance(ANN.address)) == (9, RICH - 9 - 14)


def test_a_recheck_looks_at_everything_but_signatures(chain: Chain) -> None:
    signed = chain.sign(ANN, GOOD)
    raw = decode(TxRaw, signed)
    bent = encode(replace(raw, signatures=(bytes(64),)))
    assert chain.app.check_tx(bent).reason == "ErrUnauthorized"
    assert chain.app.check_tx(bent, recheck=True).code == 0
    assert chain.app.check_tx(bent, recheck=True).reason == "ErrWrongSequence"
    assert chain.app._executor.run(chain.app._next_block(), bent, Mode.DELIVER).reason == "ErrUnauthorized"
