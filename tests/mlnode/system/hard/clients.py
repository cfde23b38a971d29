"""Clients as they come: with bare sockets, in numbers, leaving when they like; and what became of them."""

import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.mlnode.system.nodes import WAIT_S, Node, http, wait_until

CTX_SIZE = 16_384

LONG: dict[str, Any] = {"prompt": "the day", "max_tokens": 16000, "stream": True}
"""Far more than any test waits for."""


@contextmanager
def dial(node: Node, receive_bytes: int = 0) -> Iterator[socket.socket]:
    """A bare connection. `receive_bytes`: what the kernel takes for a client that does not read."""
    with socket.socket() as connection:
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(WAIT_S)
        connection.connect(("127.0.0.1", node.ports["http"]))
        yield connection


def make_post(path: str, body: dict[str, Any] | bytes, *lines: str, version: str = "1.1") -> bytes:
    """A request as bytes; `lines` are more headers."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = ["host: node", "content-type: application/json", f"content-length: {len(data)}", *lines]
    return f"POST {path} HTTP/{version}\r\n".encode() + "\r\n".join([*fields, "", ""]).encode() + data


def read_all(connection: socket.socket) -> bytes:
    """Until the other side closes, well or badly."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            data += part
    return data


def send_raw(node: Node, data: bytes) -> bytes:
    """Send bytes, say no more, and read everything until the node closes."""
    with dial(node) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return read_all(connection)


@contextmanager
def streaming(node: Node, model: str, path: str = "/v1/completions", **body: Any) -> Iterator[Iterator[str]]:
    """A long answer under way: its lines, of which the first has come."""
    request = {**LONG, "model": model, **body}
    with http.stream("POST", f"{node.url}{path}", json=request, timeout=60) as response:
        lines = (line for line in response.iter_lines() if line)
        assert response.status_code == 200, response.read()
        assert next(lines)
        yield lines


def code_of(response: httpx.Response) -> str:
    """The error's code, or `ok`."""
    return "ok" if response.status_code == 200 else str(response.json()["error"]["code"])


def free_slots(node: Node, model: str) -> bool:
    entry = node.instance(model)
    return entry["inflight"] == 0 and entry["queue"] == 0


def preload(node: Node, *models: str) -> None:
    """Have models in memory."""
    for model in models:
        answer = node.complete(model, max_tokens=1)
        assert answer.status_code == 200, answer.text


def wait_idle(node: Node) -> None:
    """Nobody waits, nobody has a slot."""

    def idle() -> bool:
        return all(entry["inflight"] == entry["queue"] == 0 for entry in node.status()["instances"])

    wait_until(idle, "an idle node")
