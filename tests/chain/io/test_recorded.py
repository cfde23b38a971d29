"""A chain's record is run again, and where it does not hold is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, update

from chain.bank.types import Coin, MsgSend
from chain.changes import decode_changes, encode_changes
from chain.errors import Fatal
from chain.io.opening import open_chain
from chain.io.recorded import verify_chain
from chain.io.sql import BlockRows, Database, DatabaseRefused
from chain.io.tables import BLOCKS, CHANGE_SETS, META
from tests.chain.kit import Chain, Signer, build_genesis

ADA, BOB = Signer("ada"), Signer("bob")
LAST = 6


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Six blocks, a payment in each."""
    chain = Chain(build_genesis(ADA))
    made = Database(f"sqlite:///{tmp_path / 'chain.db'}")
    made.open()
    open_chain(made, chain.genesis, "test")
    for _ in range(LAST):
        tx = chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", "7"),)))
        result = chain.make_block(tx)
        rows = BlockRows(b"", ((b"hash", tx, b""),))
        made.commit(chain.blocks[-1], result, rows)
    yield made
    made.close()


def change(database: Database, table: Table, height: int, **values: bytes) -> None:
    with database.engine.begin() as connection:
        connection.execute(update(table).where(table.c.height == height).values(**values))


def test_a_record_that_holds_is_run_again_to_its_end(database: Database) -> None:
    height, app_hash = verify_chain(str(database.url), "test")
    assert (height, app_hash) == (LAST, database.load().app_hash)


def test_a_change_that_does_not_come_out_again_is_named_by_height_store_and_key(database: Database) -> None:
    with database.engine.connect() as connection:
        query = CHANGE_SETS.select().where(CHANGE_SETS.c.height == 4)
        changes = list(decode_changes(connection.execute(query).one().changes))
    at = next(at for at, (key, _) in enumerate(changes) if BOB.address.encode() in key)
    key, value = changes[at]
    changes[at] = (key, b"29")
    change(database, CHANGE_SETS, 4, changes=encode_changes(changes))
    where = rf"height 4: store bank/balances, key {key.hex()} \({BOB.address}, umesh\)"
    with pytest.raises(Fatal, match=rf"{where}: {value.hex()} against 3239"):
        verify_chain(str(database.url), "test")
    change(database, CHANGE_SETS, 4, changes=encode_changes(changes[:at] + changes[at + 1 :]))
    with pytest.raises(Fatal, match=rf"height 4: store bank/balances, .*: {value.hex()} against unchanged"):
        verify_chain(str(database.url), "test")


@pytest.mark.parametrize(
    ("field", "what"), [("app_hash", "the app hash"), ("results_hash", "the results of its transactions")]
)
def test_a_hash_that_does_not_come_out_again_is_named(database: Database, field: str, what: str) -> None:
    change(database, BLOCKS, 5, **{field: bytes(32)})
    with pytest.raises(Fatal, match=f"height 5: {what}"):
        verify_chain(str(database.url), "test")


def test_another_beginning_is_named(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(update(META).values(genesis_app_hash=bytes(32)))
    with pytest.raises(Fatal, match=r"genesis gives the app hash .*, recorded is 00"):
        verify_chain(str(database.url), "test")


def test_a_record_without_its_first_blocks_or_without_a_chain_is_refused(
    database: Database, tmp_path: Path
) -> None:
    with database.engine.begin() as connection:
        connection.execute(delete(BLOCKS).where(BLOCKS.c.height < 3))
    with pytest.raises(DatabaseRefused, match="blocks before 3 are forgotten"):
        verify_chain(str(database.url), "test")
    with pytest.raises(DatabaseRefused, match="no chain in this database"):
        verify_chain(f"sqlite:///{tmp_path / 'none.db'}", "test")
