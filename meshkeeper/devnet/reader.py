"""What the demo knows of the chain: its blocks as they come, and its records, over gRPC as for anyone."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from chain.v1 import epochs_pb2, events_pb2, events_pb2_grpc, query_pb2, query_pb2_grpc


class NotInTime(Exception):
    """Something that was waited for did not happen."""


class Reader:
    """Follows a chain's blocks in the background and answers questions about its state.

    The follower resumes where it was when the chain goes away and comes back, without a gap.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 500)])
        self.query = query_pb2_grpc.QueryStub(self._channel)
        self._events = events_pb2_grpc.EventStreamStub(self._channel)
        self._blocks: list[events_pb2.BlockSummary] = []
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._follow, name="blocks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the follower."""
        self._closed = True
        self._channel.close()
        self._thread.join(5)

    def status(self) -> events_pb2.ChainStatus:
        """How the chain stands."""
        request = events_pb2.GetStatusRequest()
        status: events_pb2.ChainStatus = self._events.GetStatus(request, timeout=10, wait_for_ready=True)
        return status

    def block(self, height: int) -> events_pb2.BlockSummary:
        """One block as the chain has it now."""
        request = events_pb2.GetBlockRequest(height=height)
        block: events_pb2.BlockSummary = self._events.GetBlock(request, timeout=10, wait_for_ready=True)
        return block

    def epoch(self) -> epochs_pb2.EpochInfo:
        """Where the chain stands in its epochs."""
        answer = self.query.CurrentEpoch(query_pb2.QueryCurrentEpochRequest(), timeout=10)
        epoch: epochs_pb2.EpochInfo = answer.epoch
        return epoch

    def group(self, epoch_index: int, model_id: str = "") -> epochs_pb2.EpochGroupData:
        """A frozen group."""
        request = query_pb2.QueryEpochGroupDataRequest(epoch_index=epoch_index, model_id=model_id)
        group: epochs_pb2.EpochGroupData = self.query.EpochGroupData(request, timeout=10).epoch_group_data
        return group

    def read_all(self, method: Callable[..., Any], request: Any, field: str) -> Iterator[Any]:
        """The entries of all pages of a list; `field` of the answer holds them."""
        while True:
            answer = method(request, timeout=10)
            yield from getattr(answer, field)
            if not answer.pagination.next_key:
                return
            request.pagination.key = answer.pagination.next_key

    def blocks(
        self, first_height: int, within_s: float, while_waiting: Callable[[], None]
    ) -> Iterator[events_pb2.BlockSummary]:
        """Blocks from a height on, each as soon as it is there; NotInTime when the time is over.

        `while_waiting` is called at least every second that brings no block; what it raises ends the wait.
        """
        until = time.monotonic() + within_s
        height = first_height
        while True:
            with self._news:
                while not self._blocks or self._blocks[-1].height < height:
                    left = until - time.monotonic()
                    if left <= 0:
                        raise NotInTime(f"no block {height} within {within_s:.0f} s")
                    self._news.wait(min(left, 1.0))
                    while_waiting()
                block = self._blocks[height - self._blocks[0].height]
            yield block
            height += 1

    def wait(self, condition: Callable[[], bool], within_s: float, what: str) -> None:
        """Waits until something holds, looking again after each block and at least every quarter second."""
        until = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > until:
                raise NotInTime(f"{what} did not happen within {within_s:.0f} s")
            with self._news:
                self._news.wait(0.25)

    def _follow(self) -> None:
        next_height = 1
        while not self._closed:
            try:
                request = events_pb2.SubscribeRequest(from_height=next_height)
                for block in self._events.Subscribe(request, wait_for_ready=True):
                    with self._news:
                        self._blocks.append(block)
                        self._news.notify_all()
                    next_height = block.height + 1
            except (grpc.RpcError, ValueError):
                if self._closed:
                    return
                time.sleep(0.2)
