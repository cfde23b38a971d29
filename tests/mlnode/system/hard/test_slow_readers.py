"""Clients that do not take their answer: it waits for them a while, and nothing else does."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.mlnode.system.hard.clients import dial, make_post, preload, read_all, wait_idle
from tests.mlnode.system.nodes import Node, wait_until

Start = Callable[..., Node]

TOKENS = 2000
"""Four times what fits between the model and a client that does not read."""


def ask_and_not_read(stack: ExitStack, node: Node) -> socket.socket:
    connection = stack.enter_context(dial(node, receive_bytes=4096))
    body = {"model": "a.gguf", "prompt": "the day", "max_tokens": TOKENS, "stream": True, "temperature": 0}
    connection.sendall(make_post("/v1/completions", body, "connection: close"))
    return connection


def stands_still(pid: int) -> bool:
    """The process has used next to no time for a moment."""

    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.3)
    return ticks() - before <= 1


def test_a_reader_that_stops_stops_only_its_own_answer_and_loses_nothing_of_it(start_hard: Start) -> None:
    node = start_hard("--slots", "2", "--patience-s", "120")
    preload(node, "a.gguf")
    pid = node.instance("a.gguf")["pid"]
    with ExitStack() as stack:
        connection = ask_and_not_read(stack, node)
        wait_until(lambda: node.instance("a.gguf")["inflight"] == 1, "its slot")
        wait_until(lambda: stands_still(pid), "the answer held")
        assert node.instance("a.gguf")["inflight"] == 1
        for _ in range(3):
            assert node.complete("a.gguf", max_tokens=50).status_code == 200
        answer = read_all(connection)
    body = answer.partition(b"\r\n\r\n")[2]
    lines = [line[6:] for line in body.splitlines() if line.startswith(b"data: ")]
    assert lines[-1] == b"[DONE]"
    text = "".join(json.loads(line)["choices"][0]["text"] for line in lines[:-1])
    whole = node.complete("a.gguf", prompt="the day", max_tokens=TOKENS).json()["choices"][0]["text"]
    assert len(text) > 4 * TOKENS
    assert text == whole


def test_readers_that_never_read_are_given_up_and_their_slots_free(roomy_node: Node) -> None:
    node = roomy_node
    preload(node, "a.gguf")
    before = node.status()["requests_total"].get("cancelled", 0)
    with ExitStack() as stack:
        for _ in range(4):
            ask_and_not_read(stack, node)
        wait_until(lambda: node.status()["requests_total"].get("cancelled", 0) == before + 4, "given up")
        wait_idle(node)
        assert node.complete("a.gguf").status_code == 200
