"""Child processes with a log file each, that never outlive their network.

A `Child` is started, watched until it says that it is ready, killed, started again, and stopped. With
`bound=True` the kernel ends it when this process dies, however that happens; without, it stays (for `up`).
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY_WITHIN_S = 60.0
"""A cold start imports everything; on two busy cores that can take a good part of a minute."""
STOP_WITHIN_S = 10.0
"""A daemon drains on SIGTERM; after this it is killed."""
PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A child did not start, or died. Names the log to read."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        super().__init__(f"{name} {what}; read {log}")
        self.log = log


@dataclass
class Child:
    """One daemon of the network."""

    name: str
    """Name in messages and of the log file, for example "broker-a"."""
    args: list[str]
    """Arguments after `meshkeeper`."""
    home: Path
    """The daemon's home; it writes `ready.json` there once it is ready."""
    log: Path
    bound: bool = True
    env: dict[str, str] = field(default_factory=dict[str, Any])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; does not wait for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (self.home / "ready.json").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "meshkeeper", *self.args],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                start_new_session=True,
                preexec_fn=_die_with_parent if self.bound else None,
            )

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> dict[str, int]:
        """Waits until the daemon says that it is ready and returns its ports by name."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if not self.alive():
                raise ProcessFailed(self.name, "stopped while it started", self.log)
            ready = read_json(self.home / "ready.json")
            if ready is not None and self.process is not None and ready.get("pid") == self.process.pid:
                return dict(ready.get("ports", {}))
            time.sleep(0.05)
        raise ProcessFailed(self.name, f"was not ready within {within_s:.0f} s", self.log)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Ends the process as a power cut would: SIGKILL, nothing saved."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def terminate(self) -> None:
        """Asks the process to drain and leave."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)


def stop_all(children: list[Child]) -> None:
    """Drains all children at once, then kills what is left. Children of children go with their session."""
    for child in children:
        child.terminate()
    until = time.monotonic() + STOP_WITHIN_S
    for child in children:
        if child.process is None:
            continue
        try:
            child.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
        _kill_session(child.process.pid)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file, or None when it is absent or half-written."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: object) -> None:
    """Writes JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    part.replace(path)


def _kill_session(leader_pid: int) -> None:
    try:
        os.killpg(leader_pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
