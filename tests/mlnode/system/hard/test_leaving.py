"""Clients that go: in the line, during a load, in a prompt, in an answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.mlnode.system.hard.clients import LONG, dial, make_post, preload, streaming, wait_idle
from tests.mlnode.system.nodes import Node, wait_until

Start = Callable[..., Node]

PROMPT = {"prompt": "day " * 2500, "max_tokens": 1, "stream": False}
"""Takes seconds to read."""


def test_a_client_that_goes_from_the_line_is_forgotten_and_never_computed(roomy_node: Node) -> None:
    node = roomy_node
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(streaming(node, "slow.gguf"))
        before = node.status()["requests_total"]
        for _ in range(5):
            with dial(node) as connection:
                connection.sendall(make_post("/infer", {**LONG, "model": "slow.gguf"}))
                wait_until(lambda: node.instance("slow.gguf")["queue"] == 1, "it waits")
            wait_until(lambda: node.instance("slow.gguf")["queue"] == 0, "an empty line", 10)
        after = node.status()["requests_total"]
        assert after["cancelled"] == before.get("cancelled", 0) + 5
        assert node.instance("slow.gguf")["inflight"] == 2
    wait_idle(node)


def test_a_client_that_goes_in_its_prompt_or_its_answer_frees_its_slot(roomy_node: Node) -> None:
    node = roomy_node
    preload(node, "slow.gguf")
    for body in (PROMPT, LONG):
        with ExitStack() as stack:
            for _ in range(2):
                connection = stack.enter_context(dial(node))
                connection.sendall(make_post("/infer", {**body, "model": "slow.gguf"}))
            wait_until(lambda: node.instance("slow.gguf")["inflight"] == 2, "both at work")
        wait_until(lambda: node.instance("slow.gguf")["inflight"] == 0, "both slots free", 10)
    assert node.complete("slow.gguf").status_code == 200


def test_clients_that_go_during_a_load_do_not_take_it_from_those_who_stay(start_hard: Start) -> None:
    node = start_hard()
    with ThreadPoolExecutor(1) as pool:
        with dial(node) as connection:
            connection.sendall(make_post("/infer", {**LONG, "model": "a.gguf"}))
            wait_until(lambda: node.state("a.gguf") == "loading", "the load")
            stays = pool.submit(node.complete, "a.gguf")
            wait_until(lambda: node.instance("a.gguf")["queue"] == 2, "two who wait")
        assert stays.result().status_code == 200
    assert node.status()["loads_total"] == 1
    assert node.status()["requests_total"] == {"ok": 1, "cancelled": 1}


def test_a_load_that_nobody_waits_for_any_more_is_given_up_and_its_memory_free(start_hard: Start) -> None:
    node = start_hard()
    for _ in range(3):
        with dial(node) as connection:
            connection.sendall(make_post("/infer", {**LONG, "model": "a.gguf"}))
            wait_until(lambda: node.state("a.gguf") == "loading", "the load")
        wait_until(lambda: node.state("a.gguf") == "unloaded", "the load given up", 10)
        assert node.status()["used_est_mb"] == 0
    assert node.status()["requests_total"] == {"cancelled": 3}
    assert node.instance("a.gguf")["last_error"] == ""
    assert node.complete("a.gguf").status_code == 200
