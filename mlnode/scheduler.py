"""The node's judgement: given what happened and when, what to do. It owns all state that decides.

A request is refused at once (unknown model, too large, line full, wrong mode), or waits in its model's line
for a bounded time, or has a slot. Every request gets exactly one end: its answer, a refusal, or the client's
leave. A model is loaded once however many wait for it; `room.py` decides whose memory it gets. No clock, no
process and no socket is known here: `handle` is told the time, and returns what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlnode.actions import (
    Action,
    CancelRequest,
    Refuse,
    SpawnWorker,
    StartMining,
    StartRequest,
)
from mlnode.admission import admit, compute_retry_after_s, find_obstacle_of, has_free_slot
from mlnode.changes import take_files
from mlnode.claims import list_claims
from mlnode.commands import do_by_hand, obey, refuse_all, stop_mining
from mlnode.errors import NodeDraining, Refusal, WaitExpired, WorkerLost
from mlnode.events import (
    Cancelled,
    DrainAsked,
    Event,
    FilesScanned,
    InferenceUpAsked,
    LoadAsked,
    LoadProgressed,
    MemoryReturned,
    PocGenerateAsked,
    PocValidateAsked,
    PreloadAsked,
    Requested,
    RequestEnded,
    Sized,
    StopAsked,
    Streamed,
    UnloadAsked,
    Woken,
    WorkerBeat,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.instance import FINAL_CODES, EndReason, Instance, InstanceState
from mlnode.mode import Kind
from mlnode.node import Node
from mlnode.patience import Patience
from mlnode.room import Plan, next_wake_ms
from mlnode.threads import share_cores
from mlnode.waiting import FRESH_MS, Request


@dataclass(slots=True)
class Scheduler(Node):
    """The node's state, and what follows from each event. Tell it of events; do what it says."""

    _patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        Node.__post_init__(self)
        self._patience = Patience(
            self.residents,
            self.limits.load_stall_ms,
            self.limits.step_stall_ms,
            self.find_ttl_ms,
            self._is_wanted,
        )

    def handle(self, event: Event, now_ms: int) -> list[Action]:
        """Take an event in; the actions it leads to, in order.

        Commands, `PreloadAsked`, `LoadAsked` and `UnloadAsked` raise a `Refusal` when they are not obeyed,
        and have changed nothing then; nothing else raises."""
        if self._note(event, now_ms):
            return []
        if isinstance(event, Requested):
            try:
                line = admit(self, event, now_ms)
            except Refusal as refusal:
                return [Refuse(event.request, refusal)]
            if len(line.waiting) > 1:
                return []  # whoever is before him waits for the same
        actions = [*self._apply(event, now_ms), *self._advance(now_ms)]
        return share_cores(self, actions)

    def next_wake_ms(self, now_ms: int) -> int | None:
        """When to send `Woken` if nothing happens before; None: not needed."""
        times = [
            *self.requests.deadlines_ms(),
            *self._patience.next_wake_ms(),
            *next_wake_ms(self.residents, list_claims(self)),
            *self.residents.lingering.values(),
        ]
        if self.draining_until_ms is not None:
            times.append(self.draining_until_ms)
        return min((at for at in times if at > now_ms), default=None)

    def _note(self, event: Event, now_ms: int) -> bool:
        """Take in what changes nothing but how long to be patient. False for all other events."""
        match event:
            case Streamed(id):
                if id in self.requests.open:
                    self.requests.open[id].streamed = True
            case WorkerBeat(model, worker, steps, working):
                if instance := self.residents.find_worker(model, worker):
                    instance.note_beat(steps, working, now_ms)
            case LoadProgressed(model, worker, permille):
                instance = self.residents.find_worker(model, worker)
                if instance and instance.note_progress(permille, now_ms):
                    self._stop_clock(model, now_ms)
            case _:
                return False
        return True

    def _apply(self, event: Event, now_ms: int) -> Iterator[Action]:
        match event:
            case Cancelled(id):
                request = self.requests.leave(id)
                if request is not None:
                    yield from self._let_go(request)
            case RequestEnded(id):
                if model := self.requests.end(id, now_ms):
                    self.residents.instances[model].free_slot(id, now_ms)
            case WorkerLoaded():
                yield from self._worker_loaded(event, now_ms)
            case WorkerExited():
                yield from self._worker_exited(event, now_ms)
            case MemoryReturned(worker):
                self.residents.release(worker, now_ms)
            case FilesScanned(files):
                yield from take_files(self, files, now_ms)
            case Sized(model, fingerprint, params, probed_mb, measured_mb):
                file = self.catalog.files.get(model)
                if file is not None and file.fingerprint == fingerprint:
                    self.residents.note_sized(model, params, probed_mb, measured_mb)
            case PreloadAsked(model):
                self.preloads.add(self.catalog.find(model).id)
            case LoadAsked() | UnloadAsked():
                yield from do_by_hand(self, event, now_ms)
            case DrainAsked(grace_ms):
                self.draining_until_ms = now_ms + grace_ms
            case StopAsked() | InferenceUpAsked() | PocGenerateAsked() | PocValidateAsked():
                yield from obey(self, event, now_ms)
            case Requested() | Woken():
                pass

    # Workers

    def _worker_loaded(self, event: WorkerLoaded, now_ms: int) -> list[Action]:
        instance = self.residents.find_worker(event.model, event.worker)
        if instance is None:
            return []
        self.requests.line(event.model).clock.go(now_ms)
        actions = self.residents.note_loaded(instance, event.measured_mb, event.device_mb, now_ms)
        if instance.state is InstanceState.READY:
            self.preloads.discard(event.model)
            self.by_hand.pop(event.model, None)
        return actions

    def _worker_exited(self, event: WorkerExited, now_ms: int) -> Iterator[Action]:
        """What it was computing is tried once more when the client has nothing of it yet; else it fails."""
        instance = self.residents.find_worker(event.model, event.worker)
        if instance is None:
            return
        self.requests.line(event.model).clock.go(now_ms)
        lost = self.requests.lose(tuple(instance.active))
        self.residents.note_exited(instance, event.why, event.memory_is_back, now_ms)
        if instance.state is InstanceState.FAILED:
            self._note_failure(instance, event)
        if event.worker == self.mining_worker:
            self.mining_worker = 0
        for request in lost:
            if self._may_repeat(request):
                self.requests.line(request.model).put_back(request, now_ms)
            else:
                yield self.requests.fail(request, WorkerLost(request.model, event.why))

    def _note_failure(self, instance: Instance, event: WorkerExited) -> None:
        """An operator looks at what came of his load. A bad file is one as long as it is the same."""
        self.by_hand.pop(event.model, None)
        if event.code in FINAL_CODES:
            instance.note_bad_file(event.why)
            file = self.catalog.files.get(event.model)
            if file is not None and file.fingerprint == instance.fingerprint:
                instance.broken = event.why

    def _may_repeat(self, request: Request) -> bool:
        allowed = request.kind not in self.mission.refuses and self.draining_until_ms is None
        return allowed and not request.streamed and not request.retried

    def _stop_clock(self, model: str, now_ms: int) -> None:
        """Its load makes progress: who waits for the model has time."""
        if self.limits.wait_pauses_for_load:
            self.requests.line(model).clock.stand(now_ms, now_ms + FRESH_MS)

    # What follows from the new state

    def _advance(self, now_ms: int) -> Iterator[Action]:
        self.residents.release(0, now_ms)
        yield from self._refuse_expired(now_ms)
        yield from self._refuse_hopeless(now_ms)
        yield from self._patience.end(now_ms)
        if self.draining_until_ms is None:
            yield from self._make_room(now_ms)
        for model in self.requests.waited_for():
            yield from self._grant(model, now_ms)
        if self.draining_until_ms is not None:
            yield from self._drain(self.draining_until_ms, now_ms)
        elif self.mission.job is not None:
            yield from self._mine()

    def _refuse_expired(self, now_ms: int) -> Iterator[Action]:
        for request in list(self.requests.pop_expired(now_ms)):
            retry_after_s = compute_retry_after_s(self, request.model, now_ms)
            expired = WaitExpired(request.model, now_ms - request.arrived_ms, retry_after_s)
            yield self.requests.fail(request, expired)

    def _refuse_hopeless(self, now_ms: int) -> Iterator[Action]:
        for model in self.requests.waited_for():
            if obstacle := find_obstacle_of(self, model, now_ms):
                waiting = self.requests.line(model).waiting
                while waiting:
                    yield self.requests.fail(waiting.popleft(), obstacle)

    def _make_room(self, now_ms: int) -> Iterator[Action]:
        """A pinned model that comes may leave others no room for good."""
        plan = Plan(self.residents, self.pinned(), self.requests.waits, self.limits.max_loads, now_ms)
        pinned_comes = False
        for action in plan.meet(list_claims(self)):
            if isinstance(action, SpawnWorker):
                self._stop_clock(action.model, now_ms)
                pinned_comes |= action.model in self.pinned()
            yield action
        self.unplaced = plan.unplaced
        if pinned_comes:
            yield from self._refuse_hopeless(now_ms)

    def _grant(self, model: str, now_ms: int) -> Iterator[Action]:
        instance = self.instance_of(model)
        while self.requests.waits(model) and has_free_slot(self, model):
            request = self.requests.grant(model, now_ms)
            instance.take_slot(request.id, now_ms)
            yield StartRequest(request.id, model, instance.worker)

    def _let_go(self, request: Request) -> Iterator[Action]:
        """Stop what is done for somebody who is gone; a load too, when nothing else asks for it."""
        instance = self.residents.instances.get(request.model)
        if instance is None:
            return
        if request.id in self.requests.slots:
            yield CancelRequest(request.id, instance.worker)
            return
        loading = instance.state is InstanceState.LOADING and not instance.given_up
        if loading and all(claim.file.id != request.model for claim in list_claims(self)):
            yield self.residents.end(instance, EndReason.UNWANTED)

    def _is_wanted(self, instance: Instance) -> bool:
        return self.requests.waits(instance.model) or instance.worker == self.mining_worker

    def _mine(self) -> Iterator[Action]:
        instance = self.instance_of(self.mission.model)
        if self.mission.job is not None and not self.mining_worker and instance.state is InstanceState.READY:
            self.mining_worker = instance.worker
            yield StartMining(instance.worker, self.mission.job)

    def _drain(self, until_ms: int, now_ms: int) -> Iterator[Action]:
        """Let those finish who have a slot, or only wait for one of a loaded model; then end the workers."""
        yield from stop_mining(self)
        self.mission.job = None
        for request in self.requests.waiting_of(frozenset(Kind)):
            if self.instance_of(request.model).state is not InstanceState.READY:
                yield self.requests.dismiss(request, NodeDraining())
        if now_ms >= until_ms:
            yield from refuse_all(self, NodeDraining())
        open_models = {request.model for request in self.requests.open.values()}
        yield from self.residents.end_all(open_models, EndReason.DRAIN)
