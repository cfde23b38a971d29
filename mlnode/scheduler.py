"""The node's judgement: given what happened and when, what to do. It owns all state that decides.

A request is refused at once (unknown model, too large, line full, wrong mode), or waits in its model's line
for at most `max_wait_ms`, or has a slot. Every request gets exactly one end: its answer, a refusal, or the
client's leave. A model is loaded once however many wait for it; `residents.py` decides whose memory it
gets. No clock, no process and no socket is known here: `handle` is told the time, and returns what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mlnode.actions import Action, CancelRequest, EndReason, Refuse, StartMining, StartRequest, StopMining
from mlnode.catalog import Catalog, ModelFile
from mlnode.errors import (
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
from mlnode.mode import Activity, Command, Kind, Mission, PocJob
from mlnode.placement import Ledger
from mlnode.requests import Requests
from mlnode.residents import Claim, Residents
from mlnode.waiting import Request

NEVER_MS = 2**62


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
    mission: Mission = field(default_factory=Mission)
    draining_until_ms: int | None = None
    requests: Requests = field(default_factory=Requests)
    residents: Residents = field(init=False)
    _params: dict[str, LoadParams] = field(default_factory=dict)
    """What commands said about how to load a model."""
    _preloads: set[str] = field(default_factory=set)
    _mining_worker: int = 0

    def __post_init__(self) -> None:
        ledger = Ledger(self.limits.budget_mb, self.limits.margin_mb)
        self.residents = Residents(ledger, self.requests.waits)

    def handle(self, event: Event, now_ms: int) -> list[Action]:
        """Take an event in; the actions it leads to, in order.

        Commands and `PreloadAsked` raise a `Refusal` when they are not obeyed, and have changed nothing then;
        nothing else raises."""
        return [*self._apply(event, now_ms), *self._advance(now_ms)]

    def next_wake_ms(self, now_ms: int) -> int | None:
        """When to send `Woken` if nothing happens before; None: not needed."""
        times = [*self.requests.deadlines_ms(), *self.residents.next_wake_ms(self._claims())]
        if self.draining_until_ms is not None:
            times.append(self.draining_until_ms)
        return min((at for at in times if at > now_ms), default=None)

    @property
    def is_over(self) -> bool:
        """Drained: no request and no worker is left."""
        drained = self.draining_until_ms is not None and not self.requests.open
        return drained and not any(self.residents.resident())

    def _apply(self, event: Event, now_ms: int) -> Iterator[Action]:
        match event:
            case Requested():
                yield from self._admit(event, now_ms)
            case Cancelled(id):
                request = self.requests.leave(id)
                if request is not None and id in self.requests.slots:
                    yield CancelRequest(id, self.residents.instances[request.model].worker)
            case Streamed(id):
                if id in self.requests.open:
                    self.requests.open[id].streamed = True
            case RequestEnded(id):
                if model := self.requests.end(id, now_ms):
                    self.residents.instances[model].free_slot(id, now_ms)
            case WorkerLoaded(model, worker, measured_mb):
                if instance := self.residents.find_worker(model, worker):
                    yield from self.residents.note_loaded(instance, measured_mb, now_ms)
                    self._preloads.discard(model)
            case WorkerExited():
                yield from self._worker_exited(event, now_ms)
            case WorkerBeat(model, worker, steps, working):
                if instance := self.residents.find_worker(model, worker):
                    instance.note_beat(steps, working, now_ms)
            case FilesScanned(files):
                for changed in self.catalog.replace(files):
                    self.residents.forget_failures(changed)
            case PreloadAsked(model):
                self._preloads.add(self.catalog.find(model).id)
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
            model = self._check_admission(event, now_ms)
        except Refusal as refusal:
            yield Refuse(event.request, refusal)
            return
        deadline_ms = now_ms + self.limits.max_wait_ms
        self.requests.add(Request(event.request, model, event.kind, now_ms, deadline_ms))

    def _check_admission(self, event: Requested, now_ms: int) -> str:
        """The model's identifier, or the `Refusal`."""
        if self.draining_until_ms is not None:
            raise NodeDraining
        if event.kind in self.mission.refuses:
            raise NodeNotServing(self.mission.activity.value)
        file = self.catalog.find(event.model)
        if obstacle := self._find_obstacle(file, now_ms):
            raise obstacle
        if 0 < self.limits.max_inflight <= len(self.requests.open):
            raise NodeBusy(len(self.requests.open), self._retry_after_s(file.id, now_ms))
        waiting = len(self.requests.line(file.id).waiting)
        if waiting >= self.limits.max_queue_depth and not self._has_free_slot(file.id):
            raise QueueFull(file.id, waiting, self._retry_after_s(file.id, now_ms))
        return file.id

    def _find_obstacle(self, file: ModelFile, now_ms: int) -> Refusal | None:
        """Why waiting for a model would be in vain, or None."""
        instance = self.instance_of(file.id)
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

    def _worker_exited(self, event: WorkerExited, now_ms: int) -> Iterator[Action]:
        """What it was computing is tried once more when the client has nothing of it yet; else it fails."""
        instance = self.residents.find_worker(event.model, event.worker)
        if instance is None:
            return
        lost = self.requests.lose(tuple(instance.active))
        self.residents.note_exited(instance, event.why, now_ms)
        if event.code in FINAL_CODES:
            instance.broken = event.why
        if event.worker == self._mining_worker:
            self._mining_worker = 0
        for request in lost:
            if self._may_repeat(request):
                self.requests.line(request.model).put_back(request, now_ms)
            else:
                yield self.requests.fail(request, WorkerLost(request.model, event.why))

    def _may_repeat(self, request: Request) -> bool:
        allowed = request.kind not in self.mission.refuses and self.draining_until_ms is None
        return allowed and not request.streamed and not request.retried

    # Commands

    def _obey(
        self, event: StopAsked | InferenceUpAsked | PocGenerateAsked | PocValidateAsked, now_ms: int
    ) -> list[Action]:
        self.mission.check(event.generation)
        if self.draining_until_ms is not None:
            raise NodeDraining
        match event:
            case StopAsked():
                actions = self._stop(now_ms)
            case InferenceUpAsked():
                actions = self._serve(event, now_ms)
            case PocGenerateAsked(job=job):
                actions = self._generate(job, now_ms)
            case PocValidateAsked(height=height):
                actions = self._validate(height, now_ms)
        self.mission.generation = event.generation
        return actions

    def _stop(self, now_ms: int) -> list[Action]:
        """Nothing is left to do and nothing left in memory; a load under way is killed."""
        actions: list[Action] = self._stop_mining()
        self.mission.change(Command.STOP, now_ms)
        self.catalog.served.clear()
        self._params.clear()
        self._preloads.clear()
        actions += self._refuse_all(NodeNotServing(self.mission.activity.value))
        return [*actions, *self.residents.end_all(set(), EndReason.COMMAND)]

    def _serve(self, event: InferenceUpAsked, now_ms: int) -> list[Action]:
        """One model is kept in memory; the node's others are served beside it as far as they fit."""
        file = self._check_command(event.model, event.params)
        actions = self._stop_mining()
        self.mission.change(Command.INFERENCE_UP, now_ms, file.id)
        if event.served_name:
            self.catalog.served[event.served_name] = file.id
        self._params[file.id] = event.params
        actions += self._refuse_waiting()
        return [*actions, *self.residents.retire(file.id, event.params)]

    def _generate(self, job: PocJob, now_ms: int) -> list[Action]:
        file = self._check_command(job.model, self._load_params(job.model))
        if self.mission.job == job:
            return []
        actions = self._stop_mining()
        self.mission.change(Command.POC_GENERATE, now_ms, file.id, job, job.stage.height)
        return actions + self._refuse_waiting()

    def _validate(self, height: int, now_ms: int) -> list[Action]:
        actions = self._stop_mining()
        self.mission.change(Command.POC_VALIDATE, now_ms, height=height)
        return actions + self._refuse_waiting()

    def _check_command(self, model: str, params: LoadParams) -> ModelFile:
        """The file that a command names, if it can be served. Identifiers and names are both understood."""
        file = self.catalog.find(model)
        if file.problem or file.header is None:
            raise ModelBroken(file.id, file.problem)
        need_mb = self.residents.compute_need_mb(file, params)
        if need_mb > self.residents.ledger.room_mb:
            raise ModelTooLarge(file.id, need_mb, self.residents.ledger.room_mb)
        return file

    def _stop_mining(self) -> list[Action]:
        worker, self._mining_worker = self._mining_worker, 0
        return [StopMining(worker)] if worker else []

    def _refuse_waiting(self) -> list[Action]:
        """Who waits for what the node does no longer goes; who has a slot may finish."""
        refusal = NodeNotServing(self.mission.activity.value)
        wrong = self.requests.waiting_of(self.mission.refuses)
        return [self.requests.dismiss(request, refusal) for request in wrong]

    def _refuse_all(self, refusal: Refusal) -> list[Action]:
        actions: list[Action] = []
        for id, request in list(self.requests.open.items()):
            if id in self.requests.slots:
                actions.append(CancelRequest(id, self.residents.instances[request.model].worker))
                actions.append(self.requests.fail(request, refusal))
            else:
                actions.append(self.requests.dismiss(request, refusal))
        return actions

    # What follows from the new state

    def _advance(self, now_ms: int) -> Iterator[Action]:
        yield from self._refuse_hopeless(now_ms)
        for model in self.requests.waited_for():
            yield from self._grant(model, now_ms)
        yield from self.residents.give_up_hung(now_ms)
        if self.draining_until_ms is not None:
            yield from self._drain(self.draining_until_ms, now_ms)
            return
        yield from self.residents.make_room(self._claims(), self._pinned(), now_ms)
        yield from self._mine()

    def _refuse_hopeless(self, now_ms: int) -> Iterator[Action]:
        for request in self.requests.pop_expired(now_ms):
            retry_after_s = self._retry_after_s(request.model, now_ms)
            expired = WaitExpired(request.model, now_ms - request.arrived_ms, retry_after_s)
            yield self.requests.fail(request, expired)
        for model in self.requests.waited_for():
            if obstacle := self._obstacle_of(model, now_ms):
                waiting = self.requests.line(model).waiting
                while waiting:
                    yield self.requests.fail(waiting.popleft(), obstacle)

    def _obstacle_of(self, model: str, now_ms: int) -> Refusal | None:
        if file := self.catalog.files.get(model):
            return self._find_obstacle(file, now_ms)
        return None if self.instance_of(model).resident else ModelBroken(model, "its file is gone")

    def _grant(self, model: str, now_ms: int) -> Iterator[Action]:
        instance = self.instance_of(model)
        while self.requests.waits(model) and self._has_free_slot(model):
            request = self.requests.grant(model, now_ms)
            instance.take_slot(request.id, now_ms)
            yield StartRequest(request.id, model, instance.worker)

    def _has_free_slot(self, model: str) -> bool:
        instance = self.instance_of(model)
        return instance.state is InstanceState.READY and len(instance.active) < instance.params.slots

    def _claims(self) -> list[Claim]:
        """Who is wanted in memory: the command's model, those waited for longest, then the preloads."""
        half_wait_ms = self.limits.max_wait_ms // 2
        mining = self.mission.activity is Activity.GENERATING
        claims: list[Claim | None] = [self._claim(self.mission.model, self.mission.since_ms + half_wait_ms)]
        if mining and claims[0]:
            claims[0] = replace(claims[0], preempts=True)
        for model in self.requests.waited_for():
            claims.append(self._claim(model, self.requests.line(model).oldest_ms + half_wait_ms))
        for model in sorted(self._preloads):
            claims.append(self._claim(model, NEVER_MS, may_evict=False))
        first: dict[str, Claim] = {}
        for claim in filter(None, claims):
            first.setdefault(claim.file.id, claim)
        return list(first.values())

    def _claim(self, model: str, urgent_ms: int, may_evict: bool = True) -> Claim | None:
        """None for a file that cannot be loaded, or is gone."""
        file = self.catalog.files.get(model)
        if file is None or file.problem or file.header is None or self.instance_of(model).broken:
            return None
        return Claim(file, self._load_params(model), urgent_ms, may_evict)

    def _pinned(self) -> frozenset[str]:
        return frozenset({self.mission.model} - {""})

    def _mine(self) -> Iterator[Action]:
        if self.mission.job is None or self._mining_worker:
            return
        instance = self.instance_of(self.mission.model)
        if instance.state is InstanceState.READY:
            self._mining_worker = instance.worker
            yield StartMining(instance.worker, self.mission.job)

    def _drain(self, until_ms: int, now_ms: int) -> Iterator[Action]:
        """Let those finish who have a slot, or only wait for one of a loaded model; then end the workers."""
        yield from self._stop_mining()
        self.mission.job = None
        for request in self.requests.waiting_of(frozenset(Kind)):
            if self.instance_of(request.model).state is not InstanceState.READY:
                yield self.requests.dismiss(request, NodeDraining())
        if now_ms >= until_ms:
            yield from self._refuse_all(NodeDraining())
        open_models = {request.model for request in self.requests.open.values()}
        yield from self.residents.end_all(open_models, EndReason.DRAIN)

    def _load_params(self, model: str) -> LoadParams:
        return self._params.get(model, self.limits.params)

    def _retry_after_s(self, model: str, now_ms: int) -> int:
        instance = self.instance_of(model)
        ahead_ms = 0 if instance.state is InstanceState.READY else max(0, instance.retry_at_ms - now_ms)
        return self.requests.line(model).compute_retry_after_s(instance.params.slots, ahead_ms)

    def compute_need_mb(self, model: str) -> int:
        """Memory to be reserved for a model, MiB; 0 for a file that is none."""
        file = self.catalog.files.get(model)
        if file is None or file.header is None:
            return 0
        return self.residents.compute_need_mb(file, self._load_params(model))

    def instance_of(self, model: str) -> Instance:
        """A model's instance, in memory or not."""
        return self.residents.get(model, self._load_params(model))
