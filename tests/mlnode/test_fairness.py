"""Models that want the same memory under a rush that never ends: nobody starves, and not only loads are done.

What is promised: the first in a line has a slot within `max_wait_ms`, if residency, the longest answer and a
load, for each model that is waited for longer, fit into its second half. Here all of that is played through.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from mlnode.actions import Action, EndWorker, Refuse, SpawnWorker, StartRequest
from mlnode.catalog import Catalog
from mlnode.events import Event, FilesScanned, Requested, RequestEnded, Woken, WorkerExited, WorkerLoaded
from mlnode.instance import LoadParams
from mlnode.ledger import Ledger
from mlnode.node import Limits
from mlnode.residents import Residents
from mlnode.scheduler import Scheduler
from tests.mlnode.scheduled import make_file

PARAMS = LoadParams(n_ctx=256, slots=2, n_threads=1, n_gpu_layers=0)
REAP_MS = 20


@dataclass
class Saturation:
    """Clients that ask again as soon as they are answered, for each of `models`, where `room` of them fit."""

    models: int
    room: int
    clients: int
    answer_ms: int
    load_ms: int
    max_wait_ms: int = 30_000
    now_ms: int = 0
    asked: dict[int, tuple[str, int]] = field(default_factory=dict)
    waits_ms: dict[str, list[int]] = field(default_factory=dict)
    refused: list[Refuse] = field(default_factory=list)
    loads: int = 0
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _order: int = 0

    def __post_init__(self) -> None:
        need_mb = Residents(Ledger(())).compute_need_mb(make_file("m"), PARAMS)
        limits = Limits(
            need_mb * self.room + 10, 10, PARAMS, max_wait_ms=self.max_wait_ms, max_queue_depth=64
        )
        self.scheduler = Scheduler(limits, Catalog())
        self.random = Random(7)
        self.tell(FilesScanned(tuple(make_file(f"m{i}") for i in range(self.models))))

    def run(self, until_ms: int) -> None:
        for i in range(self.models):
            for _ in range(self.clients):
                self.ask(f"m{i}")
        while self._queue and self.now_ms < until_ms:
            wake_ms = self.scheduler.next_wake_ms(self.now_ms)
            if wake_ms is not None and wake_ms < self._queue[0][0]:
                self.now_ms = wake_ms
                self.tell(Woken())
                continue
            self.now_ms, _, deed = heapq.heappop(self._queue)
            deed()

    def later(self, after_ms: int, deed: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.now_ms + after_ms, self._order, deed))

    def ask(self, model: str) -> None:
        request = len(self.asked) + 1
        self.asked[request] = (model, self.now_ms)
        self.tell(Requested(request, model))

    def tell(self, event: Event) -> None:
        for action in self.scheduler.handle(event, self.now_ms):
            self.perform(action)

    def perform(self, action: Action) -> None:
        match action:
            case SpawnWorker(model, worker):
                self.loads += 1
                self.later(self.load_ms, lambda: self.tell(WorkerLoaded(model, worker, 1)))
            case EndWorker(model, worker):
                self.later(REAP_MS, lambda: self.tell(WorkerExited(model, worker, "")))
            case StartRequest(request, model):
                asked_ms = self.asked[request][1]
                self.waits_ms.setdefault(model, []).append(self.now_ms - asked_ms)
                took_ms = self.random.randint(self.answer_ms // 4, self.answer_ms)
                self.later(took_ms, lambda: self.answer(request))
            case Refuse():
                self.refused.append(action)

    def answer(self, request: int) -> None:
        self.tell(RequestEnded(request))
        self.ask(self.asked[request][0])


@pytest.mark.parametrize(
    ("models", "room", "clients", "answer_ms", "load_ms"),
    [
        (2, 1, 6, 500, 700),
        (2, 1, 1, 2_000, 300),
        (3, 1, 4, 300, 1_000),
        (4, 2, 6, 400, 500),
        (5, 2, 3, 500, 800),
        (5, 1, 2, 200, 400),
    ],
)
def test_nobody_waits_longer_than_he_may_however_long_the_rush_lasts(
    models: int, room: int, clients: int, answer_ms: int, load_ms: int
) -> None:
    play = Saturation(models, room, clients, answer_ms, load_ms)
    play.run(90_000)
    assert play.refused == []
    residency_ms = max(500, 2 * load_ms)
    turn_ms = residency_ms + answer_ms + load_ms + REAP_MS
    own_line_ms = clients * answer_ms
    bound_ms = play.max_wait_ms // 2 + (models - room) * turn_ms + own_line_ms
    assert bound_ms <= play.max_wait_ms, "the case is beyond what is promised"
    assert max(max(waits) for waits in play.waits_ms.values()) <= bound_ms
    answered = {model: len(waits) for model, waits in play.waits_ms.items()}
    assert len(answered) == models
    assert min(answered.values()) * 3 > max(answered.values()), answered


@pytest.mark.parametrize(("models", "load_ms"), [(2, 700), (3, 1_000), (5, 400)])
def test_a_load_is_worth_its_time(models: int, load_ms: int) -> None:
    """Under the same rush a model that was loaded serves for at least twice as long as that took."""
    play = Saturation(models, 1, 4, 300, load_ms)
    play.run(60_000)
    assert play.loads <= 60_000 / (load_ms + max(500, 2 * load_ms)) + models


def test_a_large_model_has_its_turn_although_small_ones_would_always_fit() -> None:
    """It keeps what comes free, although somebody smaller could use it at once."""
    params = LoadParams(n_ctx=256, slots=1, n_threads=1, n_gpu_layers=0)
    small, large = make_file("s", 100), make_file("z", 300)
    files = (large, *(make_file(f"s{i}", 100) for i in range(6)))
    residents = Residents(Ledger(()))
    room_mb = max(residents.compute_need_mb(large, params), 3 * residents.compute_need_mb(small, params))
    scheduler = Scheduler(Limits(room_mb + 10, 10, params), Catalog())
    play = Saturation(0, 1, 1, 100, 100)
    play.scheduler = scheduler
    play.tell(FilesScanned(files))
    for i in range(6):
        for _ in range(3):
            play.ask(f"s{i}")
    play.later(1_000, lambda: play.ask("z"))
    play.run(40_000)
    assert play.refused == []
    assert max(play.waits_ms["z"]) <= 30_000
    assert len(play.waits_ms["z"]) >= 2
