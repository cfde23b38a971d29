"""The node's judgement: given what happened and when, what to do. It owns all state that decides.

A request is refused at once (unknown model, too large, line full, wrong mode), or waits in its model's line
for at most `max_wait_ms`, or has a slot. Every request gets exactly one end: its answer, a refusal, or the
client's leave. A model is loaded once however many wait for it; `residents.py` decides whose memory it
gets. No clock, no process and no socket is known here: `handle` is told the time, and returns what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlnode.actions import Action, CancelRequest, EndWorker, Refuse, StartMining, StartRequest, StopMining
from mlnode.catalog import Catalog, ModelFile
from mlnode.errors import (
    GenerationStale,
    ModelBroken,
    ModelTooLarge,
    ModelUnavailable,
    NodeBusy,
    NodeDraining,
    NodeNotServing,
    QueueFull,
    Refusal,
    WaitExpired,
    WorkerLost,
)
from mlnode.events import (
    Cancelled,
    DrainAsked,
    Event,
    FilesScanned,
    InferenceUpAsked,
    PocGenerateAsked,
    PocValidateAsked,
    PreloadAsked,
    Requested,
    RequestEnded,
    StopAsked,
    Streamed,
    Woken,
    WorkerBeat,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.instance import FINAL_CODES, Instance, InstanceState, LoadParams
from mlnode.mode import ACCEPTS, TRANSITIONS, Activity, Command, PocJob
from mlnode.placement import Ledger
from mlnode.residents import Claim, Residents
from mlnode.waiting import Line, Request


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows."""

    budget_mb: int
    margin_mb: int
    params: LoadParams
    """How a model is loaded unless a command says otherwise."""
    max_queue_depth: int = 32
    """Requests waiting for one model; those that have a slot do not count."""
    max_wait_ms: int = 30_000
    max_inflight: int = 0
    """Requests in the whole node, waiting or not; 0: no limit."""


@dataclass(slots=True)
class Scheduler:
    """All state of the node that decides anything. Tell it of events; do what it says."""

    limits: Limits
    catalog: Catalog
    activity: Activity = Activity.INFERENCE
    generation: int = 0
    up_model: str = ""
    """Model that a command wants served or mined with; it is never evicted."""
    job: PocJob | None = None
    poc_height: int = 0
    draining_until_ms: int | None = None
    residents: Residents = field(init=False)
    requests: dict[int, Request] = field(default_factory=dict)
    """Everybody who still waits for an end."""
    lines: dict[str, Line] = field(default_factory=dict)
    _slots: dict[int, str] = field(default_factory=dict)
    """Requests in a worker, those whose client left included, and their model."""
    _params: dict[str, LoadParams] = field(default_factory=dict)
    _preloads: dict[str, int] = field(default_factory=dict)
    _up_since_ms: int = 0
    _mining_worker: int = 0

    def __post_init__(self) -> None:
        ledger = Ledger(self.limits.budget_mb, self.limits.margin_mb)
        self.residents = Residents(ledger, self._waits)

    def handle(self, event: Event, now_ms: int) -> list[Action]:
        """Take an event in; the actions it leads to, in order. Commands raise a `Refusal` when they are not
        obeyed, and have changed nothing then; everything else never raises."""
        return [*self._apply(event, now_ms), *self._advance(now_ms)]

    def next_wake_ms(self, now_ms: int) -> int | None:
        """When to send `Woken` if nothing happens before; None: not needed."""
        times = [request.deadline_ms for line in self.lines.values() for request in line.waiting]
        times += self.residents.next_wake_ms(self._claims(now_ms))
        if self.draining_until_ms is not None:
            times.append(self.draining_until_ms)
        return min((at for at in times if at > now_ms), default=None)

    @property
    def is_over(self) -> bool:
        """Drained: no request and no worker is left."""
        return self.draining_until_ms is not None and not self.requests and not any(self.residents.resident())

    def _apply(self, event: Event, now_ms: int) -> Iterator[Action]:
        match event:
            case Requested():
                yield from self._admit(event, now_ms)
            case Cancelled(request):
                yield from self._cancel(request)
            case Streamed(request):
                if request in self.requests:
                    self.requests[request].streamed = True
            case RequestEnded(request):
                self._end_request(request, now_ms)
            case WorkerLoaded(model, worker, measured_mb):
                if instance := self.residents.find_worker(model, worker):
                    yield from self.residents.note_loaded(instance, measured_mb, now_ms)
                    self._preloads.pop(model, None)
            case WorkerExited():
                yield from self._worker_exited(event, now_ms)
            case WorkerBeat():
                self._note_beat(event, now_ms)
            case FilesScanned(files):
                self._replace_files(files)
            case PreloadAsked(model):
                self._preloads[self.catalog.find(model).id] = now_ms
            case DrainAsked(grace_ms):
                self.draining_until_ms = now_ms + grace_ms
            case StopAsked() | InferenceUpAsked() | PocGenerateAsked() | PocValidateAsked():
                yield from self._obey(event, now_ms)
            case Woken():
                pass

    # Requests

    def _admit(self, event: Requested, now_ms: int) -> Iterator[Action]:
        """Into the line, or out. Cheapest checks first; the first ground counts."""
        try:
            file = self._check_admission(event, now_ms)
        except Refusal as refusal:
            yield Refuse(event.request, refusal)
            return
        deadline_ms = now_ms + self.limits.max_wait_ms
        request = Request(event.request, file.id, event.kind, now_ms, deadline_ms)
        self.requests[request.id] = request
        self._line(file.id).waiting.append(request)

    def _check_admission(self, event: Requested, now_ms: int) -> ModelFile:
        if self.draining_until_ms is not None:
            raise NodeDraining
        if event.kind not in ACCEPTS[self.activity]:
            raise NodeNotServing(self.activity.value)
        file = self.catalog.find(event.model)
        if obstacle := self._find_obstacle(file, now_ms):
            raise obstacle
        if 0 < self.limits.max_inflight <= len(self.requests):
            raise NodeBusy(len(self.requests), self._retry_after_s(file.id, now_ms))
        waiting = len(self._line(file.id).waiting)
        if waiting >= self.limits.max_queue_depth and not self._has_free_slot(file.id):
            raise QueueFull(file.id, waiting, self._retry_after_s(file.id, now_ms))
        return file

    def _find_obstacle(self, file: ModelFile, now_ms: int) -> Refusal | None:
        """Why waiting for a model would be in vain, or None."""
        instance = self.residents.get(file.id, self._load_params(file.id))
        if instance.resident and instance.state is not InstanceState.ENDING:
            return None
        if file.problem or file.header is None or instance.broken:
            return ModelBroken(file.id, file.problem or instance.broken)
        need_mb = self.residents.compute_need_mb(file, self._load_params(file.id))
        room_mb = self.residents.compute_room_mb(file.id, self._pinned())
        if need_mb > room_mb:
            return ModelTooLarge(file.id, need_mb, room_mb)
        if open_ms := instance.is_broken_until(now_ms):
            return ModelUnavailable(file.id, instance.last_error, max(1, -(-open_ms // 1000)))
        return None

    def _cancel(self, id: int) -> Iterator[Action]:
        request = self.requests.pop(id, None)
        if request is None:
            return
        if id in self._slots:
            yield CancelRequest(id, self.residents.instances[request.model].worker)
        else:
            self._line(request.model).waiting.remove(request)

    def _end_request(self, id: int, now_ms: int) -> None:
        model = self._slots.pop(id, None)
        if model is None:
            return
        instance = self.residents.instances[model]
        instance.active.discard(id)
        instance.last_used_ms = now_ms
        if request := self.requests.pop(id, None):
            self._line(model).note_service(now_ms - request.granted_ms)

    def _fail(self, request: Request, refusal: Refusal) -> Refuse:
        del self.requests[request.id]
        return Refuse(request.id, refusal)

    # Workers

    def _worker_exited(self, event: WorkerExited, now_ms: int) -> Iterator[Action]:
        """What it was computing is tried once more when the client has nothing of it yet; else it fails."""
        instance = self.residents.find_worker(event.model, event.worker)
        if instance is None:
            return
        lost = sorted(instance.active)
        self.residents.note_exited(instance, event.why, now_ms)
        if event.code in FINAL_CODES:
            instance.broken = event.why
        if event.worker == self._mining_worker:
            self._mining_worker = 0
        for id in lost:
            del self._slots[id]
        for request in [self.requests[id] for id in reversed(lost) if id in self.requests]:
            if self._may_repeat(request):
                self._line(request.model).put_back(request, now_ms)
            else:
                yield self._fail(request, WorkerLost(request.model, event.why))

    def _may_repeat(self, request: Request) -> bool:
        allowed = request.kind in ACCEPTS[self.activity] and self.draining_until_ms is None
        return allowed and not request.streamed and not request.retried

    def _note_beat(self, event: WorkerBeat, now_ms: int) -> None:
        if instance := self.residents.find_worker(event.model, event.worker):
            instance.beat_ms = now_ms
            if event.steps != instance.steps or not event.working:
                instance.steps, instance.progress_ms = event.steps, now_ms

    def _replace_files(self, files: tuple[ModelFile, ...]) -> None:
        """A file that is not the same any more starts with a clean record."""
        old = self.catalog.files
        self.catalog.replace(files)
        for id, file in self.catalog.files.items():
            if id in old and old[id].fingerprint != file.fingerprint and id in self.residents.instances:
                instance = self.residents.instances[id]
                instance.broken, instance.retry_at_ms = "", 0
                instance.crashes_ms.clear()

    # Commands

    def _obey(
        self, event: StopAsked | InferenceUpAsked | PocGenerateAsked | PocValidateAsked, now_ms: int
    ) -> list[Action]:
        if event.generation < self.generation:
            raise GenerationStale(event.generation, self.generation)
        if self.draining_until_ms is not None:
            raise NodeDraining
        match event:
            case StopAsked():
                actions = self._stop()
            case InferenceUpAsked():
                actions = self._serve(event, now_ms)
            case PocGenerateAsked():
                actions = self._generate(event.job, now_ms)
            case PocValidateAsked(_, height):
                actions = self._validate(height)
        self.generation = event.generation
        return actions

    def _stop(self) -> list[Action]:
        """Nothing is left to do and nothing left in memory; a load under way is killed."""
        actions: list[Action] = self._stop_mining()
        self._enter(Command.STOP, "")
        self.catalog.served.clear()
        self._params.clear()
        self._preloads.clear()
        actions += self._refuse_all(NodeNotServing(self.activity.value))
        leaving = [i for i in self.residents.resident() if i.state is not InstanceState.ENDING]
        return actions + [self.residents.end(instance) for instance in leaving]

    def _serve(self, event: InferenceUpAsked, now_ms: int) -> list[Action]:
        file = self._check_command(event.model, event.params)
        actions = self._stop_mining()
        self._enter(Command.INFERENCE_UP, file.id)
        if event.served_name:
            self.catalog.served[event.served_name] = file.id
        self._params[file.id] = event.params
        self._up_since_ms = now_ms
        return actions + self._renew(file.id)

    def _generate(self, job: PocJob, now_ms: int) -> list[Action]:
        file = self._check_command(job.model, self._load_params(job.model))
        if self.activity is Activity.GENERATING and self.job == job:
            return []
        actions = self._stop_mining()
        self._enter(Command.POC_GENERATE, file.id)
        self.job, self.poc_height, self._up_since_ms = job, job.stage.height, now_ms
        return actions + self._refuse_waiting()

    def _validate(self, height: int) -> list[Action]:
        actions = self._stop_mining()
        self._enter(Command.POC_VALIDATE, "")
        self.poc_height = height
        return actions + self._refuse_waiting()

    def _enter(self, command: Command, model: str) -> None:
        self.activity = TRANSITIONS[self.activity, command]
        self.up_model, self.job, self.poc_height = model, None, 0

    def _check_command(self, model: str, params: LoadParams) -> ModelFile:
        """The file that a command names, if it can be served. Identifiers and names are both understood."""
        file = self.catalog.find(model)
        if file.problem or file.header is None:
            raise ModelBroken(file.id, file.problem)
        need_mb = self.residents.compute_need_mb(file, params)
        if need_mb > self.residents.ledger.room_mb:
            raise ModelTooLarge(file.id, need_mb, self.residents.ledger.room_mb)
        return file

    def _renew(self, model: str) -> list[Action]:
        """A worker that was loaded with other parameters makes way for a new one, when it has finished."""
        instance = self.residents.get(model, self._load_params(model))
        if not instance.resident or instance.params == self._load_params(model):
            return []
        return list(self.residents.retire(instance))

    def _stop_mining(self) -> list[Action]:
        worker, self._mining_worker = self._mining_worker, 0
        return [StopMining(worker)] if worker else []

    def _refuse_waiting(self) -> list[Action]:
        """Who waits for what the node does no longer goes; who has a slot may finish."""
        wrong = [r for r in self.requests.values() if r.kind not in ACCEPTS[self.activity]]
        waiting = [request for request in wrong if request.id not in self._slots]
        for request in waiting:
            self._line(request.model).waiting.remove(request)
        return [self._fail(request, NodeNotServing(self.activity.value)) for request in waiting]

    def _refuse_all(self, refusal: Refusal) -> list[Action]:
        actions: list[Action] = []
        for id, request in list(self.requests.items()):
            if id in self._slots:
                actions.append(CancelRequest(id, self.residents.instances[request.model].worker))
            actions.append(self._fail(request, refusal))
        for line in self.lines.values():
            line.waiting.clear()
        return actions

    # What follows

    def _advance(self, now_ms: int) -> Iterator[Action]:
        """Whatever the new state allows: called after every event."""
        yield from self._refuse_hopeless(now_ms)
        for model, line in self.lines.items():
            yield from self._grant(model, line, now_ms)
        yield from self.residents.give_up_hung(now_ms)
        if self.draining_until_ms is not None:
            yield from self._drain(now_ms)
            return
        yield from self.residents.make_room(self._claims(now_ms), self._pinned(), now_ms)
        yield from self._mine()

    def _refuse_hopeless(self, now_ms: int) -> Iterator[Action]:
        for model, line in self.lines.items():
            for request in line.pop_expired(now_ms):
                waited_ms = now_ms - request.arrived_ms
                yield self._fail(request, WaitExpired(model, waited_ms, self._retry_after_s(model, now_ms)))
            if line.waiting and (obstacle := self._obstacle_of(model, now_ms)):
                while line.waiting:
                    yield self._fail(line.waiting.popleft(), obstacle)

    def _obstacle_of(self, model: str, now_ms: int) -> Refusal | None:
        if file := self.catalog.files.get(model):
            return self._find_obstacle(file, now_ms)
        instance = self.residents.instances.get(model)
        return None if instance and instance.resident else ModelBroken(model, "its file is gone")

    def _grant(self, model: str, line: Line, now_ms: int) -> Iterator[Action]:
        instance = self.residents.instances.get(model)
        while instance and line.waiting and self._has_free_slot(model):
            request = line.waiting.popleft()
            request.granted_ms = instance.last_used_ms = now_ms
            if not instance.active:
                instance.progress_ms = now_ms
            instance.active.add(request.id)
            self._slots[request.id] = model
            yield StartRequest(request.id, model, instance.worker)

    def _has_free_slot(self, model: str) -> bool:
        instance = self.residents.instances.get(model)
        ready = instance is not None and instance.state is InstanceState.READY
        return instance is not None and ready and len(instance.active) < instance.params.slots

    def _claims(self, now_ms: int) -> list[Claim]:
        """Who is wanted in memory: the command's model, those waited for longest, then the preloads."""
        claims: dict[str, Claim] = {}
        if file := self.catalog.files.get(self.up_model):
            mining = self.activity is Activity.GENERATING
            urgent_ms = self._up_since_ms + self.limits.max_wait_ms // 2
            claims[file.id] = Claim(file, self._load_params(file.id), urgent_ms, preempts=mining)
        waited = [(line.oldest_ms, model) for model, line in self.lines.items() if line.waiting]
        for since_ms, model in sorted(waited):
            urgent_ms = since_ms + self.limits.max_wait_ms // 2
            if file := self.catalog.files.get(model):
                claims.setdefault(model, Claim(file, self._load_params(model), urgent_ms))
        for model in self._preloads:
            if file := self.catalog.files.get(model):
                claims.setdefault(model, Claim(file, self._load_params(model), 2**62, may_evict=False))
        return [claim for claim in claims.values() if self._is_loadable(claim)]

    def _is_loadable(self, claim: Claim) -> bool:
        instance = self.residents.instances.get(claim.file.id)
        sound = not claim.file.problem and claim.file.header is not None
        return sound and not (instance is not None and instance.broken)

    def _pinned(self) -> frozenset[str]:
        return frozenset({self.up_model} - {""})

    def _mine(self) -> Iterator[Action]:
        if self.job is None or self._mining_worker:
            return
        instance = self.residents.instances.get(self.up_model)
        if instance and instance.state is InstanceState.READY:
            self._mining_worker = instance.worker
            yield StartMining(instance.worker, self.job)

    def _drain(self, now_ms: int) -> Iterator[Action]:
        """Let those finish who have a slot, or only wait for one of a loaded model; then end the workers."""
        yield from self._stop_mining()
        self.job, self.up_model = None, ""
        for request in [r for r in self.requests.values() if not self._can_finish(r)]:
            self._line(request.model).waiting.remove(request)
            yield self._fail(request, NodeDraining())
        assert self.draining_until_ms is not None
        if now_ms >= self.draining_until_ms:
            yield from self._refuse_all(NodeDraining())
        busy = {request.model for request in self.requests.values()}
        yield from self._end_idle(busy)

    def _can_finish(self, request: Request) -> bool:
        instance = self.residents.instances.get(request.model)
        return request.id in self._slots or (instance is not None and instance.state is InstanceState.READY)

    def _end_idle(self, busy: set[str]) -> Iterator[EndWorker]:
        for instance in list(self.residents.resident()):
            if instance.model not in busy and instance.state is not InstanceState.ENDING:
                yield self.residents.end(instance)

    def _line(self, model: str) -> Line:
        return self.lines.setdefault(model, Line())

    def _waits(self, model: str) -> bool:
        return model in self.lines and bool(self.lines[model].waiting)

    def _load_params(self, model: str) -> LoadParams:
        return self._params.get(model, self.limits.params)

    def _retry_after_s(self, model: str, now_ms: int) -> int:
        instance = self.residents.get(model, self._load_params(model))
        ahead_ms = 0 if instance.state is InstanceState.READY else max(0, instance.retry_at_ms - now_ms)
        return self._line(model).compute_retry_after_s(instance.params.slots, ahead_ms)

    def compute_need_mb(self, model: str) -> int:
        """Memory to be reserved for a model, MiB; 0 for a file that is none."""
        file = self.catalog.files.get(model)
        if file is None or file.header is None:
            return 0
        return self.residents.compute_need_mb(file, self._load_params(model))

    def instance_of(self, model: str) -> Instance:
        """A model's instance, for reading."""
        return self.residents.get(model, self._load_params(model))
