"""A chain that is killed at any instant comes back to the same truth: the height and app hash that the
database has, with every block and every transaction that anybody was told of, each once; and run again from
genesis, its blocks give every app hash that anybody was told of.

`MESHKEEPER_KILLS` says how often it is killed on each database.
"""

import asyncio
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from chain.cosmos import abci_pb2
from chain.header import compute_tx_hash
from chain.io.recorded import verify_chain
from chain.io.sql import Database, Stored
from chain.io.tables import BLOCKS, META, TXS
from tests.chain.io.daemon import ADA, BOB, Client, Daemon, payment
from tests.chain.io.payers import Told, load
from tests.chain.kit import RICH

KILLS = int(os.environ.get("MESHKEEPER_KILLS", "8"))
TIMEOUT_S = 120 + 10 * KILLS
LOAD_S_MAX = 0.3
"""Longest time between ready, or the first transaction in a block, and SIGKILL."""
START_S_MAX = 0.5
"""Longest time between the launch of a process that is killed as it starts, and SIGKILL."""
CHECKPOINTS = ("--history-blocks", "3", "--checkpoint-blocks", "2")
"""Every second block folds older ones into the checkpoint, so that many kills meet one."""


class Truth:
    """What the database had each time it was looked at."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.app_hashes: dict[int, bytes] = {}
        self.succeeded: dict[str, int] = {}
        """Heights of transactions in blocks, by hash."""
        self.checkpoint = 0

    def look(self, told: Told) -> Stored:
        """Read it while no chain runs: nothing that was there has changed, and all that was told is there."""
        database = Database(self.url)
        stored = database.load()
        assert stored is not None
        with database.engine.connect() as connection:
            blocks = connection.execute(select(BLOCKS.c.height, BLOCKS.c.app_hash)).all()
            last = max(self.app_hashes, default=0)
            txs = connection.execute(select(TXS.c.height, TXS.c.result).where(TXS.c.height > last)).all()
            self.checkpoint = connection.execute(select(META.c.checkpoint_height)).scalar_one()
        database.close()
        found = {height: bytes(app_hash) for height, app_hash in blocks}
        assert sorted(found) == list(range(1, len(found) + 1))
        assert {height: found[height] for height in self.app_hashes} == self.app_hashes
        assert {height: found.get(height) for height in told.blocks} == {
            height: block.app_hash for height, block in told.blocks.items()
        }
        self.app_hashes = found
        for height, result in txs:
            response = abci_pb2.TxResponse.FromString(bytes(result))
            assert response.code == 0, response.raw_log
            assert response.txhash not in self.succeeded, f"{response.txhash} is there twice"
            self.succeeded[response.txhash] = height
        lost = {each: height for each, height in told.committed.items() if self.succeeded.get(each) != height}
        assert not lost, "acknowledged as committed and not there"
        return stored


async def live_and_die(daemon: Daemon, told: Told, load_s: float, loaded: bool) -> None:
    """One life under load, ended by SIGKILL: soon after the start, or after something got into a block."""
    async with Client(daemon) as client:
        told.news.clear()
        tasks = [told.follow(client), load(client, ADA, told), load(client, BOB, told)]
        running = [asyncio.create_task(task) for task in tasks]
        if loaded:
            await asyncio.wait_for(told.news.wait(), 30)
        await asyncio.sleep(load_s)
        daemon.kill()
        await asyncio.gather(*running)


async def check_truth(daemon: Daemon, told: Told, truth: Stored) -> None:
    """A chain that has just come back has found the state that the database gives, and agrees with what was
    told.
    """
    height = truth.header.height if truth.header else 0
    assert f'"height": {height}, "app_hash": "{truth.app_hash.hex()}", "event": "opened"' in daemon.log
    async with Client(daemon) as client:
        assert (await client.status()).height >= height
        if height:
            assert (await client.block(height)).app_hash == truth.app_hash
        if told.blocks:
            assert await client.block(len(told.blocks)) == told.blocks[len(told.blocks)]


async def check_everything(daemon: Daemon, told: Told, paid: int) -> None:
    """At the end every client still finds all that it was told, the chain goes on, and the books balance."""
    assert sorted(told.blocks) == list(range(1, len(told.blocks) + 1))
    async with Client(daemon) as client:
        stream = client.follow(1)
        for height in sorted(told.blocks):
            assert await stream.read() == told.blocks[height]
        for tx_hash, height in told.committed.items():
            assert (await client.find_tx(tx_hash)).tx_response.height == height
        account = await client.account(ADA.address)
        assert account.sequence == paid
        tx = payment(account.sequence)
        await client.broadcast(tx)
        await client.wait_tx(compute_tx_hash(tx))
        assert await client.balance(BOB.address) == RICH + paid + 1
        assert await client.balance(ADA.address) == RICH - paid - 1


def count_payments(truth: Truth) -> int:
    """Payments in the database; what else there is are registrations."""
    database = Database(truth.url)
    with database.engine.connect() as connection:
        txs = [bytes(tx) for (tx,) in connection.execute(select(TXS.c.tx))]
    database.close()
    return sum(b"MsgSend" in tx for tx in txs)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path, options=("--block-mode", "interval", "--block-time-s", "0.01", *CHECKPOINTS))
    yield made
    made.close()


async def kill_again_and_again(daemon: Daemon, url: str, kills: int) -> None:
    chance, told, truth = random.Random(20_260_101), Told(), Truth(url)
    daemon.start()
    for life in range(kills):
        if life % 3 == 2:
            daemon.launch()
            await asyncio.sleep(chance.uniform(0, START_S_MAX))
            daemon.kill()
        else:
            await live_and_die(daemon, told, chance.uniform(0, LOAD_S_MAX), loaded=life % 3 == 0)
        stored = truth.look(told)
        if (life + 1) % 3 != 2:
            daemon.start()
            await check_truth(daemon, told, stored)
    assert told.committed, "the load never got into a block"
    assert truth.checkpoint > 0, "no checkpoint was ever written"
    daemon.close()
    truth.look(told)
    paid = count_payments(truth)
    daemon.start()
    await check_everything(daemon, told, paid)
    assert daemon.stop() == 0
    truth.look(told)
    height = max(truth.app_hashes)
    assert verify_chain(url, "test") == (height, truth.app_hashes[height])
    print(f"{kills} kills, {height} blocks, {len(truth.succeeded)} transactions, {len(told.committed)} told")


@pytest.mark.timeout(TIMEOUT_S)
async def test_a_chain_killed_at_any_instant_loses_nothing_that_it_told(daemon: Daemon) -> None:
    await kill_again_and_again(daemon, f"sqlite:///{daemon.home / 'chain.db'}", KILLS)


@pytest.mark.timeout(TIMEOUT_S)
async def test_the_same_holds_on_postgresql(daemon: Daemon, postgres_url: str) -> None:
    daemon.options += ("--database-url", postgres_url)
    await kill_again_and_again(daemon, postgres_url, KILLS)


@pytest.mark.parametrize("point", ["before_sql", "after_sql"])
@pytest.mark.parametrize("height", [1, 6, 7])
async def test_a_crash_around_the_sql_commit_leaves_the_block_before_or_this_one(
    daemon: Daemon, point: str, height: int
) -> None:
    daemon.launch(MESHKEEPER_CHAIN_CRASH_AT=f"{point}:{height}")
    assert daemon.wait() == -9, daemon.log
    stored = Truth(f"sqlite:///{daemon.home / 'chain.db'}").look(Told())
    found = stored.header.height if stored.header else 0
    assert found == (height if point == "after_sql" else height - 1)
    daemon.start()
    await check_truth(daemon, Told(), stored)
    await check_everything(daemon, Told(), 0)
