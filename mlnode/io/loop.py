"""The loop: events in, `scheduler.handle`, actions out. The one owner of workers, streams and timers.

Everything runs on one asyncio loop and without awaiting between an event and its actions, so that the
scheduler sees the world in one order. What takes time (spawning, reading frames, ending) are tasks that
post events.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from mlnode.actions import (
    Action,
    CancelRequest,
    EndWorker,
    Refuse,
    SpawnWorker,
    StartMining,
    StartRequest,
    StopMining,
)
from mlnode.errors import Refusal, RequestInvalid
from mlnode.events import (
    Cancelled,
    Event,
    Requested,
    RequestEnded,
    Streamed,
    Woken,
    WorkerBeat,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.instance import LoadParams
from mlnode.io.frames import (
    BrokenFrame,
    Cancel,
    Done,
    Heartbeat,
    Load,
    Loaded,
    LoadFailed,
    PocBatch,
    PocFailed,
    PocStart,
    PocStop,
    PocValidate,
    PocValidated,
    RequestFailed,
    Step,
    Submit,
    WorkerFrame,
)
from mlnode.io.gpu import Gpu
from mlnode.io.spawn import WorkerProcess
from mlnode.io.streams import Piece, Stream
from mlnode.mining import Mining
from mlnode.mode import Kind, PocJob
from mlnode.scheduler import Scheduler

END_S = 5.0
"""A worker told to go is killed after this."""

WAKE_S_MAX = 3600.0

_log = structlog.get_logger("mlnode")


@dataclass(slots=True)
class Worker:
    """A worker process and what the edge knows of it."""

    model: str
    number: int
    process: WorkerProcess | None = None
    """None until it is spawned."""
    ending: bool = False
    forced: bool = False
    failure: LoadFailed | None = None
    loaded: Loaded | None = None
    minings: deque[Mining] = field(default_factory=deque)
    """Runs that it was asked for, the one that reports now first."""


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

    # Doors

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
            self._count("cancelled")
            self.post(Cancelled(stream.request))

    def command(self, event: Event) -> None:
        """Obey a command, or raise its `Refusal`."""
        assert not self._handling
        self._perform_all(self.scheduler.handle(event, _now_ms()))
        self._after()

    def post(self, event: Event) -> None:
        """Tell the scheduler, now or right after the event that it is handling."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                self._perform_all(self.scheduler.handle(self._events.popleft(), _now_ms()))
        finally:
            self._handling = False
        self._after()

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds, looking after every event. False when the time is up."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            self._changed.clear()
            left_s = deadline - time.monotonic()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, left_s))
            except TimeoutError:
                return condition()
        return True

    async def close(self) -> None:
        """Kill what is left and wait until it is reaped."""
        for worker in self.workers.values():
            self._end(worker, force=True)
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _after(self) -> None:
        """Set the alarm for what the scheduler waits for."""
        self._changed.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ms = _now_ms()
        wake_ms = self.scheduler.next_wake_ms(now_ms)
        if wake_ms is not None:
            delay_s = min(WAKE_S_MAX, (wake_ms - now_ms) / 1000)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.post, Woken())

    # Actions

    def _perform_all(self, actions: list[Action]) -> None:
        for action in actions:
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case SpawnWorker(model, number, path, params):
                self.workers[number] = worker = Worker(model, number)
                self._run(self._live(worker, path, params))
            case EndWorker(_, number, force):
                self._end(self.workers[number], force)
            case StartRequest(request, model, number):
                self._start(request, model, self.workers[number])
            case CancelRequest(request, number):
                self._cancel(request, self.workers[number])
            case Refuse(request, refusal):
                self._finish(request, refusal)
            case StartMining(number, job):
                self._start_mining(self.workers[number], job)
            case StopMining(number):
                if number in self.workers:
                    _send(self.workers[number], PocStop())

    def _start(self, request: int, model: str, worker: Worker) -> None:
        stream = self._streams[request]
        stream.model = model
        if isinstance(stream.order, PocValidate):
            _send(worker, msgspec.structs.replace(stream.order, validation_id=request))
        else:
            _send(worker, msgspec.structs.replace(stream.order, request_id=request))

    def _cancel(self, request: int, worker: Worker) -> None:
        """A validation cannot be cancelled; its slot is free when it is done."""
        _send(worker, Cancel(request_id=request))

    def _end(self, worker: Worker, force: bool) -> None:
        """Ask the process to go; one that is not spawned yet is told as soon as it is."""
        already, worker.ending = worker.ending, True
        worker.forced = worker.forced or force
        if worker.process is None:
            return
        if worker.forced:
            worker.process.kill()
        elif not already:
            self._run(_stop(worker.process))

    def _start_mining(self, worker: Worker, job: PocJob) -> None:
        """Mine, from where this very job was left when its worker died."""
        old = self.mining
        if old is not None and old.job == job:
            mining = Mining(job, old.next_nonce, old.found, old.delivered, _reports=old.hand_over())
        else:
            mining = Mining(job)
        self.mining = mining
        worker.minings.append(mining)
        _send(
            worker,
            PocStart(
                stage_id=job.stage.height,
                block_hash=job.stage.block_hash,
                public_key=job.public_key,
                node_rank=job.node_rank,
                node_count=job.node_count,
                batch_size=max(1, job.max_batch_nonces),
                r_target_micro=job.stage.r_target_micro,
                start_nonce=mining.next_nonce,
            ),
        )
        self.on_mined(mining)

    # A worker's life

    async def _live(self, worker: Worker, path: str, params: LoadParams) -> None:
        """From spawning to reaping. Whatever happens, the scheduler hears of the end."""
        why, code = "it could not be started", ""
        try:
            worker.process = await WorkerProcess.start()
            if worker.ending:
                worker.process.kill()
            worker.process.send(self._load_order(path, params))
            await self._read(worker, worker.process)
            why = _describe_exit(await worker.process.wait())
        except OSError as error:
            why = f"it could not be started: {error.strerror}"
        if worker.failure is not None:
            why, code = worker.failure.text, worker.failure.code
        self._bury(worker, why, code)

    def _bury(self, worker: Worker, why: str, code: str) -> None:
        del self.workers[worker.number]
        for mining in worker.minings:
            mining.finished = True
            self.on_mined(mining)
        if not worker.ending or worker.failure:
            tail = worker.process.log_tail()[-2000:].decode("utf-8", "replace") if worker.process else ""
            _log.warning("worker lost", model=worker.model, why=why, code=code, log=tail)
        else:
            _log.info("worker ended", model=worker.model)
        self.post(WorkerExited(worker.model, worker.number, why, code))

    async def _read(self, worker: Worker, process: WorkerProcess) -> None:
        """Take frames until the process ends. One that talks nonsense is killed."""
        try:
            async for frame in process.frames():
                self._take(worker, frame)
        except BrokenFrame as error:
            _log.error("worker sent a broken frame", model=worker.model, error=str(error))
        finally:
            if not worker.ending or worker.failure:
                process.kill()

    def _load_order(self, path: str, params: LoadParams) -> Load:
        return Load(
            path=path,
            n_ctx=params.n_ctx,
            slots=params.slots,
            n_ubatch=params.n_ubatch,
            n_threads=params.n_threads,
            n_gpu_layers=params.n_gpu_layers if self._gpu.present else 0,
            cache_dir=str(self._cache_dir),
        )

    def _take(self, worker: Worker, frame: WorkerFrame) -> None:
        match frame:
            case Step(deltas=deltas):
                for delta in deltas:
                    self._pass_on(delta.request_id, Piece(delta.text, delta.n_tokens, delta.logprobs))
            case Done():
                self._end_stream(frame.request_id, frame)
            case RequestFailed(request_id=request, code=code, text=text):
                self._end_stream(request, RequestInvalid(code, text))
            case Heartbeat(steps=steps):
                working = frame.active > 0 or frame.waiting > 0
                self.post(WorkerBeat(worker.model, worker.number, steps, working))
            case Loaded():
                self._note_loaded(worker, frame)
            case LoadFailed():
                worker.failure = frame
            case PocValidated(validation_id=request):
                self._end_stream(request, frame)
            case PocFailed():
                self._note_poc_failure(worker, frame)
            case PocBatch():
                self._note_batch(worker, frame)
            case _:
                _log.debug("worker frame", model=worker.model, frame=type(frame).__name__)

    def _pass_on(self, request: int, piece: Piece) -> None:
        stream = self._streams.get(request)
        if stream is None or not (piece.text or piece.logprobs):
            return
        stream.push(piece)
        if not stream.streamed:
            stream.streamed = True
            self.counts.first_tokens += 1
            self.counts.first_token_s += time.monotonic() - stream.opened_s
            self.post(Streamed(request))

    def _end_stream(self, request: int, end: Done | PocValidated | RequestInvalid) -> None:
        """The slot is free first, so that the client's next request finds it so."""
        self.post(RequestEnded(request))
        self._finish(request, end)

    def _finish(self, request: int, end: Done | PocValidated | Refusal) -> None:
        stream = self._streams.pop(request, None)
        if stream is None:
            return
        if isinstance(end, Done):
            self.counts.tokens_prompt += end.n_prompt
            self.counts.tokens_generated += end.n_completion
        self._count(end.reason if isinstance(end, Refusal) else "ok")
        stream.push(end)

    def _note_loaded(self, worker: Worker, frame: Loaded) -> None:
        assert worker.process is not None
        worker.loaded = frame
        measured_mb = self._gpu.measure_mb(worker.process.pid, frame.rss_bytes)
        _log.info("model loaded", model=worker.model, load_ms=frame.load_ms, measured_mb=measured_mb)
        self.post(WorkerLoaded(worker.model, worker.number, measured_mb))

    def _note_batch(self, worker: Worker, frame: PocBatch) -> None:
        if not worker.minings:
            return
        mining = worker.minings[0]
        mining.add(frame.nonces, frame.dist_micro, frame.next_nonce)
        if frame.final:
            mining.finished = True
            worker.minings.popleft()
        self.on_mined(mining)

    def _note_poc_failure(self, worker: Worker, frame: PocFailed) -> None:
        _log.error("proof of compute failed", model=worker.model, code=frame.code, text=frame.text)
        if frame.validation_id >= 0:
            self._end_stream(frame.validation_id, RequestInvalid(frame.code, frame.text))
        elif worker.minings:
            mining = worker.minings.popleft()
            mining.finished, mining.error = True, frame.text
            self.on_mined(mining)

    def _count(self, outcome: str) -> None:
        self.counts.requests[outcome] = self.counts.requests.get(outcome, 0) + 1

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _stop(process: WorkerProcess) -> None:
    await process.stop(END_S)


def _send(worker: Worker, frame: Submit | PocValidate | Cancel | PocStart | PocStop) -> None:
    if worker.process is not None:
        worker.process.send(frame)


def _describe_exit(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
