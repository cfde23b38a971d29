"""A world around one scheduler, for tests: processes, clients, files and devices that do what they like.

Whatever the scheduler says is done and judged: the world keeps its own books of who asked, who waits and for
how long, which process exists and what it was told, and fails at the first thing that must not be.
"""

from dataclasses import dataclass, field

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
from mlnode.catalog import Catalog, ModelFile
from mlnode.errors import (
    Refusal,
)
from mlnode.events import (
    Cancelled,
    DrainAsked,
    Event,
    FilesScanned,
    LoadProgressed,
    MemoryReturned,
    Requested,
    RequestEnded,
    Streamed,
    Woken,
    WorkerBeat,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.gguf import Header
from mlnode.instance import FINAL_CODES, EndReason, InstanceState
from mlnode.mode import Kind, PocJob, PocStage
from mlnode.node import Limits
from mlnode.placement import compute_net
from mlnode.residents import LINGER_MS
from mlnode.scheduler import Scheduler
from mlnode.waiting import FRESH_MS
from tests.mlnode.laws import check, check_time, judge_eviction, judge_refusal

MIB = 1024 * 1024
WEIGHTS_MB = {"a": 50, "b": 100, "c": 200, "d": 300, "e": 620, "huge": 5000}
JOB = PocJob(PocStage(7, b"h" * 32, 10**6), "a", b"\2" * 33, 0, 1, "n", "x:1", "t", 0, 50)


def make_file(id: str, inode: int = 1, mtime: int = 1, problem: str = "") -> ModelFile:
    size = WEIGHTS_MB[id] * MIB
    header = Header(3, "llama", id, 0, 64, 1, 16, 32, 1, (1,), 16, 16, 0, 300, False, 1, size, 1)
    return ModelFile(id, f"/m/{id}", size, (inode, 1, mtime), None if problem else header, problem)


@dataclass
class Process:
    """A worker that runs."""

    model: str
    fingerprint: tuple[int, int, int]
    params_threads: int
    threads: int
    shares: tuple[int, ...]
    spawned_ms: int
    progress_ms: int
    permille: int = 0
    loaded: bool = False
    ready_ms: int = 0
    used_ms: int = 0
    told: bool = False
    killed: bool = False
    mines: bool = False
    steps: int = 0


@dataclass
class Asked:
    """A request that has no end yet."""

    model: str | None
    kind: Kind
    waited_ms: int = 0
    """While its own model did not come nearer."""
    line_ms: int = 0
    """In line altogether."""
    streamed: bool = False
    lost: int = 0


@dataclass
class World:
    """See above. `told` counts the events."""

    limits: Limits
    aliases: dict[str, str] = field(default_factory=dict)
    now_ms: int = 0
    told: int = 0
    next_request: int = 1
    files: dict[str, ModelFile] = field(default_factory=dict)
    processes: dict[int, Process] = field(default_factory=dict)
    lingering: dict[int, int] = field(default_factory=dict)
    """Reaped, and until when their memory may count as held."""
    given: dict[int, int] = field(default_factory=dict)
    """Requests inside a process, and which."""
    asked: dict[int, Asked] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    evicted: list[int] = field(default_factory=list)
    """Told to go for others just now."""
    lost: set[int] = field(default_factory=set)
    """Requests whose process has just died under them."""
    crashes: dict[str, list[int]] = field(default_factory=dict)
    bad: set[tuple[str, tuple[int, int, int]]] = field(default_factory=set)
    """Files that a process could not load."""
    refusals: dict[str, int] = field(default_factory=dict)
    answers: int = 0
    waited_before: dict[int, int] = field(default_factory=dict)
    """In calm weather: how long everybody had waited when it began."""

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.limits, Catalog(aliases=self.aliases))
        self.files = {id: make_file(id) for id in WEIGHTS_MB}
        self.scan()

    # What happens

    def tell(self, event: Event) -> None:
        """May raise the `Refusal` of a command."""
        self.told += 1
        for action in self.scheduler.handle(event, self.now_ms):
            self.perform(action)
        for worker in self.evicted:
            judge_eviction(self, worker)
        self.evicted.clear()
        self.lost.clear()
        check(self)

    def command(self, event: Event) -> bool:
        """Whether it was obeyed. Nothing has changed when it was not."""
        mission = self.scheduler.mission
        before = (mission.generation, mission.activity, mission.model, dict(self.scheduler.by_hand))
        try:
            self.tell(event)
        except Refusal:
            after = (mission.generation, mission.activity, mission.model, dict(self.scheduler.by_hand))
            assert before == after
            return False
        return True

    def scan(self) -> None:
        self.tell(FilesScanned(tuple(self.files.values())))

    def ask(self, model: str | None, kind: Kind) -> None:
        request, self.next_request = self.next_request, self.next_request + 1
        self.asked[request] = Asked(self.aliases.get(model, model) if model else model, kind)
        self.tell(Requested(request, model, kind))

    def leave(self, request: int) -> None:
        self._end(request)
        self.tell(Cancelled(request))

    def stream(self, request: int) -> None:
        if request in self.asked:
            self.asked[request].streamed = True
        self.tell(Streamed(request))

    def answer(self, request: int) -> None:
        process = self.processes[self.given.pop(request)]
        process.used_ms = self.now_ms
        if request in self.asked:
            self._end(request)
            self.answers += 1
        self.tell(RequestEnded(request))

    def progress(self, worker: int, permille: int) -> None:
        process = self.processes[worker]
        if permille > process.permille and not process.killed and not process.told:
            process.permille, process.progress_ms = permille, self.now_ms
        self.tell(LoadProgressed(process.model, worker, permille))

    def load(self, worker: int, surplus_mb: int = 0) -> None:
        process = self.processes[worker]
        process.loaded, process.ready_ms, process.used_ms = True, self.now_ms, self.now_ms
        on = [mb for mb in process.shares if mb]
        measured = (*on[:-1], on[-1] + surplus_mb)
        self.tell(WorkerLoaded(process.model, worker, sum(measured), measured if len(on) > 1 else ()))

    def reap(self, worker: int, code: str = "", lingers: bool = False) -> None:
        """A process ends, for whatever reason."""
        process = self.processes.pop(worker)
        code = "" if process.loaded or process.told else code
        if not self._was_told(worker, process):
            self.crashes.setdefault(process.model, []).append(self.now_ms)
            if code in FINAL_CODES:
                self.bad.add((process.model, process.fingerprint))
        for request in [request for request, holder in self.given.items() if holder == worker]:
            del self.given[request]
            self.lost.add(request)
            if request in self.asked:
                self.asked[request].lost += 1
        if lingers:
            self.lingering[worker] = self.now_ms + LINGER_MS
        self.tell(WorkerExited(process.model, worker, "gone", code, not lingers))

    def _was_told(self, worker: int, process: Process) -> bool:
        return process.told and not process.killed

    def give_back(self, worker: int) -> None:
        """The devices have the memory of a reaped process."""
        self.lingering.pop(worker, None)
        self.tell(MemoryReturned(worker))

    def beat(self, worker: int, steps: int) -> None:
        process = self.processes[worker]
        process.steps += steps
        self.tell(WorkerBeat(process.model, worker, process.steps, worker in self.given.values()))

    def drain(self, grace_ms: int) -> None:
        self.tell(DrainAsked(grace_ms))

    def pass_time(self, ms: int) -> None:
        """As the loop lets it pass: woken only when the scheduler asked for it."""
        target_ms = self.now_ms + ms
        while self.now_ms < target_ms:
            wake_ms = self.scheduler.next_wake_ms(self.now_ms)
            assert wake_ms is None or wake_ms > self.now_ms
            next_ms = target_ms if wake_ms is None else min(wake_ms, target_ms)
            self._wait(next_ms)
            if next_ms == wake_ms:
                self.tell(Woken())
            check_time(self)

    def _wait(self, until_ms: int) -> None:
        for request, asked in self.asked.items():
            if request not in self.given:
                stands_ms = max(0, min(until_ms, self._fresh_until_ms(asked.model)) - self.now_ms)
                asked.line_ms += until_ms - self.now_ms
                asked.waited_ms += until_ms - self.now_ms - stands_ms
        self.now_ms = until_ms
        self.lingering = {worker: at for worker, at in self.lingering.items() if at > until_ms}

    def _fresh_until_ms(self, model: str | None) -> int:
        if not self.limits.wait_pauses_for_load:
            return 0
        return max(
            (p.progress_ms + FRESH_MS for p in self.processes.values() if p.model == model and not p.loaded),
            default=0,
        )

    # What the scheduler says

    def perform(self, action: Action) -> None:
        match action:
            case SpawnWorker():
                self._spawn(action)
            case EndWorker():
                self._be_told(action)
            case LeaseThreads(worker, n_threads):
                assert self.processes[worker].threads != n_threads, "told what it knows"
                self.processes[worker].threads = n_threads
            case StartMining(worker):
                assert self.processes[worker].loaded
                self.processes[worker].mines = True
            case StopMining(worker):
                if worker in self.processes:
                    self.processes[worker].mines = False
            case StartRequest(request, model, worker):
                self._start(request, model, worker)
            case CancelRequest(request, worker):
                assert self.given[request] == worker
            case Refuse(request, refusal):
                judge_refusal(self, request, refusal)
                self._end(request)

    def _spawn(self, action: SpawnWorker) -> None:
        assert action.worker not in self.processes
        assert action.model not in {process.model for process in self.processes.values()}, "two of a model"
        assert self.scheduler.draining_until_ms is None
        file = self.files[action.model]
        assert file.header is not None
        assert (file.id, file.fingerprint) not in self.bad, "a file known to be bad"
        ledger = self.scheduler.residents.ledger
        shares = ledger.held[action.worker]
        on = [device.gpu for device, mb in zip(ledger.devices, shares, strict=True) if mb]
        assert action.devices == tuple(gpu for gpu in on if gpu is not None)
        assert len(action.tensor_split) == (len(on) if len(on) > 1 else 0)
        assert not action.tensor_split or abs(sum(action.tensor_split) - 1) < 1e-9
        if len(on) > 1:
            rooms = self.scheduler.residents.compute_rooms(action.model, self.scheduler.pinned())
            need_mb = self.scheduler.compute_need_mb(action.model)
            assert max(compute_net(ledger.devices, rooms)) < need_mb, "one device could hold it"
        self.processes[action.worker] = Process(
            action.model,
            file.fingerprint,
            action.params.n_threads,
            action.n_threads,
            shares,
            self.now_ms,
            self.now_ms,
        )

    def _be_told(self, action: EndWorker) -> None:
        process = self.processes[action.worker]
        assert process.model == action.model
        if action.reason is EndReason.ROOM:
            self.evicted.append(action.worker)
        if action.reason is EndReason.IDLE:
            ttl_ms = self.scheduler.find_ttl_ms(process.model)
            assert ttl_ms and self.now_ms >= process.used_ms + ttl_ms, "too early"
        if action.reason in (EndReason.IDLE, EndReason.HAND, EndReason.FILE) and not action.force:
            assert action.worker not in self.given.values(), "with work"
        process.told = True
        process.killed = process.killed or (action.force and self._is_crash_to(action))

    def _is_crash_to(self, action: EndWorker) -> bool:
        """Killed without having been asked to go: its end counts as a crash."""
        state = self.scheduler.instance_of(action.model).state
        return state is not InstanceState.ENDING

    def wanted(self) -> set[str]:
        """Models for which somebody may be evicted."""
        scheduler = self.scheduler
        waited = {model for model in WEIGHTS_MB if self.waiting_for(model)}
        return waited | set(scheduler.by_hand) | ({scheduler.mission.model} - {""})

    def is_running(self, model: str) -> bool:
        staying = self.scheduler.instance_of(model).leaving is None
        return staying and any(p.model == model and not p.told for p in self.processes.values())

    def waiting_for(self, model: str) -> list[int]:
        line = self.scheduler.requests.lines.get(model)
        return [request.id for request in line.waiting] if line else []

    def _start(self, request: int, model: str, worker: int) -> None:
        process = self.processes[worker]
        assert process.model == model and process.loaded and not process.killed
        assert request in self.asked and request not in self.given
        assert not self.asked[request].streamed, "half an answer and another one"
        assert self.files[model].fingerprint == process.fingerprint, "from an old file"
        self.given[request] = worker
        process.used_ms = self.now_ms
        slots = self.scheduler.instance_of(model).params.slots
        assert sum(holder == worker for holder in self.given.values()) <= slots

    def _end(self, request: int) -> None:
        """Once, and only who asked."""
        assert request not in self.ended
        self.ended.add(request)
        del self.asked[request]

    # Calm weather

    def settle(self, rounds: int = 400) -> None:
        """Everybody does what he should, until nobody asks for anything any more."""
        self.waited_before = {request: asked.waited_ms for request, asked in self.asked.items()}
        for _ in range(rounds):
            if not self.asked and not self.given:
                break
            self.cooperate()
            self.pass_time(50)
        self.waited_before = {}
        assert not self.asked, f"waiting for ever: {self.asked}"

    def cooperate(self) -> None:
        for worker in list(self.processes):
            if worker in self.processes and self.processes[worker].told:
                self.reap(worker)
        for worker in list(self.lingering):
            self.give_back(worker)
        for worker in list(self.processes):
            if worker in self.processes and not self.processes[worker].loaded:
                self.load(worker)
        for request in list(self.given):
            if request in self.given:
                self.answer(request)
        for worker in list(self.processes):
            if worker in self.processes and self.processes[worker].loaded:
                self.beat(worker, 1)
