"""A daemon of ours as a test runs it: a process of its own with a home and a log."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[1]
START_S, WAIT_S = 90.0, 60.0

V = TypeVar("V")


def wait_until(condition: Callable[[], V], what: str, within_s: float = WAIT_S) -> V:
    """The condition's first true value; fails when there is none in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {within_s} s: {what}")


@dataclass
class Daemon:
    """One process with its home; `ports` are known once it is ready."""

    name: str
    home: Path
    arguments: list[str]
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that it said."""
        return (self.home / "log").read_text()

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Starts it, without waiting."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "ready.json").unlink(missing_ok=True)
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments, "--home", str(self.home)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> None:
        """Until it says that it is ready; fails with its log when it ends before."""
        wait_until(self._find_ready, f"{self.name} ready", START_S)

    def start(self) -> None:
        """Starts it and waits."""
        self.launch()
        self.wait_ready()

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self, within_s: float = 30.0) -> int:
        """SIGTERM, and the exit status; what does not listen is killed."""
        assert self.process is not None
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def _find_ready(self) -> bool:
        assert self.process is not None
        if not self.is_alive:
            pytest.fail(f"{self.name} ended with {self.process.returncode}: {self.log[-2000:]}")
        try:
            document = json.loads((self.home / "ready.json").read_text())
        except (OSError, ValueError):
            return False
        self.ports = document["ports"]
        return bool(document["pid"] == self.process.pid)
