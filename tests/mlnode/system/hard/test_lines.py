"""More requests than the node can take: refused at once, or answered in time, and every one of them."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise

import httpx

from tests.mlnode.system.hard.clients import (
    LONG,
    code_of,
    dial,
    make_post,
    preload,
    streaming,
    wait_idle,
)
from tests.mlnode.system.nodes import Node, wait_until

Start = Callable[..., Node]

SMALL = {"prompt": "the day", "max_tokens": 40}


def test_a_full_line_refuses_at_once_however_many_come_and_keeps_who_waits(start_hard: Start) -> None:
    node = start_hard("--max-queue-depth", "4")
    preload(node, "slow.gguf", "a.gguf")
    with ExitStack() as stack, ThreadPoolExecutor(24) as pool:
        for _ in range(100):
            stack.enter_context(dial(node))
        with streaming(node, "slow.gguf") as lines:
            waiting = [pool.submit(node.complete, "slow.gguf", max_tokens=1) for _ in range(4)]
            wait_until(lambda: node.instance("slow.gguf")["queue"] == 4, "a full line")
            refused = list(pool.map(lambda _: node.complete("slow.gguf"), range(100)))
            assert {(answer.status_code, code_of(answer)) for answer in refused} == {(429, "queue_full")}
            hints = [int(answer.headers["retry-after"]) for answer in refused]
            assert 1 <= min(hints) <= max(hints) <= 60
            assert node.complete("a.gguf").status_code == 200
            assert node.instance("slow.gguf")["queue"] == 4
            assert not any(answer.done() for answer in waiting)
            assert next(lines)
        assert [answer.result().status_code for answer in waiting] == [200] * 4
    wait_idle(node)
    assert node.status()["requests_total"] == {"ok": 7, "QUEUE_FULL": 100, "cancelled": 1}


def test_the_hint_grows_with_the_line_and_with_how_long_answers_take(start_hard: Start) -> None:
    node = start_hard("--max-queue-depth", "1")
    with ThreadPoolExecutor(1) as pool, streaming(node, "slow.gguf"):
        waiting = pool.submit(node.complete, "slow.gguf", max_tokens=1)
        wait_until(lambda: node.instance("slow.gguf")["queue"] == 1, "a full line")
        first = int(node.complete("slow.gguf").headers["retry-after"])
        time.sleep(3)
    assert waiting.result().status_code == 200
    with ThreadPoolExecutor(1) as pool, streaming(node, "slow.gguf"):
        pool.submit(node.complete, "slow.gguf", max_tokens=1)
        wait_until(lambda: node.instance("slow.gguf")["queue"] == 1, "a full line")
        assert 1 <= first <= int(node.complete("slow.gguf").headers["retry-after"]) <= 60


def test_the_whole_node_takes_no_more_than_it_is_told_to(start_hard: Start) -> None:
    node = start_hard("--max-inflight", "3")
    preload(node, "a.gguf", "slow.gguf")
    with ThreadPoolExecutor(2) as pool, streaming(node, "slow.gguf"):
        waiting = [pool.submit(node.complete, "slow.gguf", max_tokens=1) for _ in range(2)]
        wait_until(lambda: node.instance("slow.gguf")["queue"] == 2, "three in the node")
        for model in ("a.gguf", "slow.gguf", "b.gguf"):
            refused = node.complete(model)
            assert (refused.status_code, code_of(refused)) == (429, "node_busy")
            assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert [answer.result().status_code for answer in waiting] == [200] * 2


def ask(stack: ExitStack, node: Node, name: str, n: int = 1) -> socket.socket:
    """A client that asks for long answers of the slow model and says how it calls that."""
    client = stack.enter_context(dial(node))
    body = {**LONG, "model": "slow.gguf", "n": n}
    client.sendall(make_post("/v1/completions", body, f"x-request-id: {name}"))
    return client


def places(node: Node) -> list[tuple[int, str]]:
    return [(each["position"], each["request_id"]) for each in node.instance("slow.gguf")["waiting"]]


def has_line(node: Node, length: int) -> bool:
    return bool(node.instance("slow.gguf")["queue"] == length)


def test_who_waits_finds_the_own_place_in_line_and_moves_up(start_hard: Start) -> None:
    node = start_hard()
    preload(node, "slow.gguf")
    with ExitStack() as stack:
        clients = [ask(stack, node, "none")]
        wait_until(lambda: node.instance("slow.gguf")["inflight"] == 1, "one at work")
        line: list[tuple[int, str]] = []
        for place in enumerate(("one", "two", "three"), 1):
            clients.append(ask(stack, node, place[1]))
            line.append(place)
            wait_until(lambda: len(places(node)) == len(line), "one more in line")
            assert places(node) == line
        entry = node.instance("slow.gguf")
        waited = [each["waited_s"] for each in entry["waiting"]]
        assert waited == sorted(waited, reverse=True) and min(waited) > 0
        assert (entry["queue"], entry["oldest_wait_s"]) == (3, waited[0])
        clients[0].close()
        wait_until(lambda: places(node) == [(1, "two"), (2, "three")], "the first to be served")
        assert clients[1].recv(12) == b"HTTP/1.1 200"
        clients[2].close()
        wait_until(lambda: places(node) == [(1, "three")], "the next to go")
        clients[1].close()
        wait_until(lambda: places(node) == [], "an empty line")
        assert clients[3].recv(12) == b"HTTP/1.1 200"
    wait_idle(node)


def test_of_a_long_line_the_first_are_shown_and_all_are_counted(start_hard: Start) -> None:
    node = start_hard("--max-queue-depth", "64")
    preload(node, "slow.gguf")
    with ExitStack() as stack:
        lengths = {"one": 15, "two": 31, "three": 47}
        for name, length in lengths.items():
            ask(stack, node, name, n=16)
            wait_until(partial(has_line, node, length), f"a line of {length}")
        names = ["one"] * 15 + ["two"] * 16 + ["three"]
        assert places(node) == list(enumerate(names, 1))
    wait_idle(node)


class Crowd:
    """Clients that ask one model after the other, and what became of every request."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.outcomes: dict[str, Counter[str]] = {}
        self.over = threading.Event()
        self.served_s: dict[str, list[float]] = {}

    def ask_on(self, model: str) -> None:
        outcomes = self.outcomes.setdefault(model, Counter())
        served = self.served_s.setdefault(model, [])
        with httpx.Client(timeout=60, verify=False) as client:
            while not self.over.is_set():
                request = {"model": model, **SMALL}
                answer = client.post(f"{self.node.url}/v1/completions", json=request)
                outcomes[code_of(answer)] += 1
                served.append(time.monotonic())

    def turns(self) -> int:
        """How often the model that was answered changed."""
        when = sorted((at, model) for model, times in self.served_s.items() for at in list(times))
        return sum(one[1] != other[1] for one, other in pairwise(when))


def test_models_in_turn_under_saturation_with_room_for_one_are_all_served_in_time(
    start_hard: Start, needs_mb: dict[str, int]
) -> None:
    node = start_hard("--max-wait-ms", "15000", "--slots", "2", room_mb=needs_mb["a.gguf"] * 3 // 2)
    crowd = Crowd(node)
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(crowd.ask_on, model) for model in ["a.gguf"] * 6 + ["b.gguf"] * 1]
        try:
            wait_until(lambda: crowd.turns() >= 3, "both models in turn, twice", 90)
        finally:
            crowd.over.set()
        for client in clients:
            client.result()
    asked = sum(crowd.outcomes.values(), Counter[str]())
    assert asked == Counter(ok=asked.total())
    wait_idle(node)
    status = node.status()
    assert status["requests_total"] == {"ok": asked.total()}
    assert 3 <= status["loads_total"] <= 12
    assert status["errors_total"] == 0
