"""What happens when a handler, or the end of a block, fails in a way that is no refusal."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from chain.ante import Mode
from chain.auth.keeper import ACCOUNTS
from chain.bank.keeper import BALANCES
from chain.bank.types import Coin, MsgSend, MsgSendResponse
from chain.block import Header
from chain.context import Context
from chain.epochs.keeper import EFFECTIVE_INDEX
from chain.errors import ErrTxDecode, Fatal
from chain.execution import Executor, OpenedTxs
from chain.layout import BlockEncoder
from chain.machine import build_keepers, import_genesis
from chain.router import build_routes
from chain.store import Store
from chain.tx import AuthInfo, Tx, TxBody, TxRaw
from tests.chain.kit import CHAIN_ID, GAS_LIMIT, GENESIS_TIME_NS, RICH, Chain, Signer, build_genesis, build_tx

ANN = Signer("ann")
KEEPERS = build_keepers()


def run(handle: Callable[[Context, MsgSend], object]) -> tuple[Context, object]:
    """A block's context and the result, with `handle` in the place of the bank's handler."""
    ctx = Context(Header(CHAIN_ID, 1, GENESIS_TIME_NS), Store())
    import_genesis(KEEPERS, ctx, build_genesis(ANN))
    routes = build_routes(KEEPERS)
    url = "/cosmos.bank.v1beta1.MsgSend"
    executor = Executor(KEEPERS, {url: replace(routes[url], handle=handle)}, BlockEncoder())
    tx = build_tx([(ANN, 0, 0)], MsgSend(ANN.address, ANN.address), fee=(Coin("umesh", "5"),))
    return ctx, executor.run(ctx, tx, Mode.DELIVER)


def test_what_does_not_get_past_the_ante_tells_nothing() -> None:
    chain = Chain(build_genesis(ANN))
    fee = (Coin("umesh", "5"),)
    message = MsgSend(ANN.address, ANN.address, (Coin("umesh", "1"),))
    for options in ({"ahead": 1}, {"chain_id": "another"}, {"gas_limit": 1}):
        ahead = options.pop("ahead", 0)
        tx = build_tx([(ANN, 0, ahead)], message, fee=fee, **options)
        result = chain.make_block(tx).tx_results[0]
        assert result.code and result.events == (), result


def spoil(ctx: Context) -> None:
    BALANCES.set(ctx.store, 1, "somebody", "umesh")


def divide(ctx: Context, message: MsgSend) -> object:
    spoil(ctx)
    return 1 // len(message.amount)


def store_what_cannot_be_stored(ctx: Context, message: MsgSend) -> object:
    spoil(ctx)
    account = ACCOUNTS.get(ctx.store, ANN.address)
    assert account is not None
    ACCOUNTS.set(ctx.store, replace(account, sequence=2**64), ANN.address)
    return MsgSendResponse()


def store_another_kind(ctx: Context, message: MsgSend) -> object:
    spoil(ctx)
    ctx.store.set(BALANCES.encode("somebody", "umesh"), "text")
    return MsgSendResponse()


@pytest.mark.parametrize("handle", [divide, store_what_cannot_be_stored, store_another_kind])
def test_a_failure_inside_a_handler_fails_its_transaction_and_keeps_fee_and_sequence(handle) -> None:
    ctx, result = run(handle)
    assert (result.code, result.reason, result.data) == (111222, "ErrPanic", b"")
    assert not BALANCES.has(ctx.store, "somebody", "umesh")
    assert BALANCES.get(ctx.store, ANN.address, "umesh") == RICH - 5
    account = ACCOUNTS.get(ctx.store, ANN.address)
    assert account is not None and account.sequence == 1


def test_work_that_there_is_no_gas_for_comes_before_a_refusal() -> None:
    def refuse(ctx: Context, message: MsgSend) -> object:
        ctx.work += GAS_LIMIT
        raise ErrTxDecode(why="it is none")

    _, result = run(refuse)
    assert (result.reason, result.gas_used > GAS_LIMIT) == ("ErrOutOfGas", True)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyboardInterrupt, Fatal])
def test_what_is_this_machines_own_trouble_never_becomes_a_result(error: type[BaseException]) -> None:
    def fail(ctx: Context, message: MsgSend) -> object:
        raise error()

    with pytest.raises(error):
        run(fail)


def test_the_gas_of_a_failed_message_does_not_depend_on_how_it_failed() -> None:
    texts = count()

    def fail(ctx: Context, message: MsgSend) -> object:
        raise ValueError(f"text {next(texts)}")

    results = [run(fail)[1] for _ in range(2)]
    assert len({(result.code, result.data, result.gas_wanted, result.gas_used) for result in results}) == 1
    assert len({result.log for result in results}) == 2


def test_an_error_at_the_end_of_a_block_stops_the_machine_and_leaves_the_state_alone() -> None:
    chain = Chain(build_genesis(ANN))
    before = chain.app.info()
    EFFECTIVE_INDEX.set(chain.app._store, 77)
    with pytest.raises(Fatal, match="the end of block 1 failed"):
        chain.app.finalize_block(chain.next_block())
    assert chain.app.info() == before
    with pytest.raises(Fatal, match="no finalised block"):
        chain.app.commit()


def test_a_transaction_is_decoded_once_and_what_is_none_is_refused_every_time() -> None:
    decoded: list[bytes] = []

    def decode(data: bytes) -> Tx:
        decoded.append(data)
        if data == b"none":
            raise ErrTxDecode(why="it is none")
        return Tx(len(data), TxRaw(), TxBody(), AuthInfo(), (), ())

    opened = OpenedTxs(decode, bytes_max=8)
    assert opened.open(b"one") is opened.open(b"one")
    for _ in range(2):
        with pytest.raises(ErrTxDecode):
            opened.open(b"none")
    opened.open(b"two")
    opened.open(b"more")
    opened.open(b"one")
    assert decoded == [b"one", b"none", b"none", b"two", b"more", b"one"], "the oldest is forgotten first"
