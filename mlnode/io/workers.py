"""A worker as the node sees it: its process from spawning to reaping, and what its frames mean.

Whatever happens to the process, its owner hears of its end exactly once, by `WorkerExited`.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from mlnode.errors import Refusal, RequestInvalid
from mlnode.events import Event, LoadProgressed, MemoryReturned, WorkerBeat, WorkerExited, WorkerLoaded
from mlnode.io.footprint import Footprint
from mlnode.io.frames import (
    BrokenFrame,
    Done,
    Embed,
    Embedded,
    Frame,
    Heartbeat,
    Load,
    Loaded,
    LoadFailed,
    PocBatch,
    PocFailed,
    PocStart,
    PocValidate,
    PocValidated,
    Progress,
    RequestFailed,
    Step,
    Submit,
    WorkerFrame,
)
from mlnode.io.spare import Spares
from mlnode.io.spawn import WorkerProcess
from mlnode.io.streams import Piece
from mlnode.io.tail import Tail
from mlnode.mining import Mining

END_S = 5.0
"""A worker told to go is killed after this."""
LOG_SHOWN_BYTES = 2000
TITLE = "--- worker "
"""Begins the output of each worker in its model's log."""
_AGAIN_S = {"QUEUE_FULL": 1, "NO_KV_ROOM": 1}
"""When to ask again where a worker had no room for a request; it ends others all the time."""
_GAVE_UP = "The model's worker could not go on: {}; ask again, or ask another node."
_SENTENCES = {
    "BAD_PARAMETERS": "The request cannot be served: {}.",
    "QUEUE_FULL": _GAVE_UP,
    "NO_KV_ROOM": _GAVE_UP,
    "ENGINE": _GAVE_UP,
}
"""Around what workers give as the reason only; with other codes they send a sentence."""

_log = structlog.get_logger("mlnode.worker")


class Owner(Protocol):
    """Who is told what a worker says."""

    def post(self, event: Event) -> None: ...

    def pass_on(self, request: int, piece: Piece) -> None: ...

    def end_stream(self, request: int, end: Done | Embedded | PocValidated | Refusal) -> None: ...

    def note_mined(self, mining: Mining) -> None: ...


@dataclass(slots=True, eq=False)
class Worker:
    """One worker, named by a number that is never used twice."""

    model: str
    number: int
    owner: Owner
    footprint: Footprint
    spares: Spares
    tail: Tail
    """Its model's, where its output goes."""
    process: WorkerProcess | None = None
    """None until it is spawned."""
    ending: bool = False
    """It was told to go, or will be as soon as it is spawned."""
    failure: LoadFailed | None = None
    minings: deque[Mining] = field(default_factory=deque)
    """Runs that it was asked for, the one that it reports on now first."""

    async def live(self, load: Load) -> None:
        """From spawning to reaping."""
        why, code = "", ""
        try:
            self.process = process = await self.spares.take(self.number, load.path)
            self.tail.append(f"{TITLE}{self.number}, process {process.pid} ---\n".encode())
            process.write_to(self.tail)
            if self.ending:
                process.kill()
            process.send(load)
            await self._read(process)
            why = _describe_exit(await process.wait())
        except OSError as error:
            why = f"it could not be started: {error.strerror}"
        if self.failure is not None:
            why, code = self.failure.text, self.failure.code
        back = self.footprint.is_returned
        self._close(why, code, back)
        if not back:
            await self.footprint.wait_returned()
            self.owner.post(MemoryReturned(self.number))

    def send(self, frame: Frame) -> None:
        """Tell it something; in vain when it is dead."""
        if self.process is not None:
            self.process.send(frame)

    async def end(self, force: bool) -> None:
        """Have it go: politely first unless `force`."""
        already, self.ending = self.ending, True
        if self.process is None:
            return
        if force:
            self.process.kill()
        elif not already:
            await self.process.stop(END_S)

    def start_request(self, request: int, order: Submit | Embed | PocValidate) -> None:
        """Hand over a request under its number."""
        if isinstance(order, PocValidate):
            self.send(msgspec.structs.replace(order, validation_id=request))
        else:
            self.send(msgspec.structs.replace(order, request_id=request))

    def start_mining(self, mining: Mining) -> None:
        """Mine from where the run stands."""
        job = mining.job
        self.minings.append(mining)
        _log.info("mining began", model=self.model, height=job.stage.height, first_nonce=mining.next_nonce)
        order = PocStart(
            stage_id=job.stage.height,
            block_hash=job.stage.block_hash,
            public_key=job.public_key,
            node_rank=job.node_rank,
            node_count=job.node_count,
            batch_size=max(1, job.max_batch_nonces),
            r_target_micro=job.stage.r_target_micro,
            start_nonce=mining.next_nonce,
        )
        self.send(order)

    async def _read(self, process: WorkerProcess) -> None:
        """Take frames until the process ends. One that talks nonsense, or failed to load, is killed."""
        try:
            async for frame in process.frames():
                self._take(frame)
                if self.failure is not None:
                    break
        except BrokenFrame as error:
            _log.error("broken frame", model=self.model, error=str(error))
        if not self.ending:
            process.kill()

    def _close(self, why: str, code: str, memory_is_back: bool) -> None:
        self.spares.note_load_over(self.number)
        for mining in self.minings:
            mining.finished = True
            self.owner.note_mined(mining)
        if self.ending:
            _log.info("ended", model=self.model)
        else:
            said = self.tail.read(LOG_SHOWN_BYTES).decode("utf-8", "replace").rpartition(TITLE)[2]
            _log.warning("lost", model=self.model, why=why, code=code, log=said)
        self.owner.post(WorkerExited(self.model, self.number, why, code, memory_is_back))

    def _take(self, frame: WorkerFrame) -> None:
        match frame:
            case Step(deltas=deltas):
                for delta in deltas:
                    self.owner.pass_on(delta.request_id, Piece(delta.text, delta.n_tokens, delta.logprobs))
            case Done(request_id=request) | Embedded(request_id=request):
                self.owner.end_stream(request, frame)
            case RequestFailed(request_id=request, code=code, text=text):
                self.owner.end_stream(request, explain(code, text))
            case Heartbeat(steps=steps):
                working = frame.active > 0 or frame.waiting > 0 or frame.poc
                self.owner.post(WorkerBeat(self.model, self.number, steps, working))
            case Loaded():
                self._note_loaded(frame)
            case Progress(permille=permille):
                self.owner.post(LoadProgressed(self.model, self.number, permille))
            case LoadFailed():
                self.failure = frame
            case PocValidated(validation_id=request):
                self.owner.end_stream(request, frame)
            case PocFailed():
                self._note_poc_failure(frame)
            case PocBatch():
                self._note_batch(frame)
            case _:
                _log.debug("frame", model=self.model, frame=type(frame).__name__)

    def _note_loaded(self, frame: Loaded) -> None:
        assert self.process is not None
        self.spares.note_load_over(self.number)
        device_mb = self.footprint.measure(self.process.pid, frame.rss_bytes)
        measured_mb = sum(device_mb)
        _log.info("loaded", model=self.model, load_ms=frame.load_ms, measured_mb=measured_mb)
        self.owner.post(WorkerLoaded(self.model, self.number, measured_mb, device_mb))

    def _note_batch(self, frame: PocBatch) -> None:
        if not self.minings:
            return
        mining = self.minings[0]
        mining.add(frame.nonces, frame.dist_micro, frame.next_nonce)
        if frame.final:
            mining.finished = True
            self.minings.popleft()
            _log.info("mining finished", model=self.model, height=mining.job.stage.height, found=mining.found)
        self.owner.note_mined(mining)

    def _note_poc_failure(self, frame: PocFailed) -> None:
        _log.error("proof of compute failed", model=self.model, code=frame.code, text=frame.text)
        if frame.validation_id >= 0:
            self.owner.end_stream(frame.validation_id, explain(frame.code, frame.text))
        elif self.minings:
            mining = self.minings.popleft()
            mining.finished, mining.error = True, frame.text
            self.owner.note_mined(mining)


def explain(code: str, text: str) -> RequestInvalid:
    """For the client, from what the worker says: a sentence, or only the reason."""
    refusal = RequestInvalid(code, _SENTENCES.get(code, "{}").format(text))
    refusal.retry_after_s = _AGAIN_S.get(code)
    return refusal


def _describe_exit(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"
