"""A chain is opened as it was left, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chain.bank.keeper import BALANCES
from chain.bank.types import Coin, MsgSend
from chain.block import Block
from chain.codec import encode
from chain.collateral.types import Collateral, UnbondingCollateral
from chain.errors import Fatal
from chain.genesis import GenesisState
from chain.header import with_block_hash
from chain.inference.types import Inference
from chain.io.checkpoints import Durability
from chain.io.genesis_file import GenesisRefused, format_genesis, parse_genesis, read_genesis, write_genesis
from chain.io.opening import open_chain, read_chain
from chain.io.sql import BlockRows, Database, DatabaseRefused
from chain.merkle import verify
from chain.models.types import Model
from chain.nodes.types import Participant
from chain.poc.types import PoCBatch
from chain.records import replace
from chain.rewards.types import SettleAmount
from tests.chain.kit import Chain, Signer, build_genesis

ADA = Signer("ada")
GENESIS = build_genesis(ADA, initial_height=7)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'chain.db'}")
    made.open()
    yield made
    made.close()


def add_block(database: Database) -> bytes:
    """The next block in the database, made by another machine; its app hash."""
    app, tip, _ = open_chain(database, None, "test")
    chain = Chain.__new__(Chain)
    chain.genesis, chain.app, chain.last, chain.blocks = GENESIS, app, None, []
    chain.header = with_block_hash(replace(Chain(GENESIS).header, height=tip.height, time_ns=tip.time_ns))
    block: Block = chain.next_block()
    result = app.finalize_block(block)
    database.commit(block, result, BlockRows(b"", ()))
    app.commit()
    return result.app_hash


def test_a_new_chain_begins_before_its_first_height_and_is_found_there_again(database: Database) -> None:
    app, tip, genesis = open_chain(database, GENESIS, "test")
    assert (tip.height, tip.chain_id, tip.block_hash) == (6, GENESIS.chain_id, b"")
    assert genesis == GENESIS
    again, same_tip, stored = open_chain(database, GENESIS, "test")
    assert (same_tip, stored) == (tip, GENESIS)
    assert again.info() == app.info()


def test_a_chain_is_found_where_it_was_left_with_and_without_its_document(database: Database) -> None:
    open_chain(database, GENESIS, "test")
    app_hash = add_block(database)
    for genesis in (GENESIS, None):
        app, tip, _ = open_chain(database, genesis, "test")
        assert (tip.height, tip.app_hash, app.info().app_hash) == (7, app_hash, app_hash)
    assert read_chain(str(database.url), "test").info().app_hash == app_hash


def test_an_export_begins_a_chain_with_the_same_app_hash(database: Database, tmp_path: Path) -> None:
    open_chain(database, GENESIS, "test")
    app_hash = add_block(database)
    exported = read_chain(str(database.url), "test").export()
    document = parse_genesis(format_genesis(exported), "export")
    assert document == exported
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    other.open()
    app, tip, _ = open_chain(other, document, "test")
    assert (tip.height, app.info().app_hash) == (7, app_hash)
    other.close()


@pytest.mark.parametrize(
    ("genesis", "why"),
    [
        (replace(GENESIS, chain_id="other"), "holds chain 'mesh-test', the genesis document names 'other'"),
        (replace(GENESIS, genesis_time_ns=1), "is not the one that chain 'mesh-test'"),
    ],
)
def test_a_database_of_another_chain_is_refused(database: Database, genesis: GenesisState, why: str) -> None:
    open_chain(database, GENESIS, "test")
    before = database.load()
    with pytest.raises(DatabaseRefused, match=why):
        open_chain(database, genesis, "test")
    assert database.load() == before


def test_without_a_chain_and_without_a_document_there_is_nothing_to_open(database: Database) -> None:
    with pytest.raises(GenesisRefused, match="no chain here yet"):
        open_chain(database, None, "test")
    with pytest.raises(DatabaseRefused, match="no chain in this database"):
        read_chain(str(database.url), "test")


def test_a_document_that_contradicts_itself_leaves_the_database_empty(database: Database) -> None:
    with pytest.raises(GenesisRefused, match="cannot begin a chain"):
        open_chain(database, replace(GENESIS, authority="nobody"), "test")
    assert database.load() is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"models": (Model(id="a\0b"),)}, "cannot hold NUL"),
        ({"poc_batches": (PoCBatch(ADA.address, -5),)}, "negative"),
        ({"genesis_time_ns": -1}, "genesis_time_ns lies before 1970"),
        ({"collaterals": (Collateral(ADA.address, Coin("umesh", "many")),)}, "not an amount of umesh"),
        ({"collaterals": (Collateral(ADA.address, Coin("umesh", "7")),)}, "holds 0 umesh and owes 7"),
        (
            {"unbonding_collaterals": (UnbondingCollateral(ADA.address, Coin("umesh", "7")),)},
            "holds 0 umesh and owes 7",
        ),
        (
            {"inferences": (Inference("i", "i", "hash", requested_by=ADA.address, escrow_amount=9),)},
            "holds 0 umesh and owes 9",
        ),
        ({"participants": (Participant(ADA.address, ADA.address, coin_balance=8),)}, "owes 8"),
        ({"settle_amounts": (SettleAmount(ADA.address, work_coins=6),)}, "genesis inference: .* owes 6"),
        ({"settle_amounts": (SettleAmount(ADA.address, reward_coins=5),)}, "genesis rewards: .* owes 5"),
        ({"settle_amounts": (SettleAmount(ADA.address),) * 2}, "sort them"),
        ({"settle_amounts": (SettleAmount("ada"),)}, "is not an address"),
        ({"settle_amounts": (SettleAmount(ADA.address, seed_signature="x"),)}, "64 bytes in hex"),
    ],
)
def test_a_state_that_cannot_be_is_refused_before_a_chain_begins(
    database: Database, fields: dict[str, object], why: str
) -> None:
    with pytest.raises(GenesisRefused, match=why):
        open_chain(database, replace(GENESIS, **fields), "test")
    assert database.load() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kv SET value = x'00'",
        "DELETE FROM kv",
        "UPDATE kv SET key = CAST(key || 'x' AS BLOB)",
        "UPDATE meta SET genesis_app_hash = x'00'",
    ],
)
def test_a_state_that_was_tampered_with_stops_the_machine(database: Database, statement: str) -> None:
    open_chain(database, GENESIS, "test")
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(Fatal, match="the stored state of height 6"):
        open_chain(database, None, "test")


def test_no_genesis_document_is_ever_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "genesis.json"
    assert read_genesis(path) is None
    write_genesis(path, GENESIS)
    with pytest.raises(GenesisRefused, match="exists already"):
        write_genesis(path, replace(GENESIS, chain_id="other"))
    assert read_genesis(path) == GENESIS


@pytest.mark.parametrize(
    "document",
    ["", '{"colour": 1}', '{"initial_height": "x"}', '{"params": {"epoch": {"epoch_length": -1}}}x'],
)
def test_what_is_no_genesis_document_is_refused(document: str, tmp_path: Path) -> None:
    (tmp_path / "genesis.json").write_text(document)
    with pytest.raises(GenesisRefused, match="is not a genesis document"):
        read_genesis(tmp_path / "genesis.json")


def test_earlier_heights_are_answered_and_proven_after_a_restart(tmp_path: Path) -> None:
    chain, bob = Chain(build_genesis(ADA)), Signer("bob")
    database = Database(
        f"sqlite:///{tmp_path / 'chain.db'}", Durability(checkpoint_blocks=2, history_blocks=3)
    )
    database.open()
    open_chain(database, chain.genesis, "test")
    for amount in range(1, 8):
        result = chain.make_block(
            chain.sign(ADA, MsgSend(ADA.address, bob.address, (Coin("umesh", str(amount)),)))
        )
        database.commit(chain.blocks[-1], result, BlockRows(b"", ()))
    app, _, _ = open_chain(database, None, "test", history_blocks=3)
    key = BALANCES.encode(bob.address, "umesh")
    for height in (4, 5, 6, 7):
        assert encode(app.export(height)) == encode(chain.app.export(height))
        proven = app.prove(key, height)
        assert proven == chain.app.prove(key, height)
        assert verify(proven.app_hash, key, proven.value, proven.proof)
    assert "not kept any more: the first one is 4" in app.query("/chain.v1.Query/Params", b"", 3).log
    database.close()
