"""The loop: events in, `scheduler.handle`, actions out. The one owner of workers, streams and timers.

Everything runs on one asyncio loop and without awaiting between an event and its actions, so that the
scheduler sees the world in one order. What takes time (spawning, reading frames, ending) are tasks that post
events.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from mlnode.actions import (
    Action,
    CancelRequest,
    EndWorker,
    LeaseThreads,
    Refuse,
    SpawnWorker,
    StartMining,
    StartRequest,
    StopMining,
)
from mlnode.errors import Refusal
from mlnode.events import Cancelled, Event, Requested, RequestEnded, Streamed, Woken
from mlnode.io.frames import Cancel, Done, Load, PocStop, PocValidate, PocValidated, SetThreads, Submit
from mlnode.io.gpu import Gpu
from mlnode.io.streams import Piece, Stream
from mlnode.io.workers import Worker
from mlnode.mining import Mining
from mlnode.mode import Kind, PocJob
from mlnode.scheduler import Scheduler

WAKE_S_MAX = 3600.0


@dataclass(slots=True)
class Counts:
    """Since the start, for people and for Prometheus."""

    requests: dict[str, int] = field(default_factory=dict)
    """Ended requests by outcome: `ok`, `cancelled`, or the refusal's reason."""
    tokens_generated: int = 0
    tokens_prompt: int = 0
    first_token_s: float = 0.0
    """Time from arrival to the first text, summed over `first_tokens` answers."""
    first_tokens: int = 0

    def note_end(self, outcome: str) -> None:
        self.requests[outcome] = self.requests.get(outcome, 0) + 1


class Loop:
    """Runs the scheduler. Make it inside the asyncio loop that it is to live on."""

    def __init__(self, scheduler: Scheduler, cache_dir: Path, gpu: Gpu) -> None:
        self.scheduler = scheduler
        self.workers: dict[int, Worker] = {}
        self.counts = Counts()
        self.mining: Mining | None = None
        """The newest run."""
        self.on_mined: Callable[[Mining], None] = lambda mining: None
        """Called when a run has something to deliver, or ended."""
        self._cache_dir = cache_dir
        self._gpu = gpu
        self._streams: dict[int, Stream] = {}
        self._next_request = 1
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    # For the doors

    def open(self, model: str | None, order: Submit | PocValidate) -> Stream:
        """Ask for something; the stream carries the answer or a refusal."""
        stream = Stream(self._next_request, order, time.monotonic())
        self._next_request += 1
        self._streams[stream.request] = stream
        kind = Kind.VALIDATION if isinstance(order, PocValidate) else Kind.INFERENCE
        self.post(Requested(stream.request, model, kind))
        return stream

    def leave(self, stream: Stream) -> None:
        """Nobody reads this stream any more. Harmless after its end."""
        if self._streams.pop(stream.request, None) is not None:
            self.counts.note_end("cancelled")
            self.post(Cancelled(stream.request))

    def command(self, event: Event) -> None:
        """Obey a command, or raise its `Refusal`."""
        assert not self._handling
        self._perform_all(self.scheduler.handle(event, now_ms()))
        self._after()

    def post(self, event: Event) -> None:
        """Tell the scheduler, now or right after the event that it is handling."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                self._perform_all(self.scheduler.handle(self._events.popleft(), now_ms()))
        finally:
            self._handling = False
        self._after()

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds, looking after every event. False when the time is up."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline_s - time.monotonic())):
                    await self._changed.wait()
            except TimeoutError:
                return condition()
        return True

    async def close(self) -> None:
        """Kill what is left and wait until it is reaped."""
        for worker in list(self.workers.values()):
            await worker.end(force=True)
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._timer is not None:
            self._timer.cancel()

    # For the workers

    def pass_on(self, request: int, piece: Piece) -> None:
        """More of an answer."""
        stream = self._streams.get(request)
        if stream is None or not (piece.text or piece.logprobs):
            return
        stream.push(piece)
        if not stream.streamed:
            stream.streamed = True
            self.counts.first_tokens += 1
            self.counts.first_token_s += time.monotonic() - stream.opened_s
            self.post(Streamed(request))

    def end_stream(self, request: int, end: Done | PocValidated | Refusal) -> None:
        """The worker is done with a request. Its slot is free first, so that the client's next request finds
        it so."""
        self.post(RequestEnded(request))
        self._finish(request, end)

    def note_mined(self, mining: Mining) -> None:
        """A run has something to deliver, or ended."""
        self.on_mined(mining)

    # Actions

    def _perform_all(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case SpawnWorker():
                self._spawn(action)
            case EndWorker(worker=number, force=force):
                self._run(self.workers[number].end(force))
            case StartRequest(request, model, number):
                stream = self._streams[request]
                stream.model = model
                self.workers[number].start_request(request, stream.order)
            case CancelRequest(request, number):
                self.workers[number].send(Cancel(request_id=request))
            case Refuse(request, refusal):
                self._finish(request, refusal)
            case LeaseThreads(number, n_threads):
                self.workers[number].send(SetThreads(n_threads=n_threads))
            case StartMining(number, job):
                self._start_mining(self.workers[number], job)
            case StopMining(number):
                if number in self.workers:
                    self.workers[number].send(PocStop())

    def _spawn(self, action: SpawnWorker) -> None:
        worker = Worker(action.model, action.worker, self, self._gpu)
        self.workers[action.worker] = worker
        params = action.params
        load = Load(
            path=action.path,
            n_ctx=params.n_ctx,
            slots=params.slots,
            n_ubatch=params.n_ubatch,
            n_threads=action.n_threads,
            kv_type=params.kv_type,
            n_gpu_layers=params.n_gpu_layers if self._gpu.present else 0,
            devices=self._gpu.name_devices(action.devices),
            tensor_split=action.tensor_split,
            cache_dir=str(self._cache_dir),
        )
        self._run(self._live(worker, load))

    async def _live(self, worker: Worker, load: Load) -> None:
        await worker.live(load)
        del self.workers[worker.number]

    def _start_mining(self, worker: Worker, job: PocJob) -> None:
        """Mine, from where this very job was left when its worker died."""
        old = self.mining
        self.mining = mining = old.resume() if old is not None and old.job == job else Mining(job)
        worker.start_mining(mining)
        self.on_mined(mining)

    def _finish(self, request: int, end: Done | PocValidated | Refusal) -> None:
        stream = self._streams.pop(request, None)
        if stream is None:
            return
        if isinstance(end, Done):
            self.counts.tokens_prompt += end.n_prompt
            self.counts.tokens_generated += end.n_completion
        self.counts.note_end(end.reason if isinstance(end, Refusal) else "ok")
        stream.push(end)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _after(self) -> None:
        """Set the alarm for what the scheduler waits for."""
        self._changed.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        present_ms = now_ms()
        wake_ms = self.scheduler.next_wake_ms(present_ms)
        if wake_ms is not None:
            delay_s = min(WAKE_S_MAX, (wake_ms - present_ms) / 1000)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.post, Woken())


def now_ms() -> int:
    """The scheduler's clock: monotonic milliseconds."""
    return time.monotonic_ns() // 1_000_000
