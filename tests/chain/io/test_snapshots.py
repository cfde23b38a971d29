"""Snapshots as files: a node begins with another's, on either database, or refuses what is not whole."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chain.io.snapshots as snapshots
from chain.__main__ import app as commands
from chain.bank.types import Coin, MsgSend
from chain.codec import encode
from chain.io.checkpoints import Durability
from chain.io.opening import open_chain, read_stored
from chain.io.snapshots import (
    SnapshotRefused,
    keep_snapshot,
    list_snapshots,
    read_metadata,
    restore_snapshot,
    take_stored,
    write_snapshot,
)
from chain.io.sql import BlockRows, Database, DatabaseRefused
from chain.records import replace
from tests.chain.io.daemon import ADA, BOB, Client, Daemon, payment
from tests.chain.kit import SHORT, Chain, build_genesis

SMALL = 300
GENESIS = build_genesis(ADA, BOB)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks small enough that a small state has several."""
    monkeypatch.setattr(snapshots, "CHUNK_BYTES", SMALL)
    monkeypatch.setattr(snapshots.Taken.__init__, "__defaults__", (SMALL,))
    monkeypatch.setattr(snapshots.take_stored, "__defaults__", (SMALL,))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[tuple[Chain, Database]]:
    """A chain of nine blocks, with a checkpoint behind its end."""
    chain = Chain(GENESIS)
    database = Database(
        f"sqlite:///{tmp_path / 'chain.db'}", Durability(checkpoint_blocks=4, history_blocks=2)
    )
    database.open()
    open_chain(database, GENESIS, "test")
    for _ in range(9):
        tx = chain.sign(ADA, MsgSend(ADA.address, BOB.address, (Coin("umesh", "1"),)))
        result = chain.make_block(tx)
        database.commit(chain.blocks[-1], result, BlockRows(b"s", ()))
    yield chain, database
    database.close()


def export(database: Database, path: Path) -> Path:
    write_snapshot(take_stored(read_stored(str(database.url))), path)
    return path


def opened(url: str, durability: Durability | None = None) -> Database:
    database = Database(url, durability)
    database.open()
    return database


def test_a_node_begins_with_anothers_snapshot_and_goes_on_as_it_does(
    origin: tuple[Chain, Database], url: str, tmp_path: Path
) -> None:
    chain, database = origin
    path = export(database, tmp_path / "nine.snapshot")
    other = opened(url, Durability(checkpoint_blocks=3, history_blocks=1, keep_blocks=2))
    metadata = restore_snapshot(path, chain.app.info().app_hash, GENESIS, other)
    assert (metadata.header.height, len(metadata.chunk_hashes) > 3) == (9, True)
    app, tip, genesis = open_chain(other, GENESIS, "test")
    assert app.info() == chain.app.info() and genesis == GENESIS
    assert (tip.height, tip.block_hash) == (9, chain.header.block_hash)
    assert tip.results_hash == chain.last.results_hash
    assert other.first_height == 10
    for _ in range(7):
        result = chain.make_block()
        assert app.finalize_block(chain.blocks[-1]) == result
        other.commit(chain.blocks[-1], result, BlockRows(b"s", ()))
        app.commit()
        other.prune()
    assert other.first_height == 14
    other.close()
    other = opened(url)
    again, _, _ = open_chain(other, None, "test")
    assert encode(again.export()) == encode(chain.app.export())
    other.close()


def test_both_databases_and_the_machine_itself_give_the_same_file(
    origin: tuple[Chain, Database], url: str, tmp_path: Path
) -> None:
    chain, database = origin
    first = export(database, tmp_path / "one.snapshot").read_bytes()
    other = opened(url)
    restore_snapshot(tmp_path / "one.snapshot", b"", GENESIS, other)
    assert export(other, tmp_path / "two.snapshot").read_bytes() == first
    chain.run_to(20)
    while not chain.app.taken:
        chain.make_block()
    taken = chain.app.taken[-1]
    kept = keep_snapshot(taken, tmp_path / "kept", 2)
    assert read_metadata(kept).app_hash == taken.app_hash
    other.close()


def test_the_newest_files_are_kept(origin: tuple[Chain, Database], tmp_path: Path) -> None:
    chain, _ = origin
    taken = take_stored(read_stored(str(origin[1].url)))
    folder = tmp_path / "kept"
    assert list_snapshots(folder) == []
    folder.mkdir()
    (folder / "000000000008.tmp").write_bytes(b"killed while it was written")
    for height in (9, 10, 11):
        taken.header = replace(chain.header, height=height)
        keep_snapshot(taken, folder, 2)
    assert [path.name for path in list_snapshots(folder)] == [
        "000000000011.snapshot",
        "000000000010.snapshot",
    ]
    assert not list(folder.glob("*.tmp"))


def bend(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (0, "is no snapshot, or not a whole one"),
        (20, "chunk 0 of .* is damaged; fetch the file again"),
        (20 + SMALL, "chunk 1 of .* is damaged"),
        (-1, "is no snapshot, or not a whole one"),
        (-9, "is damaged"),
    ],
)
def test_a_damaged_file_is_refused_and_leaves_no_chain(
    origin: tuple[Chain, Database], tmp_path: Path, at: int, why: str
) -> None:
    path = export(origin[1], tmp_path / "nine.snapshot")
    bend(path, at)
    other = opened(f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(SnapshotRefused, match=why):
        restore_snapshot(path, b"", GENESIS, other)
    assert other.load() is None
    other.close()


def test_half_a_file_another_chain_another_hash_and_a_second_chain_are_refused(
    origin: tuple[Chain, Database], tmp_path: Path
) -> None:
    path = export(origin[1], tmp_path / "nine.snapshot")
    other = opened(f"sqlite:///{tmp_path / 'other.db'}")
    half = tmp_path / "half.snapshot"
    half.write_bytes(path.read_bytes()[:-700])
    for file, app_hash, genesis, why in (
        (half, b"", GENESIS, "is no snapshot"),
        (tmp_path / "none", b"", GENESIS, "cannot read"),
        (path, bytes(32), GENESIS, "trusted is 0000"),
        (path, b"", replace(GENESIS, chain_id="other"), "names 'other'"),
    ):
        with pytest.raises(SnapshotRefused, match=why):
            restore_snapshot(file, app_hash, genesis, other)
    assert other.load() is None
    other.close()
    with pytest.raises(DatabaseRefused, match="a chain in this database already"):
        restore_snapshot(path, b"", GENESIS, origin[1])


def test_a_chain_without_a_block_has_no_snapshot(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path / 'chain.db'}")
    open_chain(database, GENESIS, "test")
    with pytest.raises(SnapshotRefused, match="no block yet"):
        export(database, tmp_path / "none.snapshot")
    database.close()


def run(*words: str) -> str:
    result = CliRunner().invoke(commands, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[tuple[Daemon, Daemon]]:
    epoch = replace(SHORT.epoch, epoch_shift=35)
    genesis = build_genesis(ADA, BOB, params=replace(SHORT, epoch=epoch))
    made = [Daemon(tmp_path / name, genesis) for name in ("a", "b")]
    yield made[0], made[1]
    for daemon in made:
        daemon.close()


async def test_an_operator_starts_a_node_from_anothers_snapshot(daemons: tuple[Daemon, Daemon]) -> None:
    first, second = daemons
    first.start()
    async with Client(first) as client:
        for sequence in range(3):
            await client.broadcast(payment(sequence))
            await until_height(client, sequence + 1)
        app_hash = (await client.status()).app_hash.hex()
        file = str(first.home / "state.snapshot")
        assert app_hash in run("snapshot", "export", file, "--home", str(first.home))
        words = ("snapshot", "restore", file, "--home", str(second.home), "--app-hash", app_hash)
        assert f"begins at height 3, app hash {app_hash}" in run(*words)
        second.start()
        async with Client(second) as other:
            assert (await other.status()).app_hash.hex() == app_hash
            assert (await other.account(ADA.address)).sequence == 3
            await other.broadcast(payment(3))
            await until_height(other, 4)
            assert [block.height async for block in take(other.follow(4), 1)] == [4]
    assert first.stop() == second.stop() == 0
    refused = CliRunner().invoke(commands, [*words[:-1], "zz"])
    assert refused.exit_code == 1


async def test_a_running_chain_keeps_snapshots_of_its_epochs(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, options=("--block-mode", "interval", "--block-time-s", "0.01"))
    try:
        daemon.start()
        folder = daemon.home / "snapshots"
        async with Client(daemon) as client:
            while not list_snapshots(folder):
                await until_height(client, (await client.status()).height + 1)
                assert (await client.status()).height < 500
            (path, *_) = list_snapshots(folder)
            metadata = read_metadata(path)
            assert (await client.block(metadata.header.height)).app_hash == metadata.app_hash
        listed = run("snapshot", "list", "--home", str(daemon.home))
        assert f"{metadata.header.height}\t{metadata.app_hash.hex()}\t{path.stat().st_size}\t{path}" in listed
        assert daemon.stop() == 0
    finally:
        daemon.close()


async def until_height(client: Client, height: int) -> None:
    for _ in range(1000):
        if (await client.status()).height >= height:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"height {height} does not come")


async def take(stream, count: int):
    for _ in range(count):
        yield await stream.read()
