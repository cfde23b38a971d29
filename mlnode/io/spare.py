"""Workers prepared ahead: spawned, everything imported, waiting for `Load`, so that a swap is only the load.

A prepared worker is replaced in the background, but never while a model loads: the machine's cores belong to
the load then, and a moment longer to its first tokens. One that dies is replaced after a time that doubles
while that goes on. Nothing here looks again and again: a death, the end of a load and a timer move it.
"""

import asyncio

import structlog

from mlnode.io.spawn import WorkerProcess

REST_S = 1.0
"""From the end of a load to the preparation of the next worker."""
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 30.0
LOG_SHOWN_BYTES = 2000

_log = structlog.get_logger("mlnode.worker")


class Spares:
    """Keeps `count` workers prepared. Make it inside the asyncio loop that it is to live on."""

    def __init__(self, count: int, rest_s: float = REST_S) -> None:
        self._count = count
        self._rest_s = rest_s
        self._ready: dict[WorkerProcess, asyncio.Task[None]] = {}
        self._loading: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._spawning: asyncio.Task[None] | None = None
        self._backoff_s = 0.0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Of the workers that wait."""
        return [process.pid for process in self._ready]

    async def take(self, number: int) -> WorkerProcess:
        """A worker for a load that begins now, prepared or new. Tell `note_load_over(number)` of its end.
        Raises `OSError` when none can be spawned."""
        self._loading.add(number)
        self._set_timer(None)
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
        if not self._ready:
            return await WorkerProcess.start()
        process, watch = self._ready.popitem()
        watch.cancel()
        self._backoff_s = 0.0
        return process

    def note_load_over(self, number: int) -> None:
        """A load has ended, well or badly. Said twice it is as good as once."""
        if number in self._loading:
            self._loading.discard(number)
            self.fill(self._rest_s)

    def fill(self, after_s: float = 0.0) -> None:
        """Prepare what is missing, after a time, unless models load."""
        missing = len(self._ready) < self._count and self._spawning is None
        if missing and not self._loading and not self._closed:
            self._set_timer(max(after_s, self._backoff_s))

    async def close(self) -> None:
        """End those that wait; none is prepared any more."""
        self._closed = True
        self._set_timer(None)
        if self._spawning is not None:
            await asyncio.wait({self._spawning})
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
        try:
            process = await WorkerProcess.start()
            self._ready[process] = asyncio.create_task(self._watch(process))
        except OSError as error:
            self._note_fault("no worker could be prepared", why=error.strerror)
        self._spawning = None
        self.fill()

    async def _watch(self, process: WorkerProcess) -> None:
        """A prepared worker has nothing to do but wait; its end is a fault."""
        status = await process.wait()
        del self._ready[process]
        said = process.log_tail(LOG_SHOWN_BYTES).decode("utf-8", "replace")
        self._note_fault("prepared worker lost", pid=process.pid, status=status, log=said)
        self.fill()

    def _note_fault(self, event: str, **facts: object) -> None:
        self._backoff_s = min(BACKOFF_MAX_S, max(BACKOFF_FIRST_S, 2 * self._backoff_s))
        _log.warning(event, **facts, again_in_s=self._backoff_s)
