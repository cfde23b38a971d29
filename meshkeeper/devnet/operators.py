"""What operators do: send transactions with the `meshkeeper` command and talk to a broker's admin API."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

ADMIN_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 60.0


class CommandFailed(Exception):
    """A `meshkeeper` command that was to succeed did not."""


def run(*args: str) -> str:
    """Runs a `meshkeeper` command and returns what it prints."""
    done = run_any(*args)
    if done.returncode != 0:
        why = (done.stderr or done.stdout).strip().splitlines()
        raise CommandFailed(f"meshkeeper {' '.join(args[:3])} failed: {why[-1] if why else done.returncode}")
    return done.stdout


def run_any(*args: str) -> subprocess.CompletedProcess[str]:
    """Runs a `meshkeeper` command, however it ends."""
    command = [sys.executable, "-m", "meshkeeper", *args]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )


class Admin:
    """A broker's admin API, with the token from the broker's home."""

    def __init__(self, home: Path, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/admin/v1"
        self._token_file = home / "admin.token"

    def nodes(self) -> list[dict[str, Any]]:
        """All nodes as the broker sees them."""
        nodes: list[dict[str, Any]] = self._call("GET", "/nodes")
        return nodes

    def node(self, node_id: str) -> dict[str, Any]:
        """One node as the broker sees it."""
        node: dict[str, Any] = self._call("GET", f"/nodes/{node_id}")
        return node

    def disable(self, node_id: str) -> None:
        """Takes a node out; it serves its epoch to the end."""
        self._call("POST", f"/nodes/{node_id}/disable")

    def _call(self, method: str, path: str) -> Any:
        headers = {"authorization": f"Bearer {self._token_file.read_text().strip()}"}
        response = httpx.request(method, self._base + path, headers=headers, timeout=ADMIN_TIMEOUT_S)
        if response.is_error:
            raise CommandFailed(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return json.loads(response.content)
