"""The chain against its limits: one signature check a transaction, one fsync a block."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import coincurve

from chain.app import App
from chain.bank.types import Coin, MsgSend
from chain.block import Block, BlockResult, Header
from chain.cosmos import tx_service_pb2
from chain.io.serve import calm_collector
from chain.io.sql import BlockRows, Database
from chain.merkle import MerkleTree
from chain.profiles import PRODUCTION
from chain.records import replace
from tests.chain.io.daemon import ADA, BOB, Client, Daemon
from tests.chain.kit import CHAIN_ID, GENESIS_TIME_NS, Chain, Signer, build_genesis, build_tx

Rate = Callable[[], float]
TRANSFERS = 500
CHANGES = 1000
EMPTY_BLOCKS = 100_000
BROADCASTS = 2000
BROADCASTS_AT_ONCE = 32
MILLION = 1_000_000
ROOTS = 10
MONTH_BLOCKS = 30 * 17_280


def prepare_transfers() -> tuple[Rate, Rate]:
    """Blocks of signed transfers, never checked before, against bare checks of as many signatures."""
    ann, ben = Signer("ann"), Signer("ben")

    def ours() -> float:
        chain = Chain(build_genesis(ann, ben), App("bench"))
        send = MsgSend(ann.address, ben.address, (Coin("umesh", "1"),))
        txs = [chain.sign(ann, send, ahead=number) for number in range(TRANSFERS)]
        began = time.perf_counter()
        result = chain.make_block(*txs)
        spent = time.perf_counter() - began
        assert all(tx.code == 0 for tx in result.tx_results)
        return TRANSFERS / spent

    key = coincurve.PrivateKey(ann.secret)
    message, public = b"m" * 200, key.public_key.format()
    signature = key.sign(message)

    def reference() -> float:
        began = time.perf_counter()
        for _ in range(TRANSFERS):
            assert coincurve.PublicKey(public).verify(signature, message)
        return TRANSFERS / (time.perf_counter() - began)

    return ours, reference


def prepare_commits() -> tuple[Rate, Rate]:
    """Durable commits of blocks with a thousand changes, against appending the same bytes with one fsync."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    changes = tuple((b"\x11\x01" + number.to_bytes(16, "big"), b"v" * 160) for number in range(CHANGES))
    payload = b"".join(key + value for key, value in changes)

    def ours() -> float:
        chain = Chain(build_genesis(Signer("ann")))
        result = replace(chain.make_block(), changes=changes)
        database = Database(f"sqlite:///{folder}/{time.time_ns()}.db")
        database.open()
        database.initialise("mesh-test", b"{}", replace(result, height=0))
        began = time.perf_counter()
        for height in range(1, 51):
            _commit(database, chain, result, height)
        spent = time.perf_counter() - began
        database.close()
        return 50 / spent

    def reference() -> float:
        with (folder / "plain").open("wb") as file:
            began = time.perf_counter()
            for _ in range(50):
                file.write(payload)
                file.flush()
                os.fdatasync(file.fileno())
            return 50 / (time.perf_counter() - began)

    return ours, reference


def prepare_empty_blocks() -> tuple[Rate, Rate]:
    """The last thousand of many empty blocks against the first: the rate must not fall with the height."""
    rates: list[float] = []

    def first() -> float:
        return rates[0]

    def last() -> float:
        chain = Chain(build_genesis(Signer("ann"), params=PRODUCTION), App("bench"))
        calm_collector()
        rates[:] = [_step(chain, 1000)]
        _step(chain, EMPTY_BLOCKS - 2000)
        return _step(chain, 1000)

    return last, first


def prepare_stepping() -> tuple[Rate, Rate]:
    """Empty blocks, one after the other, against 20,000 a second."""
    chain = Chain(build_genesis(Signer("ann"), params=PRODUCTION), App("bench"))
    calm_collector()
    return (lambda: _step(chain, 5000)), (lambda: 20_000.0)


def prepare_quiet_months() -> tuple[Rate, Rate]:
    """Months of the production schedule in which nothing comes in, skipped, against one a second."""

    def ours() -> float:
        chain = Chain(build_genesis(Signer("ann"), params=PRODUCTION), App("bench"))
        began = time.perf_counter()
        chain.skip_to(MONTH_BLOCKS)
        return 1 / (time.perf_counter() - began)

    return ours, lambda: 1.0


def _step(chain: Chain, blocks: int) -> float:
    header, app = chain.header, chain.app
    began = time.perf_counter()
    for _ in range(blocks):
        header = Header(CHAIN_ID, header.height + 1, header.time_ns + 10**9)
        app.finalize_block(Block(header))
        app.commit()
    chain.header = header
    return blocks / (time.perf_counter() - began)


def prepare_roots() -> tuple[Rate, Rate]:
    """Change set written and root known, of a thousand changes among a million keys, against 40 ms."""
    tree = MerkleTree()
    for first in range(0, MILLION, 50_000):
        keys = range(first, first + 50_000)
        tree.update((b"\x11\x01" + key.to_bytes(16, "big"), b"v" * 160) for key in keys)
    calm_collector()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    block = Chain(build_genesis(Signer("ann")))
    result = block.make_block()

    def ours() -> float:
        database = Database(f"sqlite:///{folder}/{time.time_ns()}.db")
        database.open()
        database.initialise("mesh-test", b"{}", replace(result, height=0))
        began = time.perf_counter()
        for height in range(1, ROOTS + 1):
            step = MILLION // CHANGES
            keys = [key * step + height for key in range(CHANGES)]
            changes = tuple((b"\x11\x01" + key.to_bytes(16, "big"), os.urandom(160)) for key in keys)
            tree.update(changes)
            tree.root()
            _commit(database, block, replace(result, changes=changes), height)
        spent = time.perf_counter() - began
        database.close()
        return ROOTS / spent

    return ours, lambda: 25.0


def prepare_broadcasts() -> tuple[Rate, Rate]:
    """Signed transfers that one client hands to a running chain over gRPC, several calls at once; each is
    checked, signature included, before it is answered.
    """

    def ours() -> float:
        daemon = Daemon(Path(tempfile.mkdtemp(prefix="bench-")), options=("--block-mode", "manual"))
        daemon.start()
        try:
            return asyncio.run(_broadcast(daemon))
        finally:
            daemon.close()

    return ours, lambda: 1000.0


async def _broadcast(daemon: Daemon) -> float:
    send = MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),))
    async with Client(daemon) as client:
        account = await client.account(ADA.address)
        entry, until_ns = (ADA, account.account_number, 0), GENESIS_TIME_NS + 300 * 10**9
        txs = iter(
            [build_tx([entry], send, unordered=True, timeout_ns=until_ns + at) for at in range(BROADCASTS)]
        )

        async def hand_in() -> None:
            for tx in txs:
                request = tx_service_pb2.BroadcastTxRequest(
                    tx_bytes=tx, mode=tx_service_pb2.BROADCAST_MODE_SYNC
                )
                path = "/cosmos.tx.v1beta1.Service/BroadcastTx"
                answer = await client.call(path, request, tx_service_pb2.BroadcastTxResponse)
                assert answer.tx_response.code == 0, answer.tx_response.raw_log

        began = time.perf_counter()
        await asyncio.gather(*(hand_in() for _ in range(BROADCASTS_AT_ONCE)))
        return BROADCASTS / (time.perf_counter() - began)


def _commit(database: Database, chain: Chain, result: BlockResult, height: int) -> None:
    block = replace(chain.blocks[-1], header=replace(chain.blocks[-1].header, height=height))
    database.commit(block, replace(result, height=height), BlockRows(summary=b"", txs=()))
