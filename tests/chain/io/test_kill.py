"""A chain that is killed at any instant comes back to the same truth: the height and app hash that the
database has, with every block and every transaction that anybody was told of.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from chain.header import compute_tx_hash
from chain.io.sql import Database, Stored
from chain.v1 import events_pb2
from tests.chain.io.daemon import ADA, BOB, Client, Daemon, payment
from tests.chain.kit import RICH

KILLS = 20
KILLS_POSTGRESQL = 4
LOAD_S_MAX = 0.35
"""Longest time between ready, or the first payment in a block, and SIGKILL."""
CHECKPOINTS = ("--checkpoint-blocks", "7")


class Told:
    """Everything that clients were told, over all lives of the chain."""

    def __init__(self) -> None:
        self.blocks: dict[int, events_pb2.BlockSummary] = {}
        self._news = asyncio.Event()

    async def follow(self, client: Client, from_height: int) -> None:
        """Take every block from the stream until the chain dies."""
        try:
            async for block in client.follow(from_height):
                known = self.blocks.setdefault(block.height, block)
                assert known == block, f"block {block.height} was told twice, differently"
                if block.txs:
                    self._news.set()
        except grpc.aio.AioRpcError:
            pass

    async def until_payment(self) -> None:
        """Wait for the next block that holds one."""
        self._news.clear()
        await self._news.wait()

    def heights_without_gap(self) -> bool:
        return sorted(self.blocks) == list(range(1, len(self.blocks) + 1))

    def tx_hashes(self) -> list[str]:
        return [tx.hash for block in self.blocks.values() for tx in block.txs if tx.code == 0]


async def send_payments(client: Client, sequence: int) -> None:
    """Hand payments in, one after the other, until the chain dies."""
    try:
        while True:
            response = (await client.broadcast(payment(sequence))).tx_response
            assert response.code in (0, 20), response.raw_log
            sequence += response.code == 0
    except grpc.aio.AioRpcError:
        pass


async def live_and_die(daemon: Daemon, told: Told, load_s: float, loaded: bool) -> None:
    """One life under load, ended by SIGKILL: soon after the start, or after a payment got into a block."""
    async with Client(daemon) as client:
        sequence = (await client.account(ADA.address)).sequence
        followed = asyncio.create_task(told.follow(client, len(told.blocks) + 1))
        sending = asyncio.create_task(send_payments(client, sequence))
        if loaded:
            await asyncio.wait_for(told.until_payment(), 30)
        await asyncio.sleep(load_s)
        daemon.kill()
        await asyncio.gather(followed, sending)


def read_truth(url: str) -> Stored:
    """What the database has, while no chain runs."""
    database = Database(url)
    stored = database.load()
    database.close()
    assert stored is not None
    return stored


async def check_truth(daemon: Daemon, told: Told, truth: Stored) -> None:
    """A chain that has just come back agrees with the database and with what was told."""
    height = truth.header.height if truth.header else 0
    assert f'"height": {height}, "app_hash": "{truth.app_hash.hex()}", "event": "opened"' in daemon.log
    async with Client(daemon) as client:
        assert (await client.status()).height >= height
        assert height >= len(told.blocks), "a block was told of and is not in the database"
        if height:
            assert (await client.block(height)).app_hash == truth.app_hash
        if told.blocks:
            assert await client.block(len(told.blocks)) == told.blocks[len(told.blocks)]


async def check_everything(daemon: Daemon, told: Told) -> None:
    """At the end nothing that was told is lost, the chain goes on, and the books balance."""
    assert told.heights_without_gap()
    async with Client(daemon) as client:
        stream = client.follow(1)
        for height in sorted(told.blocks):
            assert await stream.read() == told.blocks[height]
        for tx_hash in told.tx_hashes():
            assert (await client.find_tx(tx_hash)).tx_response.code == 0
        account = await client.account(ADA.address)
        tx = payment(account.sequence)
        await client.broadcast(tx)
        await client.wait_tx(compute_tx_hash(tx))
        sequence = (await client.account(ADA.address)).sequence
        assert await client.balance(BOB.address) == RICH + sequence
        assert await client.balance(ADA.address) == RICH - sequence


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path, options=("--block-mode", "interval", "--block-time-s", "0.01", *CHECKPOINTS))
    yield made
    made.close()


async def kill_again_and_again(daemon: Daemon, url: str, kills: int) -> None:
    chance, told = random.Random(20_260_101), Told()
    daemon.start()
    for life in range(kills):
        await live_and_die(daemon, told, chance.uniform(0, LOAD_S_MAX), loaded=life % 2 == 0)
        truth = read_truth(url)
        daemon.start()
        await check_truth(daemon, told, truth)
    assert told.tx_hashes(), "the load never got into a block"
    await check_everything(daemon, told)


@pytest.mark.timeout(180)
async def test_a_chain_killed_at_any_instant_loses_nothing_that_it_told(daemon: Daemon) -> None:
    await kill_again_and_again(daemon, f"sqlite:///{daemon.home / 'chain.db'}", KILLS)


@pytest.mark.timeout(120)
async def test_the_same_holds_on_postgresql(daemon: Daemon, postgres_url: str) -> None:
    daemon.options += ("--database-url", postgres_url)
    await kill_again_and_again(daemon, postgres_url, KILLS_POSTGRESQL)


@pytest.mark.parametrize("point", ["before_sql", "after_sql"])
@pytest.mark.parametrize("height", [1, 6, 7])
async def test_a_crash_around_the_sql_commit_leaves_the_block_before_or_this_one(
    daemon: Daemon, point: str, height: int
) -> None:
    daemon.launch(MESHKEEPER_CHAIN_CRASH_AT=f"{point}:{height}")
    assert daemon.wait() == -9, daemon.log
    truth = read_truth(f"sqlite:///{daemon.home / 'chain.db'}")
    found = truth.header.height if truth.header else 0
    assert found == (height if point == "after_sql" else height - 1)
    daemon.start()
    await check_truth(daemon, Told(), truth)
    await check_everything(daemon, Told())
