"""The stream of blocks: whoever is slow reads from SQL, whoever is fast from memory, and nobody can tell."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.block import Block, BlockResult, Header
from chain.header import with_block_hash
from chain.io.feed import PAGE_BLOCKS, RING_BLOCKS, Feed
from chain.io.sql import BlockRows, Database

FIRST = 5
"""A chain that goes on from an export does not begin at height 1."""


class Blocks:
    """Writes and publishes blocks, as the engine does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.feed = Feed(database, FIRST - 1, FIRST)

    def add(self, count: int) -> None:
        for _ in range(count):
            height = self.feed.height + 1
            header = with_block_hash(Header("mesh-1", height, height))
            result = BlockResult(height, (), (), (), b"root", b"")
            self.database.commit(Block(header), result, BlockRows(b"%d" % height, ()))
            self.feed.publish(height, b"%d" % height)


@pytest.fixture
def blocks(tmp_path: Path) -> Iterator[Blocks]:
    database = Database(f"sqlite:///{tmp_path / 'chain.db'}")
    database.open()
    database.initialise("mesh-1", b"", BlockResult(FIRST - 1, (), (), (), b"root", b""))
    yield Blocks(database)
    database.close()


async def take(feed: Feed, from_height: int, count: int) -> list[int]:
    """So many heights from a new follower."""
    heights = []
    async for summary in feed.follow(from_height):
        heights.append(int(summary))
        if len(heights) == count:
            break
    return heights


async def test_a_follower_gets_every_block_once_wherever_it_begins(blocks: Blocks) -> None:
    count = RING_BLOCKS + 2 * PAGE_BLOCKS
    blocks.add(count)
    last = FIRST + count - 1
    for start in (0, FIRST, FIRST + 1, last - RING_BLOCKS, last - RING_BLOCKS + 1, last):
        begin = max(start, FIRST)
        assert await take(blocks.feed, start, last - begin + 1) == list(range(begin, last + 1))


async def test_a_slow_follower_falls_behind_the_ring_and_misses_nothing(blocks: Blocks) -> None:
    blocks.add(1)
    follower = blocks.feed.follow(FIRST)
    assert await anext(follower) == b"%d" % FIRST
    blocks.add(RING_BLOCKS + 50)
    for height in range(FIRST + 1, FIRST + RING_BLOCKS + 51):
        assert await anext(follower) == b"%d" % height
    await follower.aclose()


async def test_many_followers_wake_for_each_block(blocks: Blocks) -> None:
    followers = [asyncio.create_task(take(blocks.feed, FIRST, 30)) for _ in range(20)]
    for _ in range(30):
        await asyncio.sleep(0)
        blocks.add(1)
    assert await asyncio.gather(*followers) == [list(range(FIRST, FIRST + 30))] * 20


async def test_a_follower_that_leaves_is_forgotten(blocks: Blocks) -> None:
    waiting = asyncio.create_task(take(blocks.feed, FIRST, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    blocks.add(1)
    assert await take(blocks.feed, FIRST, 1) == [FIRST]
