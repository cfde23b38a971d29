"""The loop: events in, `scheduler.handle`, actions out. The one owner of workers, streams and timers.

Everything runs on one asyncio loop and without awaiting between an event and its actions, so that the
scheduler sees the world in one order. What takes time (spawning, reading frames, ending) are tasks that post
events.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
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
from mlnode.ahead import choose_ahead
from mlnode.catalog import ModelFile
from mlnode.errors import Refusal
from mlnode.events import Cancelled, Event, FilesScanned, Requested, RequestEnded, Streamed, Woken
from mlnode.figures import Figures
from mlnode.io.footprint import Footprint
from mlnode.io.frames import (
    Cancel,
    Done,
    Embed,
    Embedded,
    Load,
    Open,
    PocStop,
    PocValidate,
    PocValidated,
    SetThreads,
    Submit,
)
from mlnode.io.gpu import Gpu
from mlnode.io.sizing import Sizer
from mlnode.io.spare import REST_S, Spares
from mlnode.io.streams import Piece, Stream
from mlnode.io.tail import Tail
from mlnode.io.workers import Worker
from mlnode.mining import Mining
from mlnode.mode import Kind, PocJob
from mlnode.scheduler import Scheduler

WAKE_S_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class Folders:
    """Where workers keep things for other workers."""

    cache_dir: Path
    """For good, by model file."""
    kv_dir: Path
    """Keys and values of prompts, for as long as the node runs."""
    kv_cache_mb: int
    """Of these at most; 0: none."""
    prepared_model_mb: int = 0
    """What a prepared worker may take for a model that it opens ahead; 0: it opens none."""


class Loop:
    """Runs the scheduler. Make it inside the asyncio loop that it is to live on."""

    def __init__(self, scheduler: Scheduler, folders: Folders, gpu: Gpu, spares: Spares) -> None:
        self.scheduler = scheduler
        self.workers: dict[int, Worker] = {}
        self.sizer = Sizer(scheduler, gpu, folders.cache_dir, self.post)
        self.figures = Figures()
        self.spares = spares
        spares.choose = self._choose_ahead
        self.tails: dict[str, Tail] = {}
        """The newest output of each model's workers."""
        self.mining: Mining | None = None
        """The newest run."""
        self.minings: list[Mining] = []
        """The last run of every job."""
        self.on_mined: Callable[[Mining], None] = lambda mining: None
        """Called when a run has something to deliver, or ended."""
        self._folders = folders
        self.gpu = gpu
        self._streams: dict[int, Stream] = {}
        self._next_request = 1
        self._events: deque[Event] = deque()
        self._handling = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    # For the doors

    def open(self, model: str | None, order: Submit | Embed | PocValidate, name: str | None = None) -> Stream:
        """Ask for something; the stream carries the answer or a refusal. `name`: what the client calls it."""
        stream = Stream(self._next_request, order, time.monotonic(), name)
        self._next_request += 1
        self._streams[stream.request] = stream
        with contextlib.suppress(Refusal):
            stream.model = self.scheduler.catalog.find(model).id
        kind = Kind.VALIDATION if isinstance(order, PocValidate) else Kind.INFERENCE
        self.post(Requested(stream.request, model, kind))
        return stream

    def find_name(self, request: int) -> str | None:
        """What the client calls a request that has no answer yet."""
        return self._streams[request].name

    def leave(self, stream: Stream) -> None:
        """Nobody reads this stream any more. Harmless after its end."""
        if self._streams.pop(stream.request, None) is not None:
            self._note_end(stream, "cancelled")
            self.post(Cancelled(stream.request))

    def command(self, event: Event) -> None:
        """Obey a command, or raise its `Refusal`."""
        assert not self._handling
        self._handle(event)
        self._after()

    def post(self, event: Event) -> None:
        """Tell the scheduler, now or right after the event that it is handling."""
        self._events.append(event)
        if self._handling:
            return
        self._handling = True
        try:
            while self._events:
                self._handle(self._events.popleft())
        finally:
            self._handling = False
        self._after()

    def take_files(self, files: tuple[ModelFile, ...]) -> None:
        """What lies in the models' folder now. What was kept of models that are gone is forgotten."""
        self.post(FilesScanned(files))
        self.sizer.recall(files)
        resident = {instance.model for instance in self.scheduler.residents.resident()}
        for model in set(self.tails) - {file.id for file in files} - resident:
            del self.tails[model]

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
        await self.spares.close()
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
        if stream is None:
            return
        self._note_tokens(stream, piece)
        if not (piece.text or piece.logprobs):
            return
        stream.push(piece)
        if not stream.streamed:
            stream.streamed, stream.first_s = True, time.monotonic()
            self.figures.of(stream.model).first_token.observe(time.monotonic() - stream.opened_s)
            self.post(Streamed(request))

    def end_stream(self, request: int, end: Done | Embedded | PocValidated | Refusal) -> None:
        """The worker is done with a request. Its slot is free first, so that the client's next request finds
        it so."""
        if isinstance(end, Done | Embedded) and (model := self.scheduler.requests.slots.get(request)):
            self.figures.of(model).tokens_prompt += end.n_prompt
            self.figures.of(model).tokens_cached += end.n_cached if isinstance(end, Done) else 0
        self.post(RequestEnded(request))
        self._finish(request, end)

    def note_mined(self, mining: Mining) -> None:
        """A run has something to deliver, or ended."""
        self.on_mined(mining)

    # Actions

    def _handle(self, event: Event) -> None:
        present_ms = now_ms()
        actions = self.scheduler.handle(event, present_ms)
        self.figures.note_event(event, present_ms)
        for action in actions:
            self.figures.note_action(action, present_ms)
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case SpawnWorker():
                self._spawn(action)
            case EndWorker(worker=number, force=force):
                self._run(self.workers[number].end(force))
            case StartRequest(request, model, number):
                stream = self._streams[request]
                self._note_slot(stream, model)
                stream.tell_worker = self.workers[number].send
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
        tail = self.tails.setdefault(action.model, Tail())
        worker = Worker(
            action.model, action.worker, self, Footprint(self.gpu, action.devices), self.spares, tail
        )
        self.workers[action.worker] = worker
        params = action.params
        load = Load(
            path=action.path,
            n_ctx=params.n_ctx,
            slots=params.slots,
            n_ubatch=params.n_ubatch,
            n_threads=action.n_threads,
            kv_type=params.kv_type,
            n_gpu_layers=params.n_gpu_layers if self.gpu.present else 0,
            devices=self.gpu.name_devices(action.devices),
            tensor_split=action.tensor_split,
            cache_dir=str(self._folders.cache_dir),
            prefix_cache_mb=params.prefix_cache_mb,
            check_tensors=params.check_tensors,
            kv_dir=str(self._folders.kv_dir),
            kv_cache_mb=self._folders.kv_cache_mb,
        )
        self._run(self._live(worker, load))

    async def _live(self, worker: Worker, load: Load) -> None:
        await worker.live(load)
        del self.workers[worker.number]
        self.spares.fill(REST_S)

    def _choose_ahead(self, opened: Collection[str]) -> Open | None:
        file = choose_ahead(self.scheduler, opened, self._folders.prepared_model_mb)
        if file is None:
            return None
        return Open(path=file.path, check_tensors=self.scheduler.load_params(file.id).check_tensors)

    def _start_mining(self, worker: Worker, job: PocJob) -> None:
        """Mine, from where this share was left when its worker died or the node did something else."""
        self.mining = mining = self.mining.resume(job) if self.mining else Mining(job)
        self.minings = [*(run for run in self.minings if run.found), mining]
        worker.start_mining(mining)
        self.on_mined(mining)

    def _finish(self, request: int, end: Done | Embedded | PocValidated | Refusal) -> None:
        stream = self._streams.pop(request, None)
        if stream is None:
            return
        if isinstance(end, Done | Embedded):
            stream.n_prompt = end.n_prompt
        self._note_end(stream, end.reason if isinstance(end, Refusal) else "ok")
        stream.push(end)

    # What is counted

    def _note_slot(self, stream: Stream, model: str) -> None:
        if not stream.granted:
            self.figures.of(model).queue_wait.observe(time.monotonic() - stream.opened_s)
        stream.model, stream.granted, stream.granted_s = model, True, time.monotonic()
        instance = self.scheduler.instance_of(model)
        if instance.ready_at_ms / 1000 > stream.opened_s:
            begun_s = max(stream.opened_s, instance.loading_since_ms / 1000)
            stream.load_s = (begun_s, instance.ready_at_ms / 1000)
        stream.n_tokens, stream.last_token_s = 0, None

    def _note_tokens(self, stream: Stream, piece: Piece) -> None:
        n_new, present_s = piece.n_tokens - stream.n_tokens, time.monotonic()
        if n_new > 0:
            since_s = None if stream.last_token_s is None else present_s - stream.last_token_s
            self.figures.note_tokens(stream.model, n_new, since_s, present_s)
            stream.n_tokens, stream.last_token_s = piece.n_tokens, present_s

    def _note_end(self, stream: Stream, outcome: str) -> None:
        stream.outcome = outcome
        self.figures.note_end(stream.model, outcome, time.monotonic() - stream.opened_s)

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
