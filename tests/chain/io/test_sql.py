"""The durable copy: what was committed is there, whole, in both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import migrations
from chain.block import Block, BlockResult, Header
from chain.errors import Fatal
from chain.header import with_block_hash
from chain.io.checkpoints import Durability
from chain.io.sql import BlockRows, Database, DatabaseRefused

CHECKPOINTS = Durability(checkpoint_blocks=3)
GENESIS = BlockResult(0, (), (), ((b"\x00a", b"1"), (b"b", b"")), b"root0", b"")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'chain.db'}"
    return request.getfixturevalue("postgres_url")


def commit(database: Database, height: int, *changes: tuple[bytes, bytes | None], txs: int = 0) -> Header:
    header = with_block_hash(Header("mesh-1", height, height * 10))
    rows = tuple((b"hash%d.%d" % (height, i), b"tx%d" % i, b"result") for i in range(txs))
    result = BlockResult(height, (), (), tuple(changes), b"root%d" % height, b"results%d" % height)
    database.commit(
        Block(header, tuple(row[1] for row in rows)), result, BlockRows(b"summary%d" % height, rows)
    )
    return header


def opened(url: str, durability: Durability = CHECKPOINTS) -> Database:
    database = Database(url, durability)
    database.open()
    return database


def read_checkpoint(url: str) -> tuple[int, dict[bytes, bytes]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        (height,) = connection.execute(text("SELECT checkpoint_height FROM meta")).one()
        entries = {bytes(key): bytes(value) for key, value in connection.execute(text("SELECT * FROM kv"))}
    engine.dispose()
    return height, entries


def test_a_new_database_holds_no_chain(url: str) -> None:
    database = opened(url)
    assert database.load() is None
    database.close()


def test_the_state_is_the_same_at_every_height_whether_checkpointed_or_not(url: str) -> None:
    database = opened(url)
    database.initialise("mesh-1", b"genesis", GENESIS)
    expected = dict(GENESIS.changes)
    for height in range(1, 11):
        changes = [(b"\x00a", b"%d" % height), (b"b", None if height % 2 else b"\xff\x00")]
        commit(database, height, *changes)
        expected.update(changes)
        stored = database.load()
        assert stored is not None
        assert stored.entries == {key: value for key, value in expected.items() if value is not None}
        assert (stored.header.height, stored.app_hash) == (height, b"root%d" % height)
        assert read_checkpoint(url)[0] == height - height % 3
    database.close()


def test_a_checkpoint_holds_what_the_change_sets_gave(url: str) -> None:
    database = opened(url)
    database.initialise("mesh-1", b"genesis", GENESIS)
    commit(database, 1, (b"c", b"1"))
    commit(database, 2, (b"\x00a", None))
    commit(database, 3, (b"c", b"3"))
    assert read_checkpoint(url) == (3, {b"b": b"", b"c": b"3"})
    database.close()


def test_many_changes_make_a_checkpoint_due_before_many_blocks_do(url: str) -> None:
    database = opened(url, Durability(checkpoint_blocks=100, checkpoint_changes=1_000))
    database.initialise("mesh-1", b"genesis", GENESIS)
    commit(database, 1, *((b"k%05d" % i, b"v") for i in range(999)))
    assert read_checkpoint(url)[0] == 0
    commit(database, 2, (b"k00000", None))
    height, entries = read_checkpoint(url)
    assert (height, len(entries)) == (2, 1_000)
    database.close()


def test_the_count_towards_a_checkpoint_survives_a_restart(url: str) -> None:
    database = opened(url)
    database.initialise("mesh-1", b"genesis", GENESIS)
    commit(database, 1)
    commit(database, 2)
    database.close()
    database = opened(url)
    database.load()
    commit(database, 3)
    assert read_checkpoint(url)[0] == 3
    database.close()


def test_blocks_summaries_and_transactions_are_found(url: str) -> None:
    database = opened(url)
    database.initialise("mesh-1", b"genesis", GENESIS)
    headers = [commit(database, height, txs=height % 3) for height in range(1, 6)]
    block = database.read_block(5)
    assert block is not None
    assert (block.header, block.txs) == (headers[4], (b"tx0", b"tx1"))
    assert database.read_block(6) is None
    assert database.read_summaries(4, 10) == [b"summary4", b"summary5"]
    assert database.read_summaries(1, 2) == [b"summary1", b"summary2"]
    assert database.find_tx(b"hash5.1") == (b"tx1", b"result")
    assert database.find_tx(b"hash5.2") is None
    database.close()


def test_a_block_that_cannot_be_written_stops_the_machine_and_leaves_nothing(url: str) -> None:
    database = opened(url)
    database.initialise("mesh-1", b"genesis", GENESIS)
    commit(database, 1)
    before = database.load()
    with pytest.raises(Fatal, match="did not take the block"):
        commit(database, 1, (b"new", b"value"))
    assert database.load() == before
    commit(database, 2)
    database.close()


def test_a_second_process_is_refused_and_the_first_goes_on(url: str) -> None:
    first = opened(url)
    with pytest.raises(DatabaseRefused, match="another chain process owns"):
        opened(url)
    first.initialise("mesh-1", b"genesis", GENESIS)
    first.close()
    opened(url).close()


def test_a_database_that_a_newer_program_wrote_is_refused_and_not_touched(url: str) -> None:
    opened(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE chain_alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseRefused, match="schema 9999, which this version of meshkeeper does not know"):
        opened(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM chain_alembic_version")).scalar() == "9999"
    engine.dispose()


def test_the_schema_goes_up_down_and_up_again(url: str) -> None:
    migrations.upgrade("chain", url)
    migrations.downgrade("chain", url, "base")
    assert migrations.current("chain", url) is None
    migrations.upgrade("chain", url)
    assert migrations.current("chain", url) == migrations.head("chain")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://localhost/x", "neither sqlite"),
        ("sqlite://", "neither sqlite"),
        ("sqlite:///:memory:", "neither sqlite"),
        ("no url", "is not one"),
        ("sqlite:////proc/nowhere/chain.db", "cannot write /proc/nowhere/chain.db.lock"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot use the database"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_in_a_sentence(url: str, why: str) -> None:
    with pytest.raises(DatabaseRefused, match=why):
        opened(url)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(DatabaseRefused) as refused:
        opened("postgresql://u:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)


def test_a_start_steps_back_over_the_newest_blocks_and_no_further(url: str) -> None:
    settings = Durability(checkpoint_blocks=3, history_blocks=4)
    database = opened(url, settings)
    database.initialise("mesh-1", b"genesis", GENESIS)
    states = {}
    for height in range(1, 13):
        commit(database, height, *([(b"c", b"%d" % height)] if height % 2 else []))
        stored = database.load()
        assert stored is not None
        states[height] = stored.entries
        entries = dict(stored.entries)
        assert [step.header.height for step in stored.history] == list(range(max(1, height - 4), height))
        for step in reversed(stored.history):
            entries.update({key: value for key, value in step.before if value is not None})
            for key, value in step.before:
                if value is None:
                    del entries[key]
            assert entries == states[step.header.height]
            assert step.app_hash == b"root%d" % step.header.height
    assert read_checkpoint(url)[0] == 6
    database.close()


def test_old_blocks_are_forgotten_with_all_that_was_in_them(url: str) -> None:
    database = opened(url, Durability(checkpoint_blocks=2, history_blocks=1, keep_blocks=5))
    database.initialise("mesh-1", b"genesis", GENESIS)
    for height in range(1, 21):
        commit(database, height, (b"c", b"%d" % height), txs=1)
        database.prune()
    assert database.first_height == 16
    assert database.read_block(15) is None and database.read_block(16) is not None
    assert database.find_tx(b"hash15.0") is None and database.find_tx(b"hash16.0") is not None
    assert database.read_summaries(1, 1) == [b"summary16"]
    before = database.load()
    database.close()
    database = opened(url, Durability(checkpoint_blocks=2, history_blocks=1, keep_blocks=5))
    assert database.load() == before and database.first_height == 16
    database.close()


def test_blocks_are_forgotten_in_batches_while_others_are_written(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chain.io.checkpoints.PRUNED_BLOCKS_MAX", 3)
    database = opened(url, Durability(checkpoint_blocks=2, history_blocks=1, keep_blocks=5))
    database.initialise("mesh-1", b"genesis", GENESIS)
    assert not database.is_prunable
    for height in range(1, 21):
        commit(database, height, (b"c", b"%d" % height))
    assert database.first_height == 1
    firsts = []
    while database.is_prunable:
        database.prune()
        commit(database, 21 + len(firsts), (b"c", b"x"))
        firsts.append(database.first_height)
    assert firsts[:5] == [4, 7, 10, 13, 16] and len(firsts) < 9
    database.close()


def test_forgetting_and_writing_at_the_same_time_lose_nothing(url: str) -> None:
    database = opened(url, Durability(checkpoint_blocks=1, history_blocks=0, keep_blocks=1))
    database.initialise("mesh-1", b"genesis", GENESIS)
    stop = threading.Event()

    def forget() -> None:
        while not stop.is_set():
            database.prune()

    with ThreadPoolExecutor(1) as pool:
        forgetting = pool.submit(forget)
        for height in range(1, 61):
            commit(database, height, (b"c", b"%d" % height), txs=2)
        stop.set()
        forgetting.result(30)
    database.prune()
    assert database.first_height == 60
    stored = database.load()
    assert stored is not None and stored.entries[b"c"] == b"60"
    database.close()
