"""The last state of a database, entry by entry in key order, in bounded memory: what the checkpoint holds,
with the change sets since laid over it. Of these there are never more than a checkpoint's worth.
"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, select

from chain.block import Header
from chain.codec import decode
from chain.genesis import GenesisState
from chain.header import decode_header
from chain.io.checkpoints import hold_moment, read_change_sets
from chain.io.sql import Database, DatabaseRefused
from chain.io.tables import BLOCKS, KV, META

NO_CHAIN = "there is no chain in this database yet; `meshkeeper chain start` begins one"
PAGE_ENTRIES = 1_000
"""Entries in one read of the checkpoint."""


@contextlib.contextmanager
def stream_state(url: str) -> Iterator[tuple[Header, Iterator[tuple[bytes, bytes]]]]:
    """Head of the last block, and the state after it: one moment of a database that may be written
    meanwhile.
    """
    database = Database(url)
    try:
        if not database.exists():
            raise DatabaseRefused(
                "there is no chain in this database yet; `meshkeeper chain start` begins one"
            )
        with database.engine.connect() as connection:
            hold_moment(connection)
            header, checkpoint = _read_tip(connection)
            yield header, _merge(connection, checkpoint, header.height)
    finally:
        database.close()


def _read_tip(connection: Connection) -> tuple[Header, int]:
    checkpoint = connection.execute(select(META.c.checkpoint_height)).scalar()
    if checkpoint is None:
        raise DatabaseRefused(NO_CHAIN)
    last = connection.execute(select(BLOCKS.c.header).order_by(BLOCKS.c.height.desc()).limit(1)).scalar()
    if last is not None:
        return decode_header(bytes(last)), checkpoint
    genesis = decode(GenesisState, bytes(connection.execute(select(META.c.genesis)).scalar_one()))
    return Header(genesis.chain_id, genesis.initial_height - 1, genesis.genesis_time_ns), checkpoint


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
