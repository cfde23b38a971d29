"""What llama.cpp calls back: its log, and the question whether to go on.

Both must outlive everything that llama.cpp does: keep a reference for as long as the process runs.
"""

import ctypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import llama_cpp

_BUFFER_SIZE = re.compile(r"(\w+)\s+(model|KV|RS|compute|output) buffer size\s*=\s*([0-9.]+) MiB")
_LOG_ERROR = 4
"""GGML_LOG_LEVEL_ERROR; warnings are 3."""

MINING = -1
"""Under this number the abort flag knows the mining run; requests and validations have numbers from 0 up."""


class EngineLog:
    """llama.cpp's messages: buffer sizes are read from them, errors are kept and printed to stderr.

    The newest one receives them, and is kept for as long as it does: llama.cpp would go on calling one that
    is gone."""

    _attached: ClassVar["EngineLog | None"] = None

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._bytes: dict[str, int] = {}
        self._callback = llama_cpp.llama_log_callback(self._receive)
        self.attach()

    def attach(self) -> None:
        """Be the one that receives them."""
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))
        EngineLog._attached = self

    def buffer_bytes(self, use: str) -> int:
        """Sum of the buffers allocated for `model`, `KV`, `RS` (recurrent states), `compute` or `output`."""
        return self._bytes.get(use, 0)

    @property
    def first_error(self) -> str:
        """What llama.cpp complained of first, for a sentence."""
        return self.errors[0] if self.errors else "it gave no reason"

    def forget(self) -> None:
        self.errors.clear()
        self._bytes.clear()

    def _receive(self, level: int, raw: bytes, _user_data: object) -> None:
        text = raw.decode("utf-8", "replace")
        if found := _BUFFER_SIZE.search(text):
            use, size = found[2], int(float(found[3]) * 1024 * 1024)
            self._bytes[use] = self._bytes.get(use, 0) + size
        if level == _LOG_ERROR and len(self.errors) < 100:
            self.errors.append(text.strip())
            print(text, end="", flush=True)


class AbortFlag:
    """Lets another thread end a running decode within a graph node.

    llama.cpp polls a C function once per node. Ours is libc's `strlen` over a buffer that is "" or "\\x01":
    its result, 0 or 1, is the bool that is asked for, and no interpreter lock is needed 400 times a token.
    A decode serves a set of requests; it is interrupted when all of them were cancelled, or, where that hurts
    nobody for good, any."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        self._lock = threading.Lock()
        self._running: frozenset[int] = frozenset()
        self._enough = 0
        self._cancelled: set[int] = set()
        self._all = False
        strlen = ctypes.CDLL(None).strlen
        self.callback = ctypes.cast(strlen, llama_cpp.ggml_abort_callback)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    @contextmanager
    def running(self, requests: frozenset[int], *, by_any: bool = False) -> Iterator[None]:
        """For the engine: what follows works for these requests. `by_any`: it ends when one is cancelled."""
        with self._lock:
            self._running = requests
            self._enough = 1 if by_any else len(requests)
            self._update()
        try:
            yield
        finally:
            with self._lock:
                self._running = frozenset()
                self._buffer[0] = b"\0"

    def cancel(self, request: int) -> None:
        """For the other thread: this request is of no interest any more."""
        with self._lock:
            self._cancelled.add(request)
            self._update()

    def cancel_all(self) -> None:
        """For the other thread: nothing is of interest any more, for good."""
        with self._lock:
            self._all = True
            self._update()

    def forget(self, request: int) -> None:
        """For the engine: the cancellation was seen, the number will not come again."""
        with self._lock:
            self._cancelled.discard(request)

    def _update(self) -> None:
        if self._running and (self._all or len(self._running & self._cancelled) >= self._enough):
            self._buffer[0] = b"\1"
