"""A runtime in which nothing outside the machine can be asked: no clock, no chance, no file, no socket.

What a block does must follow from the state and the block alone. While the poison works, every door to
something else raises, also from inside libraries.
"""

import builtins
import os
import random
import secrets
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DOORS: tuple[tuple[Any, str], ...] = (
    *(
        (time, name)
        for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "process_time")
    ),
    *((time, name) for name in ("localtime", "gmtime", "strftime", "sleep")),
    *((random, name) for name in ("random", "randint", "choice", "shuffle", "getrandbits", "Random")),
    *((secrets, name) for name in ("token_bytes", "randbits", "choice")),
    *((os, name) for name in ("urandom", "getenv", "getpid", "listdir", "stat", "system")),
    *((uuid, name) for name in ("uuid1", "uuid4")),
    (builtins, "open"),
    (builtins, "input"),
    (builtins, "print"),
    (socket, "socket"),
)
AUDITED = ("open", "socket", "subprocess", "os.", "shutil", "tempfile", "sqlite3", "import", "time.sleep")
"""Beginnings of the interpreter's own events that must not come; they are seen in C code too."""
_armed = False
_hooked = False


class Poisoned(BaseException):
    """Something outside was asked. Not an Exception, so that no handler takes it for a refusal."""


def _audit(event: str, _arguments: tuple[object, ...]) -> None:
    if _armed and event.startswith(AUDITED):
        raise Poisoned(event)


@contextmanager
def poisoned() -> Iterator[None]:
    """Closes every door."""
    global _armed, _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    kept = [(module, name, getattr(module, name)) for module, name in DOORS]
    for module, name, _ in kept:
        setattr(module, name, _refuse(f"{module.__name__}.{name}"))
    _armed = True
    try:
        yield
    finally:
        _armed = False
        for module, name, value in kept:
            setattr(module, name, value)


def _refuse(door: str) -> Any:
    def refuse(*_: object, **__: object) -> None:
        raise Poisoned(door)

    return refuse
