"""The stream of committed blocks: history from SQL, then live, without a gap and without a double.

No follower has a buffer of its own. The newest summaries lie in one ring; whoever is behind the ring reads
from SQL until it has caught up, however slow it is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from chain.io.sql import Database

RING_BLOCKS = 256
"""Newest blocks kept in memory for followers that keep up."""
PAGE_BLOCKS = 100
"""Blocks in one read of the database."""


class Feed:
    """Hands every committed block to every follower, in order."""

    def __init__(self, database: Database, height: int, first_height: int) -> None:
        self.height = height
        """Last committed height."""
        self._initial_height = first_height
        self._database = database
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING_BLOCKS)
        self._news = asyncio.Event()

    @property
    def first_height(self) -> int:
        """Height of the oldest block that is kept."""
        return max(self._initial_height, self._database.first_height)

    @property
    def is_pruned(self) -> bool:
        """Whether blocks were forgotten."""
        return self.first_height > self._initial_height

    def publish(self, height: int, summary: bytes) -> None:
        """Tell of a block that is committed."""
        self._ring.append((height, summary))
        self.height = height
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def follow(self, from_height: int) -> AsyncIterator[bytes]:
        """Summaries of all blocks from a height on, for ever; ends when the next one has been forgotten."""
        following = max(from_height, self.first_height)
        while True:
            news = self._news
            if following < self.first_height:
                return
            if following > self.height:
                await news.wait()
                continue
            for summary in await self.read(following):
                yield summary
                following += 1

    async def read(self, height: int, count_max: int = PAGE_BLOCKS) -> list[bytes]:
        """Summaries from a height on, a page at most."""
        if self._ring and self._ring[0][0] <= height:
            start = height - self._ring[0][0]
            return [self._ring[i][1] for i in range(start, min(len(self._ring), start + count_max))]
        return await asyncio.to_thread(self._database.read_summaries, height, count_max)
