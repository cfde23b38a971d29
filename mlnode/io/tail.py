"""The newest output of a model's workers, bounded, and what comes next for whoever follows."""

import asyncio
from collections.abc import AsyncIterator

TAIL_BYTES_MAX = 256 * 1024
PING_S = 15.0
"""A comment keeps a reader's connection alive while nothing is written."""


class Tail:
    """Bytes in, the newest `bytes_max` of them kept. It outlives the workers that write to it."""

    def __init__(self, bytes_max: int = TAIL_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept = bytearray()
        self._dropped = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._closed = False

    def append(self, data: bytes) -> None:
        """Take output in."""
        self._kept += data
        surplus = len(self._kept) - self._bytes_max
        if surplus > 0:
            del self._kept[:surplus]
            self._dropped += surplus
        self._wake()

    def close(self) -> None:
        """Let those go who follow."""
        self._closed = True
        self._wake()

    def read(self, bytes_max: int = TAIL_BYTES_MAX) -> bytes:
        """The newest output, at most so many bytes."""
        return bytes(self._kept[-bytes_max:])

    async def follow(self) -> AsyncIterator[bytes]:
        """What is kept, then everything new, until the tail is closed. A reader slower than the writer
        by more than what is kept misses the oldest."""
        position = self._dropped
        while not self._closed:
            start = max(position, self._dropped)
            position = self._dropped + len(self._kept)
            if start < position:
                yield bytes(self._kept[start - self._dropped :])
            else:
                await self._wait()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


async def follow_events(tail: Tail) -> AsyncIterator[bytes]:
    """The same as server-sent events, one for each line."""
    pieces = tail.follow()
    begun = b""
    coming = asyncio.ensure_future(anext(pieces, None))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=PING_S)
            if not done:
                yield b": ping\n\n"
                continue
            if (piece := coming.result()) is None:
                return
            *lines, begun = (begun + piece).split(b"\n")
            coming = asyncio.ensure_future(anext(pieces, None))
            yield b"".join(b"data: " + line.rstrip(b"\r") + b"\n\n" for line in lines)
    finally:
        coming.cancel()
