"""Recorded blocks, read from a database one after the other, to be run again."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from chain.app import App
from chain.block import Block
from chain.changes import decode_changes
from chain.codec import decode
from chain.errors import Fatal
from chain.genesis import GenesisState
from chain.header import decode_header
from chain.io.sql import Database, DatabaseRefused
from chain.io.tables import BLOCKS, CHANGE_SETS, META, TXS
from chain.replay import Recorded, run_again

PAGE_BLOCKS = 500
"""Blocks in one read of the database."""


def verify_chain(url: str, version: str) -> tuple[int, bytes]:
    """Runs every block of a database again, from genesis; the last height and its app hash. The chain may be
    running meanwhile. Raises Fatal, with height, store and key, when anything comes out differently.
    """
    database = Database(url)
    try:
        if not database.exists():
            raise DatabaseRefused(
                "there is no chain in this database yet; `meshkeeper chain start` begins one"
            )
        with database.engine.connect() as connection:
            return _verify(connection, version)
    finally:
        database.close()


def read_recorded(connection: Connection, above: int = 0) -> Iterator[Recorded]:
    """All blocks above a height, in order, with what came of them."""
    while True:
        query = select(BLOCKS, CHANGE_SETS.c.changes).outerjoin(
            CHANGE_SETS, BLOCKS.c.height == CHANGE_SETS.c.height
        )
        query = query.where(BLOCKS.c.height > above).order_by(BLOCKS.c.height).limit(PAGE_BLOCKS)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].height
        txs = _read_txs(connection, above, last)
        for row in rows:
            block = Block(decode_header(bytes(row.header)), tuple(txs.get(row.height, ())))
            changes = tuple(decode_changes(bytes(row.changes or b"")))
            yield Recorded(block, bytes(row.app_hash), bytes(row.results_hash), changes)
        above = last


def _verify(connection: Connection, version: str) -> tuple[int, bytes]:
    meta = connection.execute(select(META)).one_or_none()
    if meta is None:
        raise DatabaseRefused("there is no chain in this database yet; `meshkeeper chain start` begins one")
    genesis = decode(GenesisState, bytes(meta.genesis))
    first = connection.execute(select(BLOCKS.c.height).order_by(BLOCKS.c.height).limit(1)).scalar()
    if first is not None and first != genesis.initial_height:
        raise DatabaseRefused(
            f"blocks before {first} are forgotten, so the chain cannot be run again from height "
            f"{genesis.initial_height}; ask a node that keeps all blocks (keep_blocks = 0)"
        )
    app = App(version, history_blocks=0)
    begun = app.init_chain(genesis).app_hash
    if begun != bytes(meta.genesis_app_hash):
        raise Fatal(
            f"genesis gives the app hash {begun.hex()}, recorded is {bytes(meta.genesis_app_hash).hex()}"
        )
    app.commit()
    difference = run_again(app, read_recorded(connection))
    if difference is not None:
        raise Fatal(f"run again, the chain parts from its record at {difference}")
    return app.info().height, app.info().app_hash


def _read_txs(connection: Connection, above: int, up_to: int) -> dict[int, list[bytes]]:
    query = select(TXS.c.height, TXS.c.tx).where(TXS.c.height > above, TXS.c.height <= up_to)
    found: dict[int, list[bytes]] = {}
    for height, tx in connection.execute(query.order_by(TXS.c.height, TXS.c.index)):
        found.setdefault(height, []).append(bytes(tx))
    return found
