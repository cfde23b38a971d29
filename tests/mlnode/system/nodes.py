"""Whole nodes as processes of their own, on free ports, with tiny models."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
WAIT_S = 30.0

V = TypeVar("V")

http = httpx.Client(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
"""For all tests, a connection for each request: to read the world's certificates takes longer than
most of what is asked here."""


def wait_until(condition: Callable[[], V], what: str, timeout_s: float = WAIT_S) -> V:
    """The condition's first true value; fails when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"not within {timeout_s} s: {what}")


def is_gone(pid: int) -> bool:
    """No such process, or a dead one that nobody has reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def read_broken(lines: Iterator[str]) -> list[str]:
    """What is left of an answer that does not end as it should: the connection breaks under it."""
    read: list[str] = []
    with pytest.raises(httpx.RemoteProtocolError):
        for line in lines:
            read.append(line)
    return read


@dataclass
class Node:
    """A node under test."""

    process: subprocess.Popen[bytes]
    home: Path
    ports: dict[str, int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def control(self) -> str:
        return f"127.0.0.1:{self.ports['control']}"

    def read_ports(self) -> None:
        """Wait until it is ready."""
        ready = self.home / "ready.json"
        wait_until(lambda: ready.exists() or self.process.poll() is not None, "ready.json")
        assert self.process.poll() is None, self.log()
        self.ports = json.loads(ready.read_text())["ports"]

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = http.get(f"{self.url}/status").raise_for_status().json()
        return body

    def instance(self, model: str = "a.gguf") -> dict[str, Any]:
        """The status of one instance; empty when there is none."""
        found = [entry for entry in self.status()["instances"] if entry["model"] == model]
        return found[0] if found else {}

    def state(self, model: str = "a.gguf") -> str:
        return str(self.instance(model).get("state"))

    def worker_pids(self) -> list[int]:
        return [entry["pid"] for entry in self.status()["instances"] if entry["pid"]]

    def complete(self, model: str | None = "a.gguf", **body: Any) -> httpx.Response:
        named = {"model": model} if model is not None else {}
        request = {**named, "prompt": "the day", "max_tokens": 8, "temperature": 0, **body}
        return http.post(f"{self.url}/v1/completions", json=request, timeout=WAIT_S)

    def log(self) -> str:
        return (self.home / "log").read_text()

    def end(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)

    def clean_up(self) -> None:
        """Kill it when it lives, and see that no worker outlived it."""
        pids = []
        if self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                pids = self.worker_pids()
            self.process.kill()
            self.process.wait()
        wait_until(lambda: all(is_gone(pid) for pid in pids), "the end of the workers", 10)


def launch(home: Path, models: Path, *flags: str, ctx_size: int = 512) -> Node:
    """Start a node and wait until it is ready."""
    command = [sys.executable, "-m", "mlnode", "serve", "--home", str(home), "--models-dir", str(models)]
    command += ["--port", "0", "--control-port", "0", "--threads", "1", "--ctx-size", str(ctx_size)]
    command.append("--no-probe")  # an estimate that changes in the middle would make a budget another one
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, *flags], cwd=ROOT, stdout=log, stderr=log)
    node = Node(process, home, {})
    node.read_ports()
    return node
