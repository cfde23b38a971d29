"""The machine in the verbs of ABCI. Whoever drives it - the embedded producer, CometBFT, a test - calls
these and nothing else, and the machine knows nothing of its driver.

    init_chain or restore
    then for each height: finalize_block, commit
    at any time: info, check_tx, query, simulate, prepare_proposal, process_proposal, export

`finalize_block` and `init_chain` work in memory and say what would change; the driver stores that;
`commit` then makes it the state. A block finalised and not committed is forgotten when another one is
finalised. One owner, one thread.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from chain.ante import Mode
from chain.block import Block, BlockResult, Header, Info, QueryResult, TxResult
from chain.codec import encode
from chain.context import Context
from chain.errors import ErrInvalidRequest, ErrPanic, Fatal, Refusal
from chain.execution import Executor, attempt
from chain.genesis import GenesisState
from chain.layout import BlockEncoder, decode_value
from chain.machine import build_keepers, export_genesis, import_genesis
from chain.merkle import MerkleTree, Proof, Undo
from chain.queries.table import answer, build_queries
from chain.router import build_routes
from chain.store import Store

RESULTS_DOMAIN = b"meshkeeper/results\0"


@dataclass(frozen=True, slots=True)
class Pending:
    """A block that is finalised and not yet committed."""

    ctx: Context
    result: BlockResult
    undo: list[Undo]


class App:
    """The state machine."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._keepers = build_keepers()
        self._encoder = BlockEncoder()
        self._routes = build_routes(self._keepers)
        self._queries = build_queries(self._keepers)
        self._executor = Executor(self._keepers, self._routes, self._encoder)
        self._store = Store()
        self._tree = MerkleTree()
        self._header: Header | None = None
        self._app_hash = b""
        self._results_hash = b""
        self._pending: Pending | None = None
        self._check = Context(Header("", 0, 0), self._store.branch())
        self._end_block = (
            self._keepers.accounts.process_expired_nonces,
            self._keepers.inferences.process_expiry,
            self._keepers.stages.process_epoch_stages,  # end of validation, switch, start of mining
        )

    # Life of the state

    def init_chain(self, genesis: GenesisState) -> BlockResult:
        """Lays out the first state, at the height before `initial_height`. Like a block: store the result,
        then commit. Refuses a document that contradicts itself.
        """
        if self._header is not None:
            raise Fatal("the machine has a state already")
        height = genesis.initial_height - 1
        ctx = Context(Header(genesis.chain_id, height, genesis.genesis_time_ns), self._store.branch())
        import_genesis(self._keepers, ctx, genesis)
        return self._finish(ctx, ())

    def restore(
        self, height: int, app_hash: bytes, entries: Iterable[tuple[bytes, bytes]], header: Header
    ) -> None:
        """Takes up a stored state: all entries, and the header of its last block. Stops the machine when
        they do not give the app hash.
        """
        if self._header is not None or header.height != height:
            raise Fatal(f"cannot restore height {height} with the header of height {header.height}")
        for key, data in entries:
            self._store.set(key, decode_value(key, data))
            self._tree.update([(key, data)])
        if self._tree.root() != app_hash:
            raise Fatal(f"the stored state of height {height} does not give the stored app hash")
        self._settle(header, app_hash, b"")

    def finalize_block(self, block: Block) -> BlockResult:
        """Runs a block: its transactions in order, then what happens at its end. Changes nothing until
        `commit`.
        """
        self._drop_pending()
        last = self._require_header()
        refusal = self._find_fault(block.header, last)
        if refusal:
            raise Fatal(f"block {block.header.height} does not follow {last.height}: {refusal}")
        ctx = Context(block.header, self._store.branch())
        tx_results = tuple(self._executor.run(ctx, tx, Mode.DELIVER) for tx in block.txs)
        self._process_end(ctx)
        return self._finish(ctx, tx_results)

    def commit(self) -> None:
        """Makes the finalised block the state."""
        if self._pending is None:
            raise Fatal("there is no finalised block to commit")
        pending, self._pending = self._pending, None
        pending.ctx.store.write()
        self._encoder.clear()
        self._settle(pending.ctx.header, pending.result.app_hash, pending.result.results_hash)

    def export(self) -> GenesisState:
        """The committed state as a genesis document."""
        return export_genesis(self._keepers, self._committed())

    # Transactions on their way in

    def check_tx(self, tx: bytes, recheck: bool = False) -> TxResult:
        """Whether a transaction would get past the ante in the next block, after those checked before it.
        What was checked is forgotten at `commit`; then the driver checks again what still waits, with
        `recheck`.
        """
        self._require_header()
        return self._executor.run(self._check, tx, Mode.RECHECK if recheck else Mode.CHECK)

    def simulate(self, tx: bytes) -> TxResult:
        """What a transaction would do, without signatures and without a gas limit."""
        return self._executor.run(self._next_block().branch(), tx, Mode.SIMULATE)

    def prepare_proposal(self, txs: Iterable[bytes], max_bytes: int) -> tuple[bytes, ...]:
        """Transactions for a block, in the order given, as many as fit; one that does not fit is passed
        over.
        """
        chosen: list[bytes] = []
        for tx in dict.fromkeys(txs):
            if len(tx) <= max_bytes and self._executor.check_structure(tx) is None:
                chosen.append(tx)
                max_bytes -= len(tx)
        return tuple(chosen)

    def process_proposal(self, block: Block) -> bool:
        """Whether a proposed block may be voted for: its header follows ours and its transactions can be
        read.
        """
        if self._find_fault(block.header, self._require_header()):
            return False
        return all(self._executor.check_structure(tx) is None for tx in block.txs)

    # Reading

    def info(self) -> Info:
        """Where the machine stands."""
        height = self._header.height if self._header else 0
        return Info(height, self._app_hash, self._version)

    def query(self, path: str, data: bytes, height: int = 0) -> QueryResult:
        """Answers a read of the committed state, for example of "/chain.v1.Query/Params". Only the last
        height is kept: 0 or its number.
        """
        ctx = self._committed()
        if height not in (0, ctx.height):
            return _refuse(
                ErrInvalidRequest(why=f"height {height} is not kept, only {ctx.height}"), ctx.height
            )
        value, refusal = attempt(lambda: answer(self._queries, ctx, path, data))
        if value is None:
            return _refuse(refusal or ErrPanic(what="no answer"), ctx.height)
        return QueryResult(value=value, height=ctx.height)

    def prove(self, key: bytes) -> Proof:
        """A proof of what the committed state holds under a key."""
        if self._pending is not None:
            raise Fatal("a block is finalised and not committed; prove after commit")
        return self._tree.prove(key)

    def list_snapshots(self) -> tuple[()]:
        """Snapshots that other machines could start from: none are kept."""
        return ()

    # Inside

    def _process_end(self, ctx: Context) -> None:
        for process in self._end_block:
            try:
                process(ctx)
            except (Fatal, MemoryError, RecursionError):
                raise
            except Exception as error:
                raise Fatal(f"the end of block {ctx.height} failed: {error}") from error

    def _finish(self, ctx: Context, tx_results: tuple[TxResult, ...]) -> BlockResult:
        changes = tuple((key, self._encoder.encode(key, value)) for key, value in ctx.store.changes())
        undo = self._tree.update(changes)
        result = BlockResult(
            height=ctx.height,
            tx_results=tx_results,
            events=tuple(ctx.events),
            changes=changes,
            app_hash=self._tree.root(),
            results_hash=compute_results_hash(tx_results),
            epoch=encode(self._keepers.epochs.get_epoch_info(ctx)),
        )
        self._pending = Pending(ctx, result, undo)
        return result

    def _drop_pending(self) -> None:
        if self._pending is not None:
            self._tree.revert(self._pending.undo)
            self._pending = None
        self._encoder.clear()

    def _settle(self, header: Header, app_hash: bytes, results_hash: bytes) -> None:
        self._header, self._app_hash, self._results_hash = header, app_hash, results_hash
        self._check = self._next_block()

    def _require_header(self) -> Header:
        if self._header is None:
            raise Fatal("the machine has no state; call init_chain and commit, or restore")
        return self._header

    def _committed(self) -> Context:
        return Context(self._require_header(), self._store.branch())

    def _next_block(self) -> Context:
        last = self._require_header()
        return Context(Header(last.chain_id, last.height + 1, last.time_ns), self._store.branch())

    def _find_fault(self, header: Header, last: Header) -> str:
        """Why a header cannot be the next one, in words; empty when it can."""
        if header.chain_id != last.chain_id:
            return f"it is of chain {header.chain_id!r}, not {last.chain_id!r}"
        if header.height != last.height + 1:
            return f"its height is {header.height}"
        if header.time_ns < last.time_ns:
            return "its time lies before the last block's"
        if header.app_hash and header.app_hash != self._app_hash:
            return "its app hash is not the state's"
        return ""


def compute_results_hash(tx_results: Iterable[TxResult]) -> bytes:
    """One hash over code, data, gas wanted and gas used of a block's transactions, in order."""
    digest = hashlib.sha256(RESULTS_DOMAIN)
    for result in tx_results:
        for number in (result.code, len(result.data), result.gas_wanted, result.gas_used):
            digest.update(number.to_bytes(8, "big"))
        digest.update(result.data)
    return digest.digest()


def _refuse(refusal: Refusal, height: int) -> QueryResult:
    return QueryResult(refusal.code, refusal.codespace, refusal.reason, str(refusal), height=height)
