"""The front's end of a worker: start the process, send frames, read frames, end it.

This module never imports llama_cpp: what the engine does to a process (memory, GPU contexts, aborts, signals)
happens in the worker only. A worker's death is the end of its frames and a status from `wait()`, never an
exception in the middle of somebody's request.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from mlnode.io.frames import Frame, FrameBuffer, Stop, WorkerFrame, decode_worker, encode
from mlnode.io.tail import TAIL_BYTES_MAX, Tail

_READ_BYTES = 64 * 1024


class WorkerProcess:
    """One worker. Make it with `await WorkerProcess.start()`; iterate `frames()` exactly once."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._tail = Tail()
        self._tail_task = asyncio.create_task(self._collect_output())

    @classmethod
    async def start(cls, env: Mapping[str, str] | None = None) -> "WorkerProcess":
        """Spawn a worker that waits for its `Load` frame. `env` is added to this process's environment."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "mlnode.io.entry", str(theirs.fileno()), str(os.getpid())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                env=make_environment(env or {}),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours)
        return cls(process, reader, writer)

    def write_to(self, tail: Tail) -> None:
        """From now on its output goes there, what it said so far too."""
        tail.append(self._tail.read())
        self._tail = tail

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit status; negative is the signal that ended it; None while it lives."""
        return self._process.returncode

    def send(self, frame: Frame) -> None:
        """Queue a frame. A dead worker swallows it: its end is told by `frames()` and `wait()`."""
        if not self._writer.is_closing():
            self._writer.write(encode(frame))

    async def frames(self) -> AsyncIterator[WorkerFrame]:
        """Every frame of the worker, in order, until its end. A `BrokenFrame` is raised to the caller."""
        buffer = FrameBuffer()
        while data := await self._read():
            for body in buffer.feed(data):
                yield decode_worker(body)

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(_READ_BYTES)
        except ConnectionError:
            return b""

    def kill(self) -> None:
        """SIGKILL, at once. Harmless when it is dead already.

        Not by `Popen.kill`: it first asks whether the child is dead, and so takes its status from `wait`."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self, timeout_s: float = 5.0) -> int:
        """Ask it to end, kill it after `timeout_s`; the exit status."""
        self.send(Stop())
        try:
            return await asyncio.wait_for(self.wait(), timeout_s)
        except TimeoutError:
            self.kill()
            return await self.wait()

    async def wait(self) -> int:
        """Wait until the process is reaped and its output read; the exit status."""
        status = await self._process.wait()
        await asyncio.wait({self._tail_task})
        self._writer.close()
        return status

    def log_tail(self, bytes_max: int = TAIL_BYTES_MAX) -> bytes:
        """The newest output, at most so many bytes: llama.cpp says why a load failed only there."""
        return self._tail.read(bytes_max)

    async def _collect_output(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(_READ_BYTES):
            self._tail.append(data)


def make_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment: no debugger at an abort, no long spinning of idle OpenMP threads, no second
    thread pool for numpy, and the same `mlnode` package as ours."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.environ.get("PYTHONPATH", "")
    fixed = {
        "GGML_NO_BACKTRACE": "1",
        "GOMP_SPINCOUNT": "1000",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": root + (os.pathsep + path if path else ""),
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **fixed, **extra}
