"""Workers prepared ahead: spawned, everything imported, waiting for `Load`, so that a swap is only the load.

Each opens a model that is likely to come, too, where somebody can say which that is: then a swap is not even
the load. It serves any other model as well.

A prepared worker is replaced in the background, but never while a model loads: the machine's cores belong to
the load then, and a moment longer to its first tokens. One that dies is replaced after a time that doubles
while that goes on. Nothing here looks again and again: a death, the end of a load and a timer move it.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog

from mlnode.io.frames import Open
from mlnode.io.spawn import WorkerProcess

REST_S = 1.0
"""From the end of a load to the preparation of the next worker."""
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 30.0
LOG_SHOWN_BYTES = 2000

_log = structlog.get_logger("mlnode.worker")


class Spares:
    """Keeps `count` workers prepared. Make it inside the asyncio loop that it is to live on."""

    def __init__(self, count: int, rest_s: float = REST_S) -> None:
        self.choose: Callable[[Collection[str]], Open | None] = lambda opened: None
        """Which model to open ahead, besides those at these paths."""
        self._count = count
        self._rest_s = rest_s
        self._ready: dict[WorkerProcess, asyncio.Task[None]] = {}
        self._opened: dict[WorkerProcess, Open] = {}
        self._feared: set[Open] = set()
        self._loading: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._spawning: asyncio.Task[None] | None = None
        self._backoff_s = 0.0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Of the workers that wait."""
        return [process.pid for process in self._ready]

    @property
    def opened(self) -> list[str]:
        """Paths of the models that are opened ahead."""
        return [order.path for order in self._opened.values()]

    async def take(self, number: int, path: str) -> WorkerProcess:
        """A worker for a load of this model that begins now, prepared or new. Tell `note_load_over(number)`
        of its end. Raises `OSError` when none can be spawned."""
        self._loading.add(number)
        self._set_timer(None)
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
        if not self._ready:
            return await WorkerProcess.start()
        process = min(self._ready, key=lambda ready: self._rank(ready, path))
        self._ready.pop(process).cancel()
        self._opened.pop(process, None)
        self._backoff_s = 0.0
        return process

    def _rank(self, process: WorkerProcess, path: str) -> int:
        """The one that has the model open first, last the one that has another."""
        order = self._opened.get(process)
        return 1 if order is None else 0 if order.path == path else 2

    def note_load_over(self, number: int) -> None:
        """A load has ended, well or badly. Said twice it is as good as once."""
        if number in self._loading:
            self._loading.discard(number)
            self.fill(self._rest_s)

    def fill(self, after_s: float = 0.0) -> None:
        """Prepare what is missing, after a time, unless models load."""
        if self._is_idle and self._spawning is None:
            self._set_timer(max(after_s, self._backoff_s))

    @property
    def _is_idle(self) -> bool:
        return not self._loading and not self._closed

    async def close(self) -> None:
        """End those that wait; none is prepared any more."""
        self._closed = True
        self._set_timer(None)
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
        self._opened.clear()
        while self._ready:
            process, watch = self._ready.popitem()
            watch.cancel()
            process.kill()
            await process.wait()

    def _set_timer(self, after_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        spawn = asyncio.get_running_loop().call_later
        self._timer = spawn(after_s, self._spawn) if after_s is not None else None

    def _spawn(self) -> None:
        self._spawning = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        """As many as are missing; then one that has no model open opens the likeliest to come."""
        try:
            while len(self._ready) < self._count and self._is_idle:
                process = await WorkerProcess.start()
                self._ready[process] = asyncio.create_task(self._watch(process))
            self._open_ahead()
        except OSError as error:
            self._note_fault("no worker could be prepared", why=error.strerror)
            asyncio.get_running_loop().call_soon(self.fill)
        self._spawning = None

    def _open_ahead(self) -> None:
        bare = next((process for process in self._ready if process not in self._opened), None)
        order = self.choose(self.opened) if bare is not None and self._is_idle else None
        if bare is not None and order is not None and order not in self._feared:
            self._opened[bare] = order
            bare.send(order)

    async def _watch(self, process: WorkerProcess) -> None:
        """A prepared worker has nothing to do but wait; its end is a fault."""
        status = await process.wait()
        del self._ready[process]
        if order := self._opened.pop(process, None):
            self._feared.add(order)  # the file may be what ended it; a load will tell
        said = process.log_tail(LOG_SHOWN_BYTES).decode("utf-8", "replace")
        self._note_fault("prepared worker lost", pid=process.pid, status=status, log=said)
        self.fill()

    def _note_fault(self, event: str, **facts: object) -> None:
        self._backoff_s = min(BACKOFF_MAX_S, max(BACKOFF_FIRST_S, 2 * self._backoff_s))
        _log.warning(event, **facts, again_in_s=self._backoff_s)
