"""The chain's durable copy in SQL: SQLite in the home by default, PostgreSQL by URL, the same code for both.

Each block is one SQL transaction: the block, its change set, its transactions and its events are there
together or not at all. Every so many blocks or changes the same transaction also folds the change sets into
the table `kv`, the checkpoint. The state is the checkpoint with the later change sets laid over it. One
process at a time owns a database.
"""

import contextlib
import fcntl
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

import migrations
from chain.block import Block, BlockResult, Header
from chain.changes import encode_changes
from chain.errors import Fatal
from chain.header import decode_header
from chain.history import Step
from chain.io.checkpoints import (
    Durability,
    Entries,
    Window,
    build_steps,
    describe_block,
    find_first_block,
    hold_moment,
    lay_over,
    prune_blocks,
    read_change_sets,
    write_beginning,
    write_checkpoint,
)
from chain.io.refused import Refused
from chain.io.tables import BLOCKS, CHANGE_SETS, EVENTS, KV, META, TXS
from chain.snapshots import Metadata

LOCK_KEY = zlib.crc32(b"meshkeeper/chain")
"""Names the lock in PostgreSQL that one process at a time holds."""
BUSY_TIMEOUT_S = 30
"""How long a statement waits for another's lock in SQLite."""


class DatabaseRefused(Refused):
    """A database that cannot be used, in one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The chain as the database has it."""

    chain_id: str
    genesis: bytes
    """Encoded chain.v1.GenesisState."""
    genesis_app_hash: bytes
    header: Header | None
    """Head of the last block; None before the first."""
    app_hash: bytes
    """State after the last block."""
    results_hash: bytes
    """Results of the last block."""
    entries: dict[bytes, bytes]
    """The whole state."""
    history: tuple[Step, ...] = ()
    """Steps back from it, oldest first."""


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it was committed."""

    header: Header
    app_hash: bytes
    """State after it."""
    txs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BlockRows:
    """A block's own part of the transaction, encoded by the producer."""

    summary: bytes
    """Encoded chain.v1.BlockSummary."""
    txs: tuple[tuple[bytes, bytes, bytes], ...]
    """Hash, transaction and encoded TxResponse of each transaction."""


class Database:
    """One chain's database. `commit` has one caller at a time; reads may come from any thread."""

    def __init__(self, url: str | URL, durability: Durability | None = None) -> None:
        self.url = _parse_url(url)
        self.durability = durability or Durability()
        self.engine = _create_engine(self.url, self.durability)
        self._writer: Connection | None = None
        self._lock_file: int | None = None
        self.first_height = 0
        """Height of the oldest block that is kept; 0 before the first."""
        self._window = Window(self.durability.history_blocks)
        self._pending_blocks = 0
        self._pending_changes = 0
        self._forgettable = 0

    def open(self) -> None:
        """Lock the database for this process and bring its schema up to date."""
        try:
            self._lock()
            migrations.upgrade("chain", self.url)
        except migrations.NewerSchema as newer:
            self.close()
            raise DatabaseRefused(str(newer)) from newer
        except SQLAlchemyError as error:
            self.close()
            raise DatabaseRefused(
                f"cannot use the database {_shown(self.url)}: {_first_line(error)}"
            ) from error
        except DatabaseRefused:
            self.close()
            raise

    def exists(self) -> bool:
        """Whether there is a database with a schema. Asking does not create one."""
        if self.url.get_backend_name() == "sqlite" and not Path(self.url.database or "").exists():
            return False
        try:
            return migrations.current("chain", self.url) is not None
        except SQLAlchemyError as error:
            raise DatabaseRefused(
                f"cannot read the database {_shown(self.url)}: {_first_line(error)}"
            ) from error

    def close(self) -> None:
        """Give the lock and all connections back."""
        if self._writer is not None:
            self._unlock(self._writer)
            self._writer.close()
            self._writer = None
        self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def initialise(self, chain_id: str, genesis: bytes, result: BlockResult) -> None:
        """Write a new chain's genesis, with its state as the first checkpoint."""
        entries = ((key, value) for key, value in result.changes if value is not None)
        with self.write() as connection:
            write_beginning(connection, chain_id, genesis, result.app_hash, result.height, entries)

    def adopt(self, genesis: bytes, genesis_app_hash: bytes, tip: Metadata, entries: Entries) -> None:
        """Write the state of a chain that was made elsewhere, with the last block that gave it."""
        header = tip.header
        with self.write() as connection:
            write_beginning(connection, header.chain_id, genesis, genesis_app_hash, header.height, entries)
            row = describe_block(header, tip.app_hash, tip.results_hash)
            connection.execute(insert(BLOCKS).values(row))

    def load(self) -> Stored | None:
        """The chain as it was last committed, read in one snapshot; None for a database without a chain."""
        with self.engine.connect() as connection:
            hold_moment(connection)
            meta = connection.execute(select(META)).one_or_none()
            if meta is None:
                return None
            last = connection.execute(select(BLOCKS).order_by(BLOCKS.c.height.desc()).limit(1)).one_or_none()
            entries = {
                bytes(key): bytes(value) for key, value in connection.execute(select(KV.c.key, KV.c.value))
            }
            history = self._replay(connection, entries, meta.checkpoint_height, last.height if last else 0)
            self.first_height = find_first_block(connection)
        return Stored(
            chain_id=meta.chain_id,
            genesis=bytes(meta.genesis),
            genesis_app_hash=bytes(meta.genesis_app_hash),
            header=decode_header(bytes(last.header)) if last else None,
            app_hash=bytes(last.app_hash if last else meta.genesis_app_hash),
            results_hash=bytes(last.results_hash) if last else b"",
            entries=entries,
            history=history,
        )

    def commit(self, block: Block, result: BlockResult, rows: BlockRows) -> None:
        """Write a block and everything that it did, in one transaction, with a checkpoint when one is due."""
        header = block.header
        with self.write() as connection:
            row = describe_block(header, result.app_hash, result.results_hash)
            connection.execute(insert(BLOCKS).values(row))
            if result.changes:
                changes = encode_changes(result.changes)
                connection.execute(insert(CHANGE_SETS).values(height=header.height, changes=changes))
            if rows.txs:
                connection.execute(insert(TXS), _tx_rows(header.height, rows.txs))
            connection.execute(insert(EVENTS).values(height=header.height, summary=rows.summary))
            self._window.push(header.height, len(result.changes))
            self.first_height = self.first_height or header.height
            due = self._checkpoint_due(len(result.changes))
            if due:
                self._fold(connection, header.height)
        self._pending_blocks = 0 if due else self._pending_blocks + 1
        self._pending_changes = 0 if due else self._pending_changes + len(result.changes)

    @property
    def is_prunable(self) -> bool:
        """Whether there are blocks that need not be kept any more."""
        return 0 < self.first_height <= self._forgettable

    def prune(self) -> None:
        """Forget one batch of them, from any thread, while blocks are written."""
        if self.is_prunable:
            with self.engine.begin() as connection:
                first = prune_blocks(connection, self.first_height, self._forgettable)
            self.first_height = first

    def read_block(self, height: int) -> StoredBlock | None:
        """A committed block."""
        with self.engine.connect() as connection:
            row = connection.execute(select(BLOCKS).where(BLOCKS.c.height == height)).one_or_none()
            if row is None:
                return None
            txs = connection.execute(select(TXS.c.tx).where(TXS.c.height == height).order_by(TXS.c.index))
            return StoredBlock(
                decode_header(bytes(row.header)), bytes(row.app_hash), tuple(bytes(tx) for (tx,) in txs)
            )

    def read_summaries(self, height: int, count_max: int) -> list[bytes]:
        """Summaries of the blocks from a height on, in order, each the encoded chain.v1.BlockSummary."""
        query = select(EVENTS.c.summary).where(EVENTS.c.height >= height).order_by(EVENTS.c.height)
        with self.engine.connect() as connection:
            return [bytes(summary) for (summary,) in connection.execute(query.limit(count_max))]

    def find_tx(self, tx_hash: bytes) -> tuple[bytes, bytes] | None:
        """A committed transaction and its encoded TxResponse, where it came last: one that was refused in a
        block may come again.
        """
        query = select(TXS.c.tx, TXS.c.result).where(TXS.c.hash == tx_hash).order_by(TXS.c.height.desc())
        with self.engine.connect() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return None if row is None else (bytes(row.tx), bytes(row.result))

    def write(self) -> "_Write":
        """A transaction of the one process that owns the database. What fails inside is Fatal."""
        if self._writer is None:
            raise Fatal("the database is not open for writing")
        return _Write(self._writer)

    def _replay(
        self, connection: Connection, entries: dict[bytes, bytes], checkpoint: int, last: int
    ) -> tuple[Step, ...]:
        """Lay the change sets over the checkpoint; the steps back. What a checkpoint would fold by now counts
        towards the next one.
        """
        before = {
            height: lay_over(entries, changes)
            for height, changes in read_change_sets(connection, checkpoint, last)
        }
        self._window = Window(self.durability.history_blocks)
        for height in range(checkpoint + 1, last + 1):
            self._window.push(height, len(before.get(height, ())))
        below = max(self._window.below(last), checkpoint)
        self._pending_blocks = below - checkpoint
        self._pending_changes = sum(len(changes) for height, changes in before.items() if height <= below)
        return build_steps(connection, before, below, last)

    def _fold(self, connection: Connection, height: int) -> None:
        below = self._window.below(height)
        write_checkpoint(connection, below)
        if self.durability.keep_blocks:
            self._forgettable = min(below - 1, height - self.durability.keep_blocks)

    def _checkpoint_due(self, changes: int) -> bool:
        return (
            self._pending_blocks + 1 >= self.durability.checkpoint_blocks
            or self._pending_changes + changes >= self.durability.checkpoint_changes
        )

    def _lock(self) -> None:
        """One process owns the database: a locked file beside SQLite's, a session's lock in PostgreSQL."""
        if self.url.get_backend_name() == "sqlite":
            self._lock_file = _lock_file(Path(f"{self.url.database}.lock"))
            self._writer = self.engine.connect()
            return
        self._writer = self.engine.connect()
        locked = self._writer.execute(select(func.pg_try_advisory_lock(LOCK_KEY))).scalar()
        self._writer.commit()
        if not locked:
            raise DatabaseRefused(
                f"another chain process owns the database {_shown(self.url)}; stop it first"
            )

    def _unlock(self, writer: Connection) -> None:
        """Give PostgreSQL's lock back now: its session ends some time after it was closed here."""
        if self.url.get_backend_name() == "postgresql":
            with contextlib.suppress(SQLAlchemyError):
                writer.rollback()
                writer.execute(select(func.pg_advisory_unlock(LOCK_KEY)))
                writer.commit()


class _Write:
    """The writer's next transaction. One that fails leaves the machine in doubt, whatever became of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._transaction = connection.begin()

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if error is None:
                self._transaction.commit()
            else:
                self._transaction.rollback()
        except SQLAlchemyError as failed:
            raise Fatal(f"the database did not take the block: {_first_line(failed)}") from failed
        if isinstance(error, SQLAlchemyError):
            raise Fatal(f"the database did not take the block: {_first_line(error)}") from error


def _parse_url(text_url: str | URL) -> URL:
    """The URL with the driver that we have. Refuses databases other than the two, and SQLite in memory."""
    try:
        url = make_url(text_url)
    except ArgumentError as error:
        raise DatabaseRefused(
            "the database URL is not one; write sqlite:///FILE or postgresql://…"
        ) from error
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise DatabaseRefused(f"database URL {_shown(url)} is neither sqlite:///FILE nor postgresql://…")
    return url


def _create_engine(url: URL, durability: Durability) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def set_pragmas(connection, _record) -> None:  # type: ignore[no-untyped-def]
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {durability.sqlite_synchronous}")
        cursor.close()

    return engine


def _lock_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseRefused(f"cannot write {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise DatabaseRefused(f"another chain process owns {path.parent}; stop it first") from error
    return descriptor


def _tx_rows(height: int, txs: Sequence[tuple[bytes, bytes, bytes]]) -> list[dict[str, object]]:
    return [
        {"height": height, "index": index, "hash": tx_hash, "tx": tx, "result": result}
        for index, (tx_hash, tx, result) in enumerate(txs)
    ]


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().split("\n", 1)[0]
