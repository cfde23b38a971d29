"""What the engine's tests share: a loaded tiny model, an engine that collects replies, a worker process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.engine import Engine
from mlnode.io.frames import Done, Frame, Load, Loaded, RequestFailed, Step, Submit, WorkerFrame
from mlnode.io.model import Model
from mlnode.io.spawn import WorkerProcess

F = TypeVar("F", bound=WorkerFrame)


@pytest.fixture(scope="session")
def log() -> EngineLog:
    return EngineLog()


@pytest.fixture(scope="session")
def load_model(log: EngineLog) -> Callable[[Path], Model]:
    models: dict[Path, Model] = {}

    def load(path: Path) -> Model:
        if path not in models:
            models[path] = Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=log)
        return models[path]

    return load


@dataclass
class Bench:
    """An engine without a process around it."""

    engine: Engine
    abort: AbortFlag
    replies: list[Frame]

    def run(self, *orders: Submit) -> dict[int, str]:
        """Submit, step until idle, and the text of each request."""
        for order in orders:
            self.engine.submit(order)
        while self.engine.has_work:
            self.engine.step()
        return self.texts()

    def texts(self) -> dict[int, str]:
        texts: dict[int, str] = {}
        for frame in self.replies:
            for delta in frame.deltas if isinstance(frame, Step) else ():
                texts[delta.request_id] = texts.get(delta.request_id, "") + delta.text
        return texts

    def done(self, request_id: int) -> Done:
        (frame,) = (f for f in self.replies if isinstance(f, Done) and f.request_id == request_id)
        return frame

    def failed(self, request_id: int) -> RequestFailed:
        (frame,) = (f for f in self.replies if isinstance(f, RequestFailed) and f.request_id == request_id)
        return frame


@pytest.fixture
def bench(load_model: Callable[[Path], Model], tiny_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Engine] = []

    def make(
        path: Path = tiny_path,
        *,
        slots: int = 4,
        n_ctx: int = 512,
        n_ubatch: int = 64,
        n_threads: int = 1,
        **more: Any,
    ) -> Bench:
        abort, replies = AbortFlag(), list[Frame]()
        engine = Engine(
            load_model(path),
            abort,
            replies.append,
            n_ctx=n_ctx,
            slots=slots,
            n_ubatch=n_ubatch,
            n_threads=n_threads,
            **more,
        )
        made.append(engine)
        return Bench(engine, abort, replies)

    yield make
    for engine in made:
        engine.close()


@dataclass
class Client:
    """The front's end of a worker process, with everything it said."""

    worker: WorkerProcess
    frames: list[WorkerFrame] = field(default_factory=list)
    ended: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        async for frame in self.worker.frames():
            await self._add(frame)
        async with self._changed:
            self.ended = True
            self._changed.notify_all()

    async def _add(self, frame: WorkerFrame) -> None:
        async with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    async def wait_for(self, kind: type[F], accept: Callable[[F], bool] = lambda _: True) -> F:
        """The first frame of a kind that is accepted, waiting at most 30 s; fails when the worker ended."""

        def found() -> list[F]:
            return [frame for frame in self.frames if isinstance(frame, kind) and accept(frame)]

        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: bool(found()) or self.ended)
        assert found(), f"the worker ended without {kind.__name__}: {self.worker.log_tail().decode()}"
        return found()[0]

    async def wait_for_end(self) -> int:
        async with asyncio.timeout(30):
            async with self._changed:
                await self._changed.wait_for(lambda: self.ended)
            return await self.worker.wait()


@pytest_asyncio.fixture
async def start_worker(tiny_path: Path) -> AsyncIterator[Callable[..., object]]:
    clients: list[tuple[Client, asyncio.Task[None]]] = []

    async def start(path: Path = tiny_path, *, loaded: bool = True, **load: object) -> Client:
        worker = await WorkerProcess.start()
        client = Client(worker)
        clients.append((client, asyncio.create_task(client.listen())))
        worker.send(Load(path=str(path), **{"n_ctx": 512, **load}))
        if loaded:
            await client.wait_for(Loaded)
        return client

    yield start
    for client, task in clients:
        client.worker.kill()
        await client.worker.wait()
        await task
