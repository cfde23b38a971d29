"""A state of a database, entry by entry in key order; the last one in bounded memory: what the checkpoint
holds, with the change sets since laid over it, of which there are never more than a checkpoint's worth.
"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from chain.app import App
from chain.block import Header
from chain.codec import decode
from chain.errors import Fatal
from chain.genesis import GenesisState
from chain.header import decode_header
from chain.io.checkpoints import hold_moment, lay_over, read_change_sets
from chain.io.sql import Database, DatabaseRefused
from chain.io.tables import BLOCKS, KV, META
from chain.merkle import MerkleTree

NO_CHAIN = "there is no chain in this database yet; `meshkeeper chain start` begins one"
PAGE_ENTRIES = 1_000
"""Entries in one read of the checkpoint."""


@contextlib.contextmanager
def stream_state(url: str, height: int = 0) -> Iterator[tuple[Header, Iterator[tuple[bytes, bytes]]]]:
    """Head of the last block, or of an earlier one, and the state after it: one moment of a database that may
    be written meanwhile. What lies before the checkpoint is gathered in memory, from genesis on, and refused
    when blocks since then are forgotten.
    """
    database = Database(url)
    try:
        if not database.exists():
            raise DatabaseRefused(NO_CHAIN)
        with database.engine.connect() as connection:
            hold_moment(connection)
            header, _, entries = read_state(connection, height)
            yield header, entries
    finally:
        database.close()


def read_state(connection: Connection, height: int) -> tuple[Header, bytes, Iterator[tuple[bytes, bytes]]]:
    """The same on a connection that is there, with the app hash."""
    checkpoint = read_checkpoint_height(connection)
    header, app_hash = _find_head(connection, height)
    if header.height >= checkpoint:
        return header, app_hash, _merge(connection, checkpoint, header.height)
    return header, app_hash, _gather(connection, header.height, app_hash)


def read_checkpoint_height(connection: Connection) -> int:
    """The height whose state is written out. Refuses a database without a chain."""
    checkpoint: int | None = connection.execute(select(META.c.checkpoint_height)).scalar()
    if checkpoint is None:
        raise DatabaseRefused(NO_CHAIN)
    return checkpoint


def _find_head(connection: Connection, height: int) -> tuple[Header, bytes]:
    """Head of a block, 0 for the last one, and the app hash of the state after it; that of genesis stands for
    the block before the first one.
    """
    query = select(BLOCKS.c.header, BLOCKS.c.app_hash).order_by(BLOCKS.c.height.desc()).limit(1)
    found = connection.execute(query.where(BLOCKS.c.height == height) if height else query).one_or_none()
    if found is not None:
        return decode_header(bytes(found.header)), bytes(found.app_hash)
    genesis, app_hash = _read_genesis(connection)
    if height not in (0, genesis.initial_height - 1):
        raise DatabaseRefused(f"there is no block {height} in this database")
    return Header(genesis.chain_id, genesis.initial_height - 1, genesis.genesis_time_ns), app_hash


def _read_genesis(connection: Connection) -> tuple[GenesisState, bytes]:
    meta = connection.execute(select(META.c.genesis, META.c.genesis_app_hash)).one()
    return decode(GenesisState, bytes(meta.genesis)), bytes(meta.genesis_app_hash)


def _gather(connection: Connection, height: int, app_hash: bytes) -> Iterator[tuple[bytes, bytes]]:
    genesis, begun = _read_genesis(connection)
    first = connection.execute(select(func.min(BLOCKS.c.height))).scalar()
    if first != genesis.initial_height:
        raise DatabaseRefused(
            f"blocks before {first} are forgotten, and with them the state of height {height}"
        )
    result = App("").init_chain(genesis)
    if result.app_hash != begun:
        raise Fatal("this version does not lay genesis out as the one that began the chain")
    entries = {key: value for key, value in result.changes if value is not None}
    for _, changes in read_change_sets(connection, 0, height):
        lay_over(entries, changes)
    tree = MerkleTree()
    tree.update(entries.items())
    if tree.root() != app_hash:
        raise Fatal(f"the changes up to height {height} do not give its app hash")
    return iter(sorted(entries.items()))


def _merge(connection: Connection, checkpoint: int, last: int) -> Iterator[tuple[bytes, bytes]]:
    changed = {
        key: value for _, changes in read_change_sets(connection, checkpoint, last) for key, value in changes
    }
    waiting = sorted(changed, reverse=True)
    for key, value in _read_checkpoint(connection):
        while waiting and waiting[-1] < key:
            yield from _alive(waiting.pop(), changed)
        if waiting and waiting[-1] == key:
            yield from _alive(waiting.pop(), changed)
        else:
            yield key, value
    while waiting:
        yield from _alive(waiting.pop(), changed)


def _alive(key: bytes, changed: dict[bytes, bytes | None]) -> Iterator[tuple[bytes, bytes]]:
    value = changed[key]
    if value is not None:
        yield key, value


def _read_checkpoint(connection: Connection) -> Iterator[tuple[bytes, bytes]]:
    above = b""
    while True:
        query = select(KV.c.key, KV.c.value).where(KV.c.key > above).order_by(KV.c.key)
        page = connection.execute(query.limit(PAGE_ENTRIES)).all()
        if not page:
            return
        for key, value in page:
            yield bytes(key), bytes(value)
        above = bytes(page[-1].key)
