"""Inferences through the embedded chain: mempool, machine, one durable SQL transaction a block."""

import asyncio
import itertools
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from chain.auth.signatures import verify_signature
from chain.context import Context
from chain.envelope import open_tx, sign_bytes
from chain.inference.rules import build_request_bytes, build_transfer_bytes
from chain.inference.types import MsgFinishInference, MsgStartInference
from chain.io.feed import Feed
from chain.io.metrics import Metrics
from chain.io.opening import open_chain
from chain.io.producer import Producer
from chain.io.serve import calm_collector
from chain.io.sql import Database
from chain.machine import build_keepers
from chain.router import build_routes
from tests.chain.kit import CHAIN_ID, build_tx
from tests.chain.market import Market

Rate = Callable[[], float]
PAIRS = 1000
"""Inferences in one measurement: as many starts, as many finishes."""
ROUTES = build_routes(build_keepers())


class Trade:
    """A market, and its starts and finishes in turn, signed beforehand."""

    def __init__(self, began_ns: int | None = None) -> None:
        self.market = Market()
        began = began_ns or self.market.context().time_ns
        self.messages = [
            make(timestamp=began + at)
            for at in range(PAIRS)
            for make in (self.market.start, self.market.finish)
        ]


def prepare_signed() -> tuple[Rate, Rate]:
    """Signed starts and finishes from the first check to the durable block, against only decoding them and
    verifying each signature once.
    """
    trade = Trade(time.time_ns())
    numbers = {one.address: one.account_number for one in trade.market.export().accounts}
    signers = {signer.address: signer for signer in trade.market.signers.values()}
    counted = {address: itertools.count() for address in signers}
    txs = [
        build_tx([(signers[msg.creator], numbers[msg.creator], next(counted[msg.creator]))], msg)
        for msg in trade.messages
    ]
    keys = {address: signer.public_key for address, signer in signers.items()}
    return (lambda: _make_block(trade, txs)), (lambda: _verify_bare(txs, keys, numbers))


def prepare_signed_alone() -> tuple[Rate, Rate]:
    """The same against 5,000 a second."""
    ours, _ = prepare_signed()
    return ours, lambda: 5_000.0


def prepare_unsigned() -> tuple[Rate, Rate]:
    """The same messages handed to the handlers, signatures known to be good, against 20,000 a second."""
    trade = Trade()
    return (lambda: _handle_all(trade)), (lambda: 20_000.0)


def _make_block(trade: Trade, txs: list[bytes]) -> float:
    genesis = trade.market.export()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    database = Database(f"sqlite:///{folder}/chain.db")
    database.open()
    machine, tip, _ = open_chain(database, genesis, "bench")
    feed = Feed(database, tip.height, genesis.initial_height)
    producer = Producer(machine, database, tip, feed, Metrics())
    calm_collector()
    spent = asyncio.run(_measure(producer, txs))
    assert sum(1 for one in machine.export().inferences if one.actual_cost) == PAIRS
    database.close()
    return len(txs) / spent


async def _measure(producer: Producer, txs: list[bytes]) -> float:
    """Seconds from the first check to the durable block."""
    began = time.perf_counter()
    for tx in txs:
        assert producer.broadcast(tx).code == 0
    await producer.produce()
    return time.perf_counter() - began


def _verify_bare(txs: list[bytes], keys: dict[str, bytes], numbers: dict[str, int]) -> float:
    began = time.perf_counter()
    for data in txs:
        tx = open_tx(data, ROUTES)
        msg = tx.messages[0]
        signed = sign_bytes(tx.raw, CHAIN_ID, numbers[tx.signers[0]])
        for address, message, signature in (
            (tx.signers[0], signed, tx.raw.signatures[0]),
            *_signatures_of(msg),
        ):
            assert verify_signature("secp256k1", keys[address], message, signature)
    return len(txs) / (time.perf_counter() - began)


def _signatures_of(msg: object) -> tuple[tuple[str, bytes, bytes], ...]:
    """Who signed what inside a message. The requester's and the agent's come again in the finish and count
    once.
    """
    if isinstance(msg, MsgStartInference):
        request = build_request_bytes(msg.original_prompt, msg.request_timestamp, msg.creator)
        transfer = request + msg.assigned_to.encode()
        return (
            (msg.requested_by, request, b64decode(msg.inference_id)),
            (msg.creator, transfer, b64decode(msg.transfer_signature)),
        )
    assert isinstance(msg, MsgFinishInference)
    transfer = build_transfer_bytes(
        msg.original_prompt, msg.request_timestamp, msg.transferred_by, msg.executed_by
    )
    return ((msg.executed_by, transfer, b64decode(msg.executor_signature)),)


def _handle_all(trade: Trade) -> float:
    ctx = trade.market.context()
    _handle(trade, ctx.branch())
    calm_collector()
    block = ctx.branch()
    began = time.perf_counter()
    _handle(trade, block)
    return len(trade.messages) / (time.perf_counter() - began)


def _handle(trade: Trade, block: Context) -> None:
    room = trade.market.routes
    handlers = {
        MsgStartInference: room["/chain.v1.MsgStartInference"].handle,
        MsgFinishInference: room["/chain.v1.MsgFinishInference"].handle,
    }
    for msg in trade.messages:
        branch = block.branch()
        handlers[type(msg)](branch, msg)
        block.write(branch)
