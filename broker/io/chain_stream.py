"""Follows the chain's blocks, in order and without gaps, through any number of broken connections."""

import asyncio
from collections.abc import Callable

import grpc

from chain.v1 import events_pb2, events_pb2_grpc

STATUS_TIMEOUT_S = 5.0
SILENCE_S_MAX = 15.0
"""After so long without a block the chain is asked whether it made any."""
RETRY_S_FIRST, RETRY_S_MAX = 0.2, 5.0

OnBlock = Callable[[events_pb2.BlockSummary, bool], None]
OnLost = Callable[[str], None]


class StreamBroken(Exception):
    """The stream did not do what it promises."""


class BlockFollower:
    """Hands each block to `on_block`, exactly once, with whether newer ones are known to exist.

    The first block is the newest one when the follower starts, so that the chain's state is known at once.
    """

    def __init__(self, events: events_pb2_grpc.EventStreamStub, on_block: OnBlock, on_lost: OnLost) -> None:
        self._events = events
        self._on_block = on_block
        self._on_lost = on_lost
        self._retry_s = RETRY_S_FIRST
        self.last_height: int | None = None

    async def run(self) -> None:
        """Follows until cancelled. A broken stream is told once and reopened where it broke."""
        while True:
            try:
                await self._follow()
            except grpc.aio.AioRpcError as error:
                self._on_lost(error.details() or error.code().name)
            except StreamBroken as error:
                self._on_lost(str(error))
            await asyncio.sleep(self._retry_s)
            self._retry_s = min(2 * self._retry_s, RETRY_S_MAX)

    async def _follow(self) -> None:
        status = await self._events.GetStatus(events_pb2.GetStatusRequest(), timeout=STATUS_TIMEOUT_S)
        next_height = max(status.height, 1) if self.last_height is None else self.last_height + 1
        stream = self._events.Subscribe(events_pb2.SubscribeRequest(from_height=next_height))
        try:
            while True:
                block = await self._read(stream)
                self._take(block, is_behind=block.height < status.height)
                await asyncio.sleep(0)
        finally:
            stream.cancel()

    async def _read(
        self, stream: grpc.aio.UnaryStreamCall[events_pb2.SubscribeRequest, events_pb2.BlockSummary]
    ) -> events_pb2.BlockSummary:
        reading = asyncio.ensure_future(stream.read())
        try:
            while not (await asyncio.wait({reading}, timeout=SILENCE_S_MAX))[0]:
                await self._check_silence()
        except BaseException:
            reading.cancel()
            raise
        block = await reading
        if not isinstance(block, events_pb2.BlockSummary):
            raise StreamBroken("the chain ended the stream")
        return block

    async def _check_silence(self) -> None:
        """A quiet chain is fine; a chain that moves on while the stream is silent is not."""
        status = await self._events.GetStatus(events_pb2.GetStatusRequest(), timeout=STATUS_TIMEOUT_S)
        if status.height > (self.last_height or 0):
            raise StreamBroken(f"the stream is silent although the chain is at height {status.height}")

    def _take(self, block: events_pb2.BlockSummary, is_behind: bool) -> None:
        if self.last_height is not None:
            if block.height <= self.last_height:
                return
            if block.height != self.last_height + 1:
                raise StreamBroken(f"block {block.height} came after block {self.last_height}")
        self.last_height = block.height
        self._retry_s = RETRY_S_FIRST
        self._on_block(block, is_behind)
