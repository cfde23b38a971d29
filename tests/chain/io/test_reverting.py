"""A stored chain is taken back to any height whose blocks are kept, and goes on from there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.__main__ import app as commands
from chain.bank.types import Coin, MsgSend
from chain.io.checkpoints import Durability
from chain.io.opening import open_chain, read_stored
from chain.io.recorded import verify_chain
from chain.io.reverting import revert_chain
from chain.io.snapshots import FOLDER, keep_snapshot, list_snapshots, take_stored
from chain.io.sql import BlockRows, Database, DatabaseRefused
from tests.chain.kit import Chain, Signer, build_genesis

ADA, BOB = Signer("ada"), Signer("bob")
LAST = 12
DURABILITY = Durability(checkpoint_blocks=3, history_blocks=2)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chain.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def stored(url: str) -> Iterator[tuple[Chain, Database]]:
    """Twelve blocks, a payment in each, a checkpoint at nine or ten."""
    chain, database = Chain(build_genesis(ADA)), Database(url, DURABILITY)
    database.open()
    open_chain(database, chain.genesis, "test")
    for _ in range(LAST):
        add_block(chain, database, 1)
    yield chain, database
    database.close()


def add_block(chain: Chain, database: Database, amount: int) -> None:
    tx = chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", str(amount)),)))
    result = chain.make_block(tx)
    database.commit(chain.blocks[-1], result, BlockRows(b"s", ((b"%d" % chain.height, tx, b""),)))


@pytest.mark.parametrize("height", [11, 10, 4, 1])
def test_a_chain_goes_on_from_where_it_was_taken_back_to(
    stored: tuple[Chain, Database], url: str, height: int
) -> None:
    chain, database = stored
    app_hash = chain.blocks[height].header.app_hash
    assert revert_chain(database, height) == app_hash
    assert (database.read_block(height + 1), database.find_tx(b"%d" % (height + 1))) == (None, None)
    database.close()
    database = Database(url, DURABILITY)
    database.open()
    app, tip, _ = open_chain(database, chain.genesis, "test")
    assert (tip.height, app.info().app_hash) == (height, app_hash)
    chain.app.revert(height)
    chain.header, chain.last = chain.blocks[height - 1].header, None
    for _ in range(5):
        add_block(chain, database, 7)
    database.close()
    assert verify_chain(url, "test") == (height + 5, chain.app.info().app_hash)


def test_a_height_that_is_not_there_is_refused_and_nothing_is_lost(stored: tuple[Chain, Database]) -> None:
    _, database = stored
    before = database.load()
    for height in (-1, 0, LAST + 1):
        with pytest.raises(DatabaseRefused, match=f"no block {height} in this database"):
            revert_chain(database, height)
    assert database.load() == before
    revert_chain(database, LAST)
    assert database.load() == before


def test_the_command_takes_a_chain_back(tmp_path: Path) -> None:
    chain = Chain(build_genesis(ADA))
    database = Database(f"sqlite:///{tmp_path / 'chain.db'}")
    database.open()
    open_chain(database, chain.genesis, "test")
    for _ in range(3):
        add_block(chain, database, 1)
    folder, taken = tmp_path / FOLDER, take_stored(read_stored(str(database.url)))
    keep_snapshot(taken, folder, 2)
    assert len(list_snapshots(folder)) == 1
    owned = CliRunner().invoke(commands, ["revert", "2", "--home", str(tmp_path)])
    assert owned.exit_code == 1
    database.close()
    done = CliRunner().invoke(commands, ["revert", "2", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert f"height 2 again, app hash {chain.blocks[2].header.app_hash.hex()}" in done.stdout
    assert list_snapshots(folder) == []
