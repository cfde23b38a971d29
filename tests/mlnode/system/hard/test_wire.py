"""Connections that are slow, silent, huge, old or two-faced. Whatever they send, the node answers others."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mlnode.system.hard.clients import (
    LONG,
    dial,
    free_slots,
    make_post,
    preload,
    read_all,
    send_raw,
    streaming,
    wait_idle,
)
from tests.mlnode.system.nodes import Node, http, wait_until

SHORT = {"model": "a.gguf", "prompt": "the day", "max_tokens": 4}


@pytest.fixture(autouse=True, scope="module")
def no_failure_in_the_log(roomy_node: Node) -> Iterator[None]:
    yield
    assert "Traceback" not in roomy_node.log()


def open_files(node: Node) -> int:
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def test_idle_connections_in_numbers_do_not_matter_and_are_closed(roomy_node: Node) -> None:
    before = open_files(roomy_node)
    with ExitStack() as stack:
        silent = [stack.enter_context(dial(roomy_node)) for _ in range(600)]
        wait_until(lambda: open_files(roomy_node) > before + 500, "the connections")
        assert roomy_node.complete(max_tokens=2).status_code == 200
        assert [connection.recv(1) for connection in silent] == [b""] * 600
    wait_until(lambda: open_files(roomy_node) < before + 20, "their end")


def test_a_request_that_does_not_come_to_its_end_is_given_up(roomy_node: Node) -> None:
    chunked = b"host: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n5\r\n{"
    parts = (b"POST /infer HT", make_post("/infer", SHORT)[:-9], b"POST /infer HTTP/1.1\r\n" + chunked)
    with ThreadPoolExecutor(3) as pool:
        for answer in pool.map(lambda part: send_raw(roomy_node, part), parts):
            assert not answer or answer.startswith(b"HTTP/1.1 408")
    assert free_slots(roomy_node, "a.gguf")


def test_a_head_without_end_is_refused_before_it_fills_the_memory(roomy_node: Node) -> None:
    for head in (
        b"GET /models HTTP/1.1\r\nx: ",
        b"GET /",
        b"GET /models HTTP/1.1\r\n" + b"a: b\r\n" * 20_000,
    ):
        answer = send_raw(roomy_node, head + b"x" * 40_000_000)
        assert not answer or answer.split()[1] in (b"431", b"400")
    memory = int(Path(f"/proc/{roomy_node.process.pid}/statm").read_text().split()[1]) * 4096
    assert memory < 400e6


def test_an_old_client_gets_its_answer_without_chunks(roomy_node: Node) -> None:
    preload(roomy_node, "a.gguf")
    for stream in (False, True):
        head, _, body = send_raw(
            roomy_node, make_post("/infer", {**SHORT, "stream": stream}, version="1.0")
        ).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert b"chunked" not in head.lower()
        documents = [json.loads(line) for line in body.splitlines()]
        assert documents[-1]["usage"]["completion_tokens"] == 4
        assert documents[-1].get("done", False) is stream


def test_requests_sent_at_once_are_answered_in_order(roomy_node: Node) -> None:
    preload(roomy_node, "a.gguf")
    orders = [make_post("/infer", {**SHORT, "max_tokens": n, "stream": False}) for n in (3, 1, 2)]
    orders[-1] = orders[-1].replace(b"host:", b"connection: close\r\nhost:")
    answer = send_raw(roomy_node, b"".join(orders))
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert [json.loads(body)["usage"]["completion_tokens"] for body in bodies] == [3, 1, 2]


def test_a_client_that_goes_frees_its_slot_whatever_it_has_sent_behind(roomy_node: Node) -> None:
    order = make_post("/v1/completions", {**LONG, "model": "slow.gguf"})
    with dial(roomy_node) as connection:
        connection.sendall(order)
        assert connection.recv(1)
        connection.sendall(order + order)
        time.sleep(0.1)
    wait_until(lambda: free_slots(roomy_node, "slow.gguf"), "a free slot", 10)
    assert roomy_node.status()["requests_total"].get("ok", 0) >= 1


@pytest.mark.parametrize(
    "lines",
    [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "content-length: -1",
        "content-length: +5",
        "content-length: 0x5",
        "content-length : 5",
        " folded: 5",
        "x: a\x00b",
        "content-length: 99999999999999999999999",
    ],
)
def test_a_body_of_two_lengths_is_never_read_as_two_requests(roomy_node: Node, lines: str) -> None:
    inner = b"GET /metrics HTTP/1.1\r\nhost: smuggled\r\n\r\n"
    head = f"POST /infer HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n{lines}\r\n\r\n".encode()
    answer = send_raw(roomy_node, head + b"0\r\n\r\n" + inner)
    assert b"mlnode_loads" not in answer
    assert not answer or answer.split()[1].startswith(b"4")


def test_a_body_far_above_the_limit_is_refused_and_not_kept(roomy_node: Node) -> None:
    with dial(roomy_node) as connection:
        connection.sendall(make_post("/infer", b"{").replace(b"length: 1", b"length: 90000000000"))
        assert connection.recv(12) == b"HTTP/1.1 413"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    head = make_post("/infer", b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
    with dial(roomy_node) as connection:
        connection.sendall(head + chunk + b"100000\r\n ")
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_bytes_that_are_no_http_are_refused(roomy_node: Node) -> None:
    for seed in range(30):
        noise = bytes((seed * 7919 + at * 104729) % 251 for at in range(400))
        answer = send_raw(roomy_node, noise)
        assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert send_raw(roomy_node, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500)[9:12] == b"400"


def test_an_upgrade_is_not_made(roomy_node: Node) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, close\r\nupgrade: websocket\r\n"
    head += b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    assert b" 101 " not in send_raw(roomy_node, head)


def test_the_node_is_as_it_was(roomy_node: Node) -> None:
    wait_idle(roomy_node)
    with streaming(roomy_node, "slow.gguf"):
        assert http.get(f"{roomy_node.url}/readyz").status_code == 200
    with dial(roomy_node) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b'"ok"' in read_all(connection)
