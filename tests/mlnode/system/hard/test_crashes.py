"""Workers that die: in the middle of answers, before them, again and again, and without dying at all."""

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.mlnode.system.hard.clients import code_of, preload, streaming, wait_idle
from tests.mlnode.system.nodes import Node, http, is_gone, read_broken, wait_until

LONG_RUNS = bool(os.environ.get("MESHKEEPER_HARD_LONG"))

Start = Callable[..., Node]


def kill(node: Node, model: str) -> int:
    """SIGKILL to a model's worker; its process."""
    pid = int(node.instance(model)["pid"])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid), "its end")
    return pid


def test_a_crash_in_the_middle_is_told_ends_badly_and_touches_no_other_model(roomy_node: Node) -> None:
    node = roomy_node
    preload(node, "a.gguf", "slow.gguf")
    untouched = node.instance("a.gguf")["pid"]
    with (
        streaming(node, "a.gguf", max_tokens=1500) as others,
        streaming(node, "slow.gguf") as events,
        streaming(node, "slow.gguf", "/infer") as lines,
    ):
        kill(node, "slow.gguf")
        last_event, last_line = read_broken(events)[-1], read_broken(lines)[-1]
        assert list(others)[-1] == "data: [DONE]"
    assert json.loads(last_event.removeprefix("data: "))["error"]["code"] == "worker_lost"
    assert {"code": 502, "reason": "WORKER_LOST"}.items() <= json.loads(last_line).items()
    assert node.instance("a.gguf")["pid"] == untouched
    assert http.get(f"{node.url}/readyz").status_code == 200
    assert node.complete("slow.gguf", max_tokens=2).status_code == 200


def test_a_crash_before_the_first_byte_costs_nobody_anything(roomy_node: Node) -> None:
    node = roomy_node
    preload(node, "slow.gguf")
    loads = node.status()["loads_total"]
    with ThreadPoolExecutor(4) as pool:
        prompt = "day " * 300
        answers = [pool.submit(node.complete, "slow.gguf", prompt=prompt, max_tokens=2) for _ in range(4)]
        wait_until(lambda: node.instance("slow.gguf")["inflight"] == 2, "two prompts")
        kill(node, "slow.gguf")
        assert [answer.result().status_code for answer in answers] == [200] * 4
    assert node.status()["loads_total"] == loads + 1


def test_a_worker_that_dies_while_it_loads_is_replaced_for_whoever_waits(start_hard: Start) -> None:
    node = start_hard()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(node.complete, "a.gguf") for _ in range(3)]
        wait_until(lambda: node.instance("a.gguf")["pid"], "a worker")
        kill(node, "a.gguf")
        assert [answer.result().status_code for answer in answers] == [200] * 3
    assert node.status()["loads_total"] == 2
    wait_idle(node)


def test_three_crashes_within_a_minute_open_the_breaker_and_only_of_that_model(start_hard: Start) -> None:
    node = start_hard()
    preload(node, "a.gguf")
    for _ in range(3):
        preload(node, "b.gguf")
        kill(node, "b.gguf")
        wait_until(lambda: node.state("b.gguf") == "failed", "the loss noticed")
        assert node.instance("b.gguf")["last_error"] == "killed by signal 9"
    loads = node.status()["loads_total"]
    for _ in range(20):
        refused = node.complete("b.gguf")
        assert (refused.status_code, code_of(refused)) == (503, "model_unavailable")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert node.status()["loads_total"] == loads
    assert node.complete("a.gguf").status_code == 200
    ready = http.get(f"{node.url}/readyz")
    assert (ready.status_code, ready.json()["models"]) == (200, ["a.gguf"])
    if LONG_RUNS:
        wait_until(lambda: node.complete("b.gguf").status_code == 200, "the breaker closed", 70)


def test_a_worker_that_stands_still_is_killed_and_its_requests_tried_again(start_hard: Start) -> None:
    node = start_hard("--max-wait-ms", "120000", "--step-stall-s", "5")
    preload(node, "a.gguf", "slow.gguf")
    pid = node.instance("slow.gguf")["pid"]
    with streaming(node, "slow.gguf") as lines, ThreadPoolExecutor(1) as pool:
        os.kill(pid, signal.SIGSTOP)
        waiting = pool.submit(http.post, f"{node.url}/infer", json=WAITING, timeout=90)
        assert node.complete("a.gguf").status_code == 200
        assert "worker_lost" in read_broken(lines)[-1]
        assert is_gone(pid)
        assert waiting.result().status_code == 200


WAITING = {"model": "slow.gguf", "prompt": "the day", "max_tokens": 2, "stream": False}


def test_twenty_streams_over_two_models_die_only_with_their_own(start_hard: Start) -> None:
    node = start_hard("--slots", "10")
    preload(node, "a.gguf", "slow.gguf")
    with ExitStack() as stack:
        lost = [stack.enter_context(streaming(node, "slow.gguf")) for _ in range(10)]
        kept = [stack.enter_context(streaming(node, "a.gguf", max_tokens=100)) for _ in range(10)]
        kill(node, "slow.gguf")
        assert all("worker_lost" in read_broken(lines)[-1] for lines in lost)
        assert all(list(lines)[-1] == "data: [DONE]" for lines in kept)
    wait_idle(node)
    assert node.status()["requests_total"] == {"ok": 12, "WORKER_LOST": 10}
