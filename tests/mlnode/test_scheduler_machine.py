"""The scheduler under random events: what holds after each of them.

Workers, clients and time do what they like, in any order that a real world could show. After every event: the
reservations and the margin fit into the budget, each worker that exists is reserved for, nobody was answered
twice or lost, and nobody waits past the time allowed.
"""

from collections.abc import Iterator
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

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
from mlnode.catalog import Catalog, ModelFile
from mlnode.errors import Refusal
from mlnode.events import (
    Cancelled,
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
from mlnode.gguf import Header
from mlnode.instance import LoadParams
from mlnode.mode import Activity, Kind, PocJob, PocStage
from mlnode.node import Limits
from mlnode.scheduler import Scheduler

MIB = 1024 * 1024
MAX_WAIT_MS = 10_000
WEIGHTS_MB = {"a": 50, "b": 100, "c": 200, "d": 300, "huge": 5000}
JOB = PocJob(PocStage(7, b"h" * 32, 10**6), "a", b"\2" * 33, 0, 1, "n", "x:1", "t", 0, 50)

models = st.sampled_from(sorted(WEIGHTS_MB))
indices = st.integers(0, 10**6)


def make_file(id: str, weights_mb: int, inode: int = 1) -> ModelFile:
    size = weights_mb * MIB
    header = Header(3, "llama", id, 0, 64, 1, 16, 32, 1, (1,), 16, 16, 0, 300, False, 1, size, 1)
    return ModelFile(id, f"/m/{id}", size, (inode, 1, 1), header)


class Machine(RuleBasedStateMachine):
    """A world around one scheduler."""

    def __init__(self) -> None:
        super().__init__()
        params = LoadParams(n_ctx=64, slots=2, n_threads=1, n_gpu_layers=0)
        limits = Limits(
            650,
            20,
            params,
            max_queue_depth=3,
            max_wait_ms=MAX_WAIT_MS,
            wait_pauses_for_load=False,
            max_inflight=12,
        )
        self.scheduler = Scheduler(limits, Catalog())
        self.now_ms = 0
        self.generation = 0
        self.next_request = 1
        self.workers: dict[int, tuple[str, bool]] = {}
        """Processes that exist: model, and whether loaded."""
        self.told_to_go: set[int] = set()
        self.given: dict[int, int] = {}
        """Requests inside a worker, and which."""
        self.asked: dict[int, int] = {}
        """Requests without an end, and when they came or went back to the line."""
        self.answered: set[int] = set()
        self.repeats: dict[int, int] = {}
        self.tell(FilesScanned(tuple(make_file(id, mb) for id, mb in WEIGHTS_MB.items())))

    def tell(self, event: Event) -> None:
        for action in self.scheduler.handle(event, self.now_ms):
            self.perform(action)

    def perform(self, action: Action) -> None:
        match action:
            case SpawnWorker(model, worker):
                assert worker not in self.workers
                assert model not in [other for other, _ in self.workers.values()], "two of one model"
                self.workers[worker] = (model, False)
            case EndWorker(_, worker):
                assert worker in self.workers
                self.told_to_go.add(worker)
            case StartMining(worker):
                assert self.workers[worker][1]
            case StopMining():
                pass
            case StartRequest(request, model, worker):
                assert self.workers[worker] == (model, True)
                assert request in self.asked
                assert request not in self.given
                assert self.now_ms <= self.asked[request] + MAX_WAIT_MS
                self.given[request] = worker
                assert sum(holder == worker for holder in self.given.values()) <= 2
            case CancelRequest(request, worker):
                assert self.given[request] == worker
            case Refuse(request):
                self.answer(request)

    def answer(self, request: int) -> None:
        """Once, and only who asked."""
        assert request not in self.answered
        self.answered.add(request)
        del self.asked[request]

    def pick_worker(self, index: int, loaded: bool | None = None) -> int | None:
        fits = sorted(w for w, (_, is_loaded) in self.workers.items() if loaded in (None, is_loaded))
        return fits[index % len(fits)] if fits else None

    @rule(asked=st.lists(models, min_size=1, max_size=6), wrong=st.sampled_from([None, "unknown", "c"]))
    def requests_arrive(self, asked: list[str], wrong: str | None) -> None:
        """Mostly of the kind that the node takes now."""
        validating = self.scheduler.mission.activity is Activity.VALIDATING
        for model in asked:
            self.request(model, Kind.VALIDATION if validating else Kind.INFERENCE)
        self.request(wrong, Kind.INFERENCE)

    def request(self, model: str | None, kind: Kind) -> None:
        request, self.next_request = self.next_request, self.next_request + 1
        self.asked[request] = self.now_ms
        self.tell(Requested(request, model, kind))

    @rule(index=indices)
    def client_leaves(self, index: int) -> None:
        if self.asked:
            request = sorted(self.asked)[index % len(self.asked)]
            self.answer(request)
            self.tell(Cancelled(request))

    @precondition(lambda self: self.given)
    @rule(index=indices, streamed=st.booleans())
    def worker_answers(self, index: int, streamed: bool) -> None:
        request = sorted(self.given)[index % len(self.given)]
        if streamed:
            self.tell(Streamed(request))
            return
        del self.given[request]
        if request in self.asked:
            self.answer(request)
        self.tell(RequestEnded(request))

    @precondition(lambda self: any(not loaded for _, loaded in self.workers.values()))
    @rule(surplus_mb=st.sampled_from([0, 0, 0, 10, 200]))
    def workers_load(self, surplus_mb: int) -> None:
        for worker, (model, loaded) in list(self.workers.items()):
            if not loaded:
                self.load(worker, model, surplus_mb)

    def load(self, worker: int, model: str, surplus_mb: int) -> None:
        if worker in self.workers:
            self.workers[worker] = (model, True)
            self.tell(WorkerLoaded(model, worker, WEIGHTS_MB[model] + surplus_mb))

    @precondition(lambda self: self.told_to_go)
    @rule()
    def workers_obey(self) -> None:
        for worker in sorted(self.told_to_go & set(self.workers)):
            self.end(worker, "")

    @rule(index=indices, code=st.sampled_from(["", "", "", "CORRUPT", "OUT_OF_MEMORY"]))
    def worker_crashes(self, index: int, code: str) -> None:
        worker = self.pick_worker(index)
        if worker is not None:
            self.end(worker, code)

    def end(self, worker: int, code: str) -> None:
        model, loaded = self.workers.pop(worker)
        self.told_to_go.discard(worker)
        for request in [request for request, holder in self.given.items() if holder == worker]:
            del self.given[request]
            if request in self.asked:
                self.repeats[request] = self.repeats.get(request, 0) + 1
                self.asked[request] = self.now_ms
        self.tell(WorkerExited(model, worker, "gone", "" if loaded else code))

    @rule(index=indices, steps=st.integers(0, 3))
    def worker_beats(self, index: int, steps: int) -> None:
        worker = self.pick_worker(index, loaded=True)
        if worker is not None:
            working = worker in self.given.values()
            self.tell(WorkerBeat(self.workers[worker][0], worker, steps, working))

    @precondition(lambda self: self.scheduler.mission.activity is not Activity.INFERENCE or self.now_ms % 3)
    @rule(model=models, served_name=st.sampled_from(["", "gov"]), slots=st.sampled_from([1, 2]))
    def command_serve(self, model: str, served_name: str, slots: int) -> None:
        params = replace(self.scheduler.limits.params, slots=slots)
        self.command(InferenceUpAsked(self.generation, model, served_name, params))

    @precondition(lambda self: self.next_request % 5 == 0)
    @rule(model=models)
    def command_mine(self, model: str) -> None:
        self.command(PocGenerateAsked(self.generation, replace(JOB, model=model)))

    @precondition(lambda self: self.next_request % 5 == 1)
    @rule(validate=st.booleans(), stale=st.booleans())
    def command_other(self, validate: bool, stale: bool) -> None:
        generation = self.generation - stale
        self.command(PocValidateAsked(generation, 7) if validate else StopAsked(generation))

    @rule(model=models)
    def preload(self, model: str) -> None:
        self.tell(PreloadAsked(model))

    def command(self, event: Event) -> None:
        before = self.scheduler.mission.generation, self.scheduler.mission.activity
        self.generation += 1
        try:
            self.tell(event)
        except Refusal:
            assert before == (self.scheduler.mission.generation, self.scheduler.mission.activity)

    @rule(model=models, inode=st.integers(1, 3))
    def file_changes(self, model: str, inode: int) -> None:
        files = [make_file(id, mb, inode if id == model else 1) for id, mb in WEIGHTS_MB.items()]
        self.tell(FilesScanned(tuple(files)))

    @rule(steps=st.integers(1, 20))
    def time_passes(self, steps: int) -> None:
        """As the loop lets it pass: not beyond the alarm that the scheduler set."""
        for _ in range(steps):
            wake_ms = self.scheduler.next_wake_ms(self.now_ms)
            assert wake_ms is None or wake_ms > self.now_ms
            later_ms = self.now_ms + 500
            self.now_ms = later_ms if wake_ms is None else min(wake_ms, later_ms)
            self.tell(Woken())

    @invariant()
    def the_budget_holds(self) -> None:
        ledger = self.scheduler.residents.ledger
        assert all(free_mb >= 0 for free_mb in ledger.free())

    @invariant()
    def every_process_is_reserved_for(self) -> None:
        assert sorted(self.workers) == sorted(self.scheduler.residents.ledger.held)

    @invariant()
    def nobody_is_lost(self) -> None:
        assert set(self.asked) == set(self.scheduler.requests.open)
        assert set(self.given) == set(self.scheduler.requests.slots)
        waiting = [request.id for line in self._lines() for request in line]
        assert sorted(waiting) == sorted(set(self.asked) - set(self.given))

    @invariant()
    def nobody_waits_too_long(self) -> None:
        for line in self._lines():
            for request in line:
                assert self.now_ms < request.deadline_ms <= self.asked[request.id] + MAX_WAIT_MS
        assert all(count <= 2 for count in self.repeats.values())

    @invariant()
    def lines_are_bounded(self) -> None:
        assert all(len(line) <= 3 + 2 for line in self._lines())

    def _lines(self) -> Iterator[list]:  # type: ignore[type-arg]
        return (list(line.waiting) for line in self.scheduler.requests.lines.values())


Machine.TestCase.settings = settings(max_examples=40, stateful_step_count=60)
TestMachine = Machine.TestCase
