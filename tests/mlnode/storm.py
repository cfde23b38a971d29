"""Random weather for a world: everything that can happen, in any order that a real world could show."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from mlnode.events import (
    InferenceUpAsked,
    LoadAsked,
    PocGenerateAsked,
    PocValidateAsked,
    PreloadAsked,
    StopAsked,
    UnloadAsked,
)
from mlnode.instance import LoadParams
from mlnode.ledger import Device
from mlnode.mode import Activity, Kind
from mlnode.node import Limits
from tests.mlnode.world import JOB, WEIGHTS_MB, World, make_file

MODELS = sorted(WEIGHTS_MB)


def make_world(random: Random) -> World:
    """Some machine and some settings."""
    params = LoadParams(64, random.choice([1, 2, 3]), random.choice([1, 2, 6]), -1)
    gpus = random.choice([0, 0, 1, 2, 3])
    devices = tuple(Device(f"gpu{i}", random.choice([350, 450, 800]), 20, i, 15) for i in range(gpus))
    limits = Limits(
        random.choice([400, 700, 1000]),
        20,
        params,
        max_queue_depth=random.choice([1, 3, 8]),
        max_wait_ms=10_000,
        wait_pauses_for_load=random.random() < 0.7,
        max_inflight=random.choice([0, 12, 30]),
        max_loads=random.choice([1, 2, 5]),
        load_stall_ms=random.choice([20_000, 60_000]),
        step_stall_ms=random.choice([5_000, 30_000]),
        ttl_ms=random.choice([0, 0, 3_000]),
        model_ttl_ms=random.choice([{}, {"a": 0, "b": 700}]),
        pinned=frozenset(random.choice([[], [], ["a"], ["b", "c"]])),
        cores=random.choice([1, 4, 7]),
        devices=devices,
    )
    return World(limits, {"nick": "b", "lost": "nowhere"})


class Storm:
    """Does one thing after the other to a world."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self.generation = 0
        self.story: list[str] = []
        self._deeds: list[tuple[int, Callable[[], None]]] = [
            (30, self.clients_ask),
            (6, self.client_leaves),
            (22, self.worker_answers),
            (6, self.worker_streams),
            (14, self.worker_loads),
            (8, self.load_progresses),
            (16, self.worker_obeys),
            (4, self.worker_crashes),
            (5, self.memory_returns),
            (8, self.workers_beat),
            (30, self.time_passes),
            (2, self.broker_commands),
            (3, self.operator_asks),
            (2, self.file_changes),
            (1, self.calm),
        ]

    def go_on(self, events: int) -> None:
        """Until the world was told of this many."""
        weights, deeds = zip(*self._deeds, strict=True)
        until = self.world.told + events
        while self.world.told < until:
            (deed,) = self.random.choices(deeds, weights)
            self.story.append(f"{self.world.now_ms} {deed.__name__}")
            deed()

    def pick(self, found: list[int]) -> int | None:
        return self.random.choice(sorted(found)) if found else None

    def clients_ask(self) -> None:
        """Mostly of the kind that the node takes now, and often of one model."""
        validating = self.world.scheduler.mission.activity is Activity.VALIDATING
        kind = Kind.VALIDATION if validating else Kind.INFERENCE
        if self.random.random() < 0.05:
            kind = self.random.choice(list(Kind))
        model: str | None = self.random.choice([*MODELS, *"aabbcd", "nick"])
        if self.random.random() < 0.03:
            model = self.random.choice([None, "unknown", "lost"])
        for _ in range(self.random.choice([1, 1, 2, 5])):
            self.world.ask(model, kind)

    def client_leaves(self) -> None:
        request = self.pick(list(self.world.asked))
        if request is not None:
            self.world.leave(request)

    def worker_answers(self) -> None:
        request = self.pick(list(self.world.given))
        if request is not None:
            self.world.answer(request)

    def worker_streams(self) -> None:
        request = self.pick(list(self.world.given))
        if request is not None:
            self.world.stream(request)

    def worker_loads(self) -> None:
        loading = [w for w, p in self.world.processes.items() if not p.loaded]
        worker = self.pick(loading)
        if worker is not None:
            self.world.load(worker, self.random.choice([0, 0, 0, 0, 10, 200]))

    def load_progresses(self) -> None:
        worker = self.pick([w for w, p in self.world.processes.items() if not p.loaded])
        if worker is not None:
            self.world.progress(worker, self.random.randint(0, 1000))

    def worker_obeys(self) -> None:
        worker = self.pick([w for w, p in self.world.processes.items() if p.told])
        if worker is not None:
            self.world.reap(worker, lingers=bool(self.world.limits.devices) and self.random.random() < 0.5)

    def worker_crashes(self) -> None:
        worker = self.pick(list(self.world.processes))
        if worker is not None:
            code = self.random.choice(["", "", "", "CORRUPT", "OUT_OF_MEMORY"])
            self.world.reap(worker, code, lingers=self.random.random() < 0.3)

    def memory_returns(self) -> None:
        worker = self.pick([*self.world.lingering, 99999])
        assert worker is not None
        self.world.give_back(worker)

    def workers_beat(self) -> None:
        for worker in sorted(w for w, p in self.world.processes.items() if p.loaded):
            self.world.beat(worker, self.random.choice([0, 1, 5]))

    def time_passes(self) -> None:
        self.world.pass_time(self.random.choice([0, 1, 20, 100, 400, 1000, 3000, 9000]))

    def broker_commands(self) -> None:
        self.generation += 1
        model = self.random.choice(MODELS)
        slots = self.random.choice([1, 2])
        params = replace(self.world.limits.params, slots=slots)
        serve = InferenceUpAsked(self.generation, model, "", params)
        others = (
            PocGenerateAsked(self.generation, replace(JOB, model=model)),
            PocValidateAsked(self.generation, 7),
            StopAsked(self.generation - self.random.choice([0, 1])),
        )
        event = serve if self.world.scheduler.mission.activity is not Activity.INFERENCE else None
        self.world.command(event or self.random.choice([serve, serve, *others]))

    def operator_asks(self) -> None:
        model = self.random.choice(MODELS)
        make = self.random.choice([PreloadAsked, LoadAsked, UnloadAsked, UnloadAsked])
        self.world.command(make(model))

    def file_changes(self) -> None:
        """Another file, the same one written to, none, a bad one, and the first one again."""
        model = self.random.choice(MODELS)
        inode, mtime = self.random.choice([(1, 1), (1, 1), (2, 1), (3, 1), (1, 2)])
        problem = self.random.choice(["", "", "", "it is cut off"])
        self.world.files[model] = make_file(model, inode, mtime, problem)
        if self.random.random() < 0.3:
            del self.world.files[model]
        self.world.scan()
        if self.random.random() < 0.7:
            self.world.files[model] = make_file(model)
            self.world.scan()

    def calm(self) -> None:
        self.world.settle()
