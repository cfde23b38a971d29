"""The embedded engine: one proposer that decides when a block comes and what is in it. The clock lives here.

Each block goes: propose → finalise in memory → one SQL transaction → commit in memory → tell. Killed at any
point, the chain is found at the block before or at this one, never between them.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from chain.auth.types import Signed
from chain.block import Block, BlockResult, Header, Info, QueryResult, TxResult
from chain.header import compute_txs_hash, with_block_hash
from chain.io.feed import Feed
from chain.io.metrics import Metrics
from chain.io.sql import BlockRows, Database
from chain.io.telling import describe_tx, summarise_block
from chain.io.verifier import Verifier
from chain.mempool import Mempool
from chain.merkle import Proven

PROPOSER = "embedded"
"""Who proposes, where nobody else could."""
BLOCK_BYTES_MAX = 4 * 1024 * 1024
"""Bytes of transactions in one block: what executes in well under a second."""


class Machine(Protocol):
    """The application as the engine drives it."""

    def info(self) -> Info: ...
    def check_tx(self, tx: bytes, recheck: bool = False) -> TxResult: ...
    def prepare_proposal(self, txs: tuple[bytes, ...], max_bytes: int) -> tuple[bytes, ...]: ...
    def finalize_block(self, block: Block) -> BlockResult: ...
    def commit(self) -> None: ...
    def query(self, path: str, data: bytes, height: int = 0) -> QueryResult: ...
    def list_signatures(self, txs: tuple[bytes, ...]) -> tuple[Signed, ...]: ...
    def remember_signatures(self, good: Iterable[Signed]) -> None: ...
    def simulate(self, tx: bytes) -> TxResult: ...
    def prove(self, key: bytes, height: int = 0) -> Proven: ...


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of the chain, on which the next block is laid."""

    chain_id: str
    height: int
    time_ns: int
    block_hash: bytes
    """Hash of the last header; empty before the first block."""
    app_hash: bytes
    results_hash: bytes


class Producer:
    """Makes blocks, one at a time."""

    def __init__(
        self,
        machine: Machine,
        database: Database,
        tip: Tip,
        feed: Feed,
        metrics: Metrics,
        reached: Callable[[str, int], None] = lambda point, height: None,
    ) -> None:
        self.mempool = Mempool(machine)
        self.tip = tip
        self._machine = machine
        self._database = database
        self._feed = feed
        self._metrics = metrics
        self._reached = reached
        self._verifier = Verifier()
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: Exception | None = None

    def broadcast(self, tx: bytes) -> TxResult:
        """Take a transaction into the mempool, if it passes the check."""
        result = self.mempool.add(tx)
        if result.code == 0:
            self._wanted.set()
        self._metrics.checked(result.reason)
        self._metrics.waiting(len(self.mempool), self.mempool.size_bytes)
        return result

    async def produce(self) -> Block:
        """Make the next block out of what waits, write it, and tell of it. One that fails is the last one."""
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            try:
                return await self._make_block()
            except Exception as failure:
                self._failure = failure
                self._failed.set()
                raise

    async def run_by_hand(self) -> None:
        """No block of its own; ends with the error of one that could not be made."""
        await self._failed.wait()
        if self._failure is not None:
            raise self._failure

    async def run_interval(self, block_time_s: float) -> None:
        """A block every so many seconds; one that comes late does not make the next ones hurry."""
        due = time.monotonic()
        while True:
            due = max(due + block_time_s, time.monotonic())
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self.produce()

    async def run_instant(self) -> None:
        """A block as soon as a transaction waits, and none while none does."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while len(self.mempool):
                await self.produce()

    async def finish(self) -> None:
        """Let the block under way be finished, and begin no other one."""
        await self._turn.acquire()
        self._verifier.close()

    async def _make_block(self) -> Block:
        started = time.perf_counter()
        block = self._propose()
        signatures = self._machine.list_signatures(block.txs)
        self._machine.remember_signatures(await self._verifier.verify(signatures))
        result = self._machine.finalize_block(block)
        summary = summarise_block(block, result).SerializeToString(deterministic=True)
        self._reached("before_sql", block.header.height)
        finalised = time.perf_counter()
        await asyncio.to_thread(self._database.commit, block, result, _rows(block, result, summary))
        written = time.perf_counter()
        self._reached("after_sql", block.header.height)
        self._machine.commit()
        self._advance(block, result)
        self._feed.publish(block.header.height, summary)
        self._metrics.committed(
            block.header.height,
            result,
            finalised - started,
            written - finalised,
            time.perf_counter() - started,
        )
        self._metrics.waiting(len(self.mempool), self.mempool.size_bytes)
        return block

    def _propose(self) -> Block:
        """The next block: its time is the clock's, but always later than the last block's."""
        tip = self.tip
        txs = self._machine.prepare_proposal(self.mempool.txs(), BLOCK_BYTES_MAX)
        header = Header(
            chain_id=tip.chain_id,
            height=tip.height + 1,
            time_ns=max(time.time_ns(), tip.time_ns + 1),
            previous_hash=tip.block_hash,
            app_hash=tip.app_hash,
            results_hash=tip.results_hash,
            txs_hash=compute_txs_hash(txs),
            proposer=PROPOSER,
        )
        return Block(with_block_hash(header), txs)

    def _advance(self, block: Block, result: BlockResult) -> None:
        header = block.header
        self.tip = Tip(
            header.chain_id,
            header.height,
            header.time_ns,
            header.block_hash,
            result.app_hash,
            result.results_hash,
        )
        self.mempool.update(zip(block.txs, result.tx_results, strict=True))


def _rows(block: Block, result: BlockResult, summary: bytes) -> BlockRows:
    header = block.header
    responses = [
        describe_tx(tx, of, header.height, header.time_ns)
        for tx, of in zip(block.txs, result.tx_results, strict=True)
    ]
    return BlockRows(
        summary=summary,
        txs=tuple(
            (bytes.fromhex(response.txhash), tx, response.SerializeToString(deterministic=True))
            for tx, response in zip(block.txs, responses, strict=True)
        ),
    )
