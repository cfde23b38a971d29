"""Looks for processes by their command lines."""

import os
import time
from pathlib import Path

GONE_WITHIN_S = 20


def list_left(root: Path) -> list[str]:
    """Command lines of living processes that name a folder."""
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(root) in words:
                left.append(words)
    return left


def wait_gone(root: Path) -> list[str]:
    until = time.monotonic() + GONE_WITHIN_S
    while (left := list_left(root)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def find_pid(*words: str) -> int:
    """The process whose command line has all the words."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if all(word in line for word in words):
                return int(entry.name)
    raise AssertionError(f"no process with {words}")
