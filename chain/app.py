"""The machine in the verbs of ABCI. Whoever drives it - the embedded producer, CometBFT, a test - calls
these and nothing else, and the machine knows nothing of its driver.

    init_chain or restore, or offer_snapshot and apply_snapshot_chunk
    then for each height: finalize_block, commit
    at any time: info, check_tx, query, prove, simulate, prepare_proposal, process_proposal, export, revert,
                 list_snapshots, load_snapshot_chunk

`finalize_block` and `init_chain` work in memory and say what would change; the driver stores that;
`commit` then makes it the state. A block finalised and not committed is forgotten when another one is
finalised. One owner, one thread.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from chain.ahead import list_signatures
from chain.ante import Mode
from chain.auth.types import Signed
from chain.block import Block, BlockResult, Header, Info, QueryResult, TxResult
from chain.codec import encode
from chain.context import Context
from chain.enactment import Enactment
from chain.endings import build_endings
from chain.epochs.keeper import EFFECTIVE_INDEX
from chain.errors import ErrPanic, Fatal
from chain.execution import Executor, attempt
from chain.genesis import GenesisState
from chain.header import compute_results_hash, find_header_fault
from chain.history import HISTORY_BLOCKS, History, Step, merge, refuse_far_proof
from chain.layout import BlockEncoder, encode_all, encode_sorted, encode_value
from chain.machine import build_keepers, export_genesis, import_genesis
from chain.merkle import MerkleTree, Proven, Undo
from chain.queries.table import answer, build_queries, refuse_query
from chain.router import build_routes, find_governed
from chain.snapshots import FORMAT, KEPT, Applied, Arriving, Offer, Snapshot, Taken, read_offer, take_up
from chain.store import Store
from chain.upgrades.plan import UPGRADES, Upgrade, find_fault, find_upgrade_wakeup, process_upgrades
from chain.validators.keeper import find_updates
from chain.waking import Wakeup, find_first

EPOCH_KEY = EFFECTIVE_INDEX.encode()


@dataclass(frozen=True, slots=True)
class Pending:
    """A block that is finalised and not yet committed."""

    ctx: Context
    result: BlockResult
    undo: list[Undo]


class App:
    """The state machine."""

    def __init__(
        self,
        version: str,
        history_blocks: int = HISTORY_BLOCKS,
        upgrades: tuple[Upgrade, ...] = UPGRADES,
        runs_quiet_ends: bool = False,
    ) -> None:
        """`runs_quiet_ends` runs the ends of empty blocks also where they say that they do nothing: what
        checks that they are right.
        """
        self._version = version
        self._keepers = build_keepers(upgrades)
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
        self._runs_quiet_ends = runs_quiet_ends
        self._wakeup: Wakeup | None = None
        self._history = History(history_blocks)
        self._check = Context(Header("", 0, 0), self._store.branch())
        self._upgrades = upgrades
        self._is_lawful = False
        self._arriving: Arriving | None = None
        self.taken: tuple[Taken, ...] = ()
        """States that are kept for others to start from, oldest first."""
        enactment = Enactment(self._keepers.proposals, find_governed(self._routes))
        self._end_block = build_endings(self._keepers, enactment)

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
        self,
        height: int,
        app_hash: bytes,
        entries: Iterable[tuple[bytes, bytes]],
        header: Header,
        history: Iterable[Step] = (),
    ) -> None:
        """Takes up a stored state: all entries, the header of its last block, and steps back from it, oldest
        first. Stops the machine when the entries do not give the app hash.
        """
        if self._header is not None or header.height != height:
            raise Fatal(f"cannot restore height {height} with the header of height {header.height}")
        take_up(self._store, self._tree, entries)
        if self._tree.root() != app_hash:
            raise Fatal(f"the stored state of height {height} does not give the stored app hash")
        for step in history:
            self._history.push(step)
        self._settle(header, app_hash, b"")

    def finalize_block(self, block: Block) -> BlockResult:
        """Runs a block: an upgrade that has its height, its transactions in order, then what happens at its
        end. Changes nothing until `commit`.
        """
        self._drop_pending()
        last = self._require_header()
        refusal = find_header_fault(block.header, last, self._app_hash)
        if refusal:
            raise Fatal(f"block {block.header.height} does not follow {last.height}: {refusal}")
        ctx = Context(block.header, self._store.branch())
        self._require_law(ctx)
        if not block.txs and self._is_quiet(block.header):
            return self._finish(ctx, ())
        process_upgrades(self._upgrades, self._keepers, ctx)
        tx_results = self._executor.run_block(ctx, block.txs)
        self._process_end(ctx)
        return self._finish(ctx, tx_results)

    def commit(self) -> None:
        """Makes the finalised block the state."""
        if self._pending is None:
            raise Fatal("there is no finalised block to commit")
        pending, self._pending = self._pending, None
        is_block = self._header is not None
        if self._header is not None:
            before = tuple((key, self._store.get(key)) for key, _ in pending.ctx.store.changes())
            self._history.push(Step(self._header, self._app_hash, self._results_hash, before))
        epoch = self._store.get(EPOCH_KEY)
        pending.ctx.store.write()
        self._encoder.clear()
        self._settle(pending.ctx.header, pending.result.app_hash, pending.result.results_hash)
        if is_block and self._store.get(EPOCH_KEY) != epoch:
            read = partial(encode_sorted, self._store.freeze())
            taken = Taken(pending.ctx.header, self._app_hash, self._results_hash, read)
            self.taken = (*self.taken, taken)[-KEPT:]

    def require_law(self) -> None:
        """Stops a program that cannot make the next block: it lacks the upgrade that begins there, or brings
        one that does not.
        """
        self._require_law(self._next_block())

    def find_wakeup(self) -> Wakeup:
        """The next block that would do something if no transaction came."""
        ctx = self._committed()
        of_the_end = [ending.find_wakeup(ctx) for ending in self._end_block]
        return find_first([find_upgrade_wakeup(self._keepers.upgrades, ctx), *of_the_end])

    def skip(self, header: Header) -> None:
        """Passes over empty blocks up to this header, as if each had been made and committed. Refuses
        a header at or behind the next wake-up: that block has to be made.
        """
        last, wakeup = self._require_header(), self.find_wakeup()
        self._drop_pending()
        if header.chain_id != last.chain_id or header.height <= last.height or header.time_ns < last.time_ns:
            raise Fatal(f"cannot skip from height {last.height} to {header.height}: it does not follow")
        if not wakeup.is_ahead(header):
            raise Fatal(f"cannot skip to height {header.height}: height {wakeup.height} does something")
        self._history.push(Step(last, self._app_hash, self._results_hash, ()))
        self._settle(header, self._app_hash, compute_results_hash(()))

    def export(self, height: int = 0) -> GenesisState:
        """The state as a genesis document: the committed one, or that of an earlier height that is kept."""
        return export_genesis(self._keepers, self._at(height))

    def read_entries(self, height: int = 0) -> Iterator[tuple[bytes, bytes]]:
        """The state as encoded entries in key order: the committed one, or that of a height that is kept."""
        return ((key, encode_value(key, value)) for key, value in self._at(height).store.iterate())

    def revert(self, height: int) -> None:
        """Goes back to an earlier height that is kept, as if the blocks since had never been. The snapshot to
        go back to is that height's number. For simulations: a driver takes back itself what it has stored.
        """
        self._drop_pending()
        self._is_lawful, self._wakeup, self.taken = False, None, ()
        steps = self._history.find(height, self._require_header().height)
        changes = merge(steps)
        for key, value in changes.items():
            if value is None:
                self._store.delete(key)
            else:
                self._store.set(key, value)
        self._tree.update(encode_all(changes))
        for _ in steps:
            self._history.pop()
        if steps:
            self._settle(steps[-1].header, steps[-1].app_hash, steps[-1].results_hash)
        if self._tree.root() != self._app_hash:
            raise Fatal(f"going back to height {height} does not give its app hash")

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
        """Transactions for a block, in the order given, as many as fit by size and gas; one that does not fit
        is passed over.
        """
        return self._executor.choose(self._next_block(), txs, max_bytes)

    def process_proposal(self, block: Block) -> bool:
        """Whether a proposed block may be voted for: its header follows ours, its transactions can be read,
        and they fit into its budget.
        """
        if find_header_fault(block.header, self._require_header(), self._app_hash):
            return False
        return self._executor.is_within_budget(self._next_block(), block.txs)

    def list_signatures(self, txs: Iterable[bytes]) -> tuple[Signed, ...]:
        """Signatures that a block of these transactions will ask for and that are not known to be good."""
        opened = (tx for tx in map(self._executor.find_tx, txs) if tx is not None)
        return list_signatures(self._next_block(), opened, self._keepers.accounts, self._routes)

    def remember_signatures(self, good: Iterable[Signed]) -> None:
        """Takes signatures for good that the driver has verified. Only saves time."""
        self._keepers.accounts.remember_signatures(good)

    # Reading

    def info(self) -> Info:
        """Where the machine stands."""
        height = self._header.height if self._header else 0
        return Info(height, self._app_hash, self._version)

    def query(self, path: str, data: bytes, height: int = 0) -> QueryResult:
        """Answers a read, for example of "/chain.v1.Query/Params": of the committed state, or of the state at
        an earlier height that is kept.
        """
        ctx, refusal = attempt(lambda: self._at(height))
        if ctx is None:
            return refuse_query(refusal or ErrPanic(what="no state"), self._require_header().height)
        value, refusal = attempt(lambda: answer(self._queries, ctx, path, data))
        if value is None:
            return refuse_query(refusal or ErrPanic(what="no answer"), ctx.height)
        return QueryResult(value=value, height=ctx.height)

    def prove(self, key: bytes, height: int = 0) -> Proven:
        """What the state holds under a key, at the last height or an earlier one that is kept, with a proof
        against the app hash of that height. Refuses a height too many changes ago.
        """
        ctx = self._at(height)
        steps = self._history.find(ctx.height, self._require_header().height)
        refuse_far_proof(steps)
        value = ctx.store.get(key)
        data = None if value is None else encode_value(key, value)
        undone = self._tree.revert(self._pending.undo if self._pending else ())
        redo = self._tree.update(encode_all(merge(steps)))
        proof = self._tree.prove(key)
        self._tree.revert(redo)
        self._tree.revert(undone)
        return Proven(ctx.height, steps[-1].app_hash if steps else self._app_hash, data, proof)

    # Snapshots

    def list_snapshots(self) -> tuple[Snapshot, ...]:
        """Snapshots that other machines can start from, newest first."""
        return tuple(taken.describe() for taken in reversed(self.taken))

    def load_snapshot_chunk(self, height: int, format_: int, index: int) -> bytes:
        """One chunk of a snapshot; empty when it is not kept."""
        found = [taken for taken in self.taken if (taken.header.height, FORMAT) == (height, format_)]
        return found[0].load_chunk(index) if found else b""

    def offer_snapshot(self, snapshot: Snapshot, app_hash: bytes) -> Offer:
        """Begins to take up a snapshot, whose app hash is trusted. What came of another one is forgotten."""
        if self._header is not None:
            return Offer.ABORT
        offer, self._arriving = read_offer(snapshot, app_hash)
        return offer

    def apply_snapshot_chunk(self, index: int, chunk: bytes) -> Applied:
        """Takes the next chunk of the snapshot; with the last one the machine has its state, unless that does
        not give the app hash.
        """
        arriving = self._arriving
        if arriving is None:
            return Applied.REJECT_SNAPSHOT
        applied = arriving.apply(index, chunk)
        if applied == Applied.REJECT_SNAPSHOT or arriving.is_whole:
            self._arriving = None
        if applied == Applied.ACCEPT and arriving.is_whole:
            self._store, self._tree = arriving.store, arriving.tree
            metadata = arriving.metadata
            self._settle(metadata.header, metadata.app_hash, metadata.results_hash)
        return applied

    # Inside

    def _require_law(self, ctx: Context) -> None:
        plan = self._keepers.upgrades.get_plan(ctx)
        if self._is_lawful and (plan is None or plan.height != ctx.height):
            return
        fault = find_fault(self._upgrades, self._keepers.upgrades, ctx)
        if fault is not None:
            raise Fatal(fault)
        self._is_lawful = True

    def _process_end(self, ctx: Context) -> None:
        for ending in self._end_block:
            try:
                ending.process(ctx)
            except (Fatal, MemoryError, RecursionError):
                raise
            except Exception as error:
                raise Fatal(f"the end of block {ctx.height} failed: {error}") from error

    def _finish(self, ctx: Context, tx_results: tuple[TxResult, ...]) -> BlockResult:
        changed = ctx.store.changes()
        changes = tuple((key, self._encoder.encode(key, value)) for key, value in changed)
        undo = self._tree.update(changes)
        result = BlockResult(
            height=ctx.height,
            tx_results=tx_results,
            events=tuple(ctx.events),
            changes=changes,
            app_hash=self._tree.root(),
            results_hash=compute_results_hash(tx_results),
            epoch=encode(self._keepers.epochs.get_epoch_info(ctx)),
            validator_updates=find_updates(changed, self._store),
        )
        self._pending = Pending(ctx, result, undo)
        return result

    def _drop_pending(self) -> None:
        if self._pending is not None:
            self._tree.revert(self._pending.undo)
            self._pending = None
        self._encoder.clear()

    def _is_quiet(self, header: Header) -> bool:
        """Whether an empty block with this header does nothing: the state's next wake-up, found once for as
        long as the state stays as it is, lies ahead.
        """
        if self._runs_quiet_ends:
            return False
        if self._wakeup is None:
            self._wakeup = self.find_wakeup()
        return self._wakeup.is_ahead(header)

    def _settle(self, header: Header, app_hash: bytes, results_hash: bytes) -> None:
        if self._wakeup is not None and (app_hash != self._app_hash or not self._wakeup.is_ahead(header)):
            self._wakeup = None
        self._header, self._app_hash, self._results_hash = header, app_hash, results_hash
        self._check = self._next_block()

    def _require_header(self) -> Header:
        if self._header is None:
            raise Fatal("the machine has no state; call init_chain and commit, or restore")
        return self._header

    def _committed(self) -> Context:
        return Context(self._require_header(), self._store.branch())

    def _at(self, height: int) -> Context:
        """The state at a height, to be read; 0 for the last one."""
        last = self._require_header()
        steps = self._history.find(height or last.height, last.height)
        if not steps:
            return self._committed()
        return Context(steps[-1].header, self._store.lay_over(merge(steps)).branch())

    def _next_block(self) -> Context:
        last = self._require_header()
        return Context(Header(last.chain_id, last.height + 1, last.time_ns), self._store.branch())
