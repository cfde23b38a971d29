"""Reports to the broker: mined nonces, delivered at least once over its callback interface."""

import asyncio

import grpc
import structlog

from broker.v1 import callback_pb2, callback_pb2_grpc
from mlnode.mining import Mining, Report

CALL_S = 10.0
"""A broker that has not answered by then is asked again."""
RETRY_S_FIRST, RETRY_S_MAX = 0.2, 5.0
LINGER_S = 30.0
"""How long the rest of a run that ended is still offered, should the broker not answer."""
_CHANNEL = (("grpc.min_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000))
"""A broker that was away for minutes is found again within seconds."""

_FINAL = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT})

_log = structlog.get_logger("mlnode.broker")


class Reporter:
    """Delivers what the runs yield, one task for each run."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._news: dict[int, asyncio.Event] = {}

    def on_mined(self, mining: Mining) -> None:
        """A run has something to deliver, or ended."""
        key = id(mining)
        if key not in self._tasks:
            self._news[key] = asyncio.Event()
            self._tasks[key] = asyncio.create_task(self._deliver(mining, self._news[key]))
        self._news[key].set()

    async def close(self, grace_s: float) -> None:
        """Wait for what ended runs still have to deliver, then give up."""
        tasks = set(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, mining: Mining, news: asyncio.Event) -> None:
        try:
            async with grpc.aio.insecure_channel(mining.job.callback_address, options=_CHANNEL) as channel:
                await _Delivery(mining, news, channel).run()
        finally:
            self._tasks.pop(id(mining), None)
            self._news.pop(id(mining), None)


class _Delivery:
    """One run's reports, in order."""

    def __init__(self, mining: Mining, news: asyncio.Event, channel: grpc.aio.Channel) -> None:
        self._mining = mining
        self._news = news
        self._stub = callback_pb2_grpc.NodeCallbackStub(channel)
        self._metadata = (("authorization", f"Bearer {mining.job.callback_token}"),)

    async def run(self) -> None:
        """Until the run is over and delivered, refused, or the broker stays silent after its end."""
        while not self._mining.is_over:
            self._news.clear()
            report = self._mining.peek()
            if report is None:
                await self._news.wait()
            elif not await self._send_until_taken(report):
                return

    async def _send_until_taken(self, report: Report) -> bool:
        delay_s = RETRY_S_FIRST
        ended_s: float | None = None
        clock = asyncio.get_running_loop().time
        while not await self._send(report):
            if self._mining.refused:
                return False
            if self._mining.finished:
                ended_s = clock() if ended_s is None else ended_s
                if clock() - ended_s > LINGER_S:
                    _log.error("nonces lost: the broker does not answer", nonces=len(report.nonces))
                    return False
            await asyncio.sleep(delay_s)
            delay_s = min(RETRY_S_MAX, 2 * delay_s)
        return True

    async def _send(self, report: Report) -> bool:
        job = self._mining.job
        request = callback_pb2.ReportPocBatchRequest(
            node_id=job.node_id,
            poc_start_block_height=job.stage.height,
            block_hash=job.stage.block_hash,
            public_key=job.public_key,
            nonces=report.nonces,
            dist_micro=report.dist_micro,
            next_nonce=report.next_nonce,
        )
        try:
            await self._stub.ReportPocBatch(request, timeout=CALL_S, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() in _FINAL:
                self._mining.refuse(error.details() or error.code().name)
            _log.warning("report not taken", status=error.code().name, details=error.details())
            return False
        self._mining.take(report)
        return True
