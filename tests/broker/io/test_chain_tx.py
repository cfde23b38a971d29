"""Transactions: their bytes, and what is made of each way in which they can end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import coincurve
import grpc
import pytest

from broker.io.chain_tx import ChainClock, TxLost, TxRejected, TxSender, sign_transaction
from broker.io.keys import AccountKey, address_of, is_signed_by
from chain.cosmos import abci_pb2, tx_pb2, tx_service_pb2, tx_service_pb2_grpc
from chain.v1 import events_pb2
from chain.v1.tx_pb2 import MsgSubmitSeed

SECRET = bytes(range(1, 33))
PUBLIC = coincurve.PrivateKey(SECRET).public_key.format()
KEY = AccountKey("golden", address_of(PUBLIC), PUBLIC, SECRET)
MESSAGE = MsgSubmitSeed(creator=KEY.address, epoch_index=3, signature="ab" * 64)
TIME_NS = 1_700_000_000 * 10**9
Answer = Callable[[bytes], abci_pb2.TxResponse]


def test_the_bytes_of_a_transaction_never_change() -> None:
    signed = sign_transaction(KEY, "mesh-1", 7, MESSAGE, TIME_NS + 5)
    assert KEY.address == "mesh1tp7fhly84qm6q4hhzmp0nh5frtdugmyskz0z4j"
    assert signed.tx_hash == "A3BB198742F99DC99A4FC84CFE8067ED44136B723A1C146BF02B72228A512EC8"
    assert signed.tx_hash == hashlib.sha256(signed.tx_bytes).hexdigest().upper()


def test_a_transaction_says_what_it_must() -> None:
    signed = sign_transaction(KEY, "mesh-1", 7, MESSAGE, TIME_NS + 5)
    raw = tx_pb2.TxRaw.FromString(signed.tx_bytes)
    body, auth = tx_pb2.TxBody.FromString(raw.body_bytes), tx_pb2.AuthInfo.FromString(raw.auth_info_bytes)
    assert body.messages[0].type_url == "/chain.v1.MsgSubmitSeed"
    assert body.unordered
    assert (body.timeout_timestamp.seconds, body.timeout_timestamp.nanos) == (1_700_000_000, 5)
    assert auth.signer_infos[0].sequence == 0
    assert auth.signer_infos[0].public_key.type_url == "/cosmos.crypto.secp256k1.PubKey"
    document = tx_pb2.SignDoc(
        body_bytes=raw.body_bytes, auth_info_bytes=raw.auth_info_bytes, chain_id="mesh-1", account_number=7
    )
    assert is_signed_by(PUBLIC, document.SerializeToString(True), raw.signatures[0])


class Mempool(tx_service_pb2_grpc.ServiceServicer):
    """A transaction service that answers each broadcast as the test says."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[bytes] = []
        self.committed: set[str] = set()

    async def BroadcastTx(
        self, request: tx_service_pb2.BroadcastTxRequest, context: grpc.aio.ServicerContext
    ) -> tx_service_pb2.BroadcastTxResponse:
        self.seen.append(request.tx_bytes)
        return tx_service_pb2.BroadcastTxResponse(tx_response=self.answers.pop(0)(request.tx_bytes))

    async def GetTx(
        self, request: tx_service_pb2.GetTxRequest, context: grpc.aio.ServicerContext
    ) -> tx_service_pb2.GetTxResponse:
        if request.hash not in self.committed:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not found")
        return tx_service_pb2.GetTxResponse()


def accept(_: bytes) -> abci_pb2.TxResponse:
    return abci_pb2.TxResponse()


def refuse(codespace: str, code: int, name: str) -> Answer:
    return lambda _: abci_pb2.TxResponse(codespace=codespace, code=code, info=name, raw_log="because")


@asynccontextmanager
async def serve(mempool: Mempool) -> AsyncIterator[TxSender]:
    server = grpc.aio.server()
    tx_service_pb2_grpc.add_ServiceServicer_to_server(mempool, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        clock = ChainClock()
        clock.observe(TIME_NS)
        sender = TxSender(tx_service_pb2_grpc.ServiceStub(channel), KEY, clock)
        sender.chain_id = "mesh-1"
        yield sender
    await server.stop(None)


def make_block(height: int, time_ns: int, *txs: events_pb2.TxSummary) -> events_pb2.BlockSummary:
    return events_pb2.BlockSummary(height=height, time_ns=time_ns, txs=txs)


def test_a_transaction_is_over_when_its_block_is_there() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        sender.observe_block(make_block(5, TIME_NS + 1))
        assert not pending.committed.done()
        summary = events_pb2.TxSummary(hash=pending.signed.tx_hash)
        sender.observe_block(make_block(6, TIME_NS + 2, summary))
        assert await pending.committed == 6

    play(run, accept)


def test_a_refusal_in_the_block_has_its_name() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        summary = events_pb2.TxSummary(
            hash=pending.signed.tx_hash, code=1140, reason="ErrNodeDisabled", log="no"
        )
        sender.observe_block(make_block(6, TIME_NS + 2, summary))
        with pytest.raises(TxRejected) as refused:
            await pending.committed
        assert refused.value.reason == "ErrNodeDisabled"

    play(run, accept)


def test_a_refusal_at_the_check_has_its_name_and_is_not_tried_again() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        with pytest.raises(TxRejected) as refused:
            await sender.hand_in(MESSAGE)
        assert refused.value.reason == "ErrUnauthorized"
        assert len(mempool.seen) == 1

    play(run, refuse("sdk", 4, "ErrUnauthorized"))


def test_a_full_mempool_is_offered_the_same_bytes_again() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        await sender.hand_in(MESSAGE)
        assert len(mempool.seen) == 2
        assert len(set(mempool.seen)) == 1

    play(run, refuse("sdk", 20, "ErrMempoolFull"), accept)


def test_a_transaction_that_waits_already_is_not_sent_twice() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        assert not pending.committed.done()

    play(run, refuse("sdk", 19, "ErrTxInMempoolCache"))


def test_a_retry_that_is_refused_because_the_first_try_got_through_is_no_refusal() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        def commit(tx_bytes: bytes) -> abci_pb2.TxResponse:
            mempool.committed.add(hashlib.sha256(tx_bytes).hexdigest().upper())
            return refuse("sdk", 18, "ErrInvalidRequest")(tx_bytes)

        mempool.answers.append(commit)
        pending = await sender.hand_in(MESSAGE)
        sender.observe_block(make_block(6, TIME_NS, events_pb2.TxSummary(hash=pending.signed.tx_hash)))
        assert await pending.committed == 6

    play(run, refuse("sdk", 20, "ErrMempoolFull"))


def test_a_transaction_is_lost_once_block_time_has_passed_its_timeout_and_signed_anew() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        sending = asyncio.create_task(sender.send_until_known(MESSAGE, 2))
        await until(lambda: len(sender._pending) == 1 and len(mempool.seen) == 1)
        first = next(iter(sender._pending.values())).signed
        sender.observe_block(make_block(7, first.timeout_ns))
        await until(lambda: len(mempool.seen) == 2)
        second = next(iter(sender._pending.values())).signed
        assert second.tx_hash != first.tx_hash
        sender.observe_block(make_block(8, first.timeout_ns + 1, events_pb2.TxSummary(hash=second.tx_hash)))
        assert await sending == 8

    play(run, accept, accept)


def test_a_lost_transaction_is_told_to_whoever_does_not_want_it_signed_anew() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        sender.observe_block(make_block(7, pending.signed.timeout_ns))
        with pytest.raises(TxLost):
            await pending.committed

    play(run, accept)


def test_a_transaction_that_a_killed_chain_forgot_is_handed_in_again_with_the_same_bytes() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        sender.observe_block(make_block(5, TIME_NS + 1))
        sender.observe_block(make_block(6, TIME_NS + 2))
        assert not sender.find_overdue()
        sender.observe_block(make_block(7, TIME_NS + 3))
        assert sender.find_overdue() == (pending,)
        await sender.repeat(pending)
        assert mempool.seen == [pending.signed.tx_bytes] * 2
        assert not pending.committed.done()

    play(run, accept, accept)


def test_a_repeated_transaction_that_is_void_by_now_is_refused() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        pending = await sender.hand_in(MESSAGE)
        await sender.repeat(pending)
        with pytest.raises(TxRejected, match="because"):
            await pending.committed

    play(run, accept, refuse("poc", 7, "ErrPocTooLate"))


def test_a_refused_transaction_blocks_no_other() -> None:
    async def run(sender: TxSender, mempool: Mempool) -> None:
        results = await asyncio.gather(*(sender.hand_in(MESSAGE) for _ in range(3)), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["Pending", "Pending", "TxRejected"]
        assert len({pending.signed.tx_hash for pending in sender._pending.values()}) == 2

    play(run, accept, refuse("inference", 1, "ErrNo"), accept)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def play(run: Callable[[TxSender, Mempool], Awaitable[None]], *answers: Answer) -> None:
    async def main() -> None:
        mempool = Mempool(*answers)
        async with serve(mempool) as sender:
            await run(sender, mempool)

    asyncio.run(main())
