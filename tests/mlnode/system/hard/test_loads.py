"""Who is loaded, when, and at whose cost: several first requests, several models, too little memory."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.hard.clients import code_of, preload, streaming, wait_idle
from tests.mlnode.system.nodes import Node, http, wait_until

Start = Callable[..., Node]


@contextmanager
def watching_memory(node: Node) -> Iterator[list[int]]:
    """Asks all the time whether the budget is kept; the entries that it saw."""
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            status = node.status()
            seen.append(status["used_est_mb"])
            assert status["used_est_mb"] + status["margin_mb"] <= status["budget_mb"]

    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(watch)
        try:
            yield seen
        finally:
            over.set()
            watcher.result()


def test_many_first_requests_load_a_model_once(start_hard: Start) -> None:
    node = start_hard("--slots", "4")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: node.complete("a.gguf"), range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert node.status()["loads_total"] == 1


def test_two_models_are_loaded_side_by_side_where_both_fit_and_nobody_is_evicted(
    start_hard: Start, needs_mb: dict[str, int]
) -> None:
    node = start_hard(room_mb=needs_mb["a.gguf"] * 5 // 2)
    with watching_memory(node), ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(node.complete, ["a.gguf", "b.gguf"] * 4))
    assert [answer.status_code for answer in answers] == [200] * 8
    status = node.status()
    assert (status["loads_total"], status["evictions_total"]) == (2, 0)


def test_two_models_are_loaded_one_after_the_other_where_one_fits(
    start_hard: Start, needs_mb: dict[str, int]
) -> None:
    node = start_hard(room_mb=needs_mb["a.gguf"] * 3 // 2)
    with watching_memory(node) as seen, ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(node.complete, ["a.gguf", "b.gguf"]))
    assert [answer.status_code for answer in answers] == [200] * 2
    assert max(seen) < 2 * needs_mb["a.gguf"]


def test_what_can_never_fit_is_refused_and_costs_no_other_model_anything(
    start_hard: Start, needs_mb: dict[str, int], copied_models: Path
) -> None:
    write_tiny_gguf(copied_models / "large.gguf", seed=1, layers=4, dim=768)
    node = start_hard(room_mb=needs_mb["a.gguf"] * 5 // 4, models=copied_models)
    preload(node, "a.gguf")
    pids = node.worker_pids()
    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda _: node.complete("large.gguf"), range(24)))
    assert {(answer.status_code, code_of(answer)) for answer in refused} == {(507, "model_too_large")}
    assert "retry-after" not in refused[0].headers
    assert node.worker_pids() == pids
    status = node.status()
    assert (status["loads_total"], status["evictions_total"]) == (1, 0)


def test_a_busy_model_makes_way_in_time_and_its_waiting_requests_come_back(
    start_hard: Start, needs_mb: dict[str, int]
) -> None:
    node = start_hard("--max-wait-ms", "20000", room_mb=needs_mb["slow.gguf"] * 5 // 4)
    with watching_memory(node), ThreadPoolExecutor(4) as pool:
        with streaming(node, "slow.gguf"):
            other = pool.submit(node.complete, "twin.gguf")
            wait_until(lambda: node.state("slow.gguf") == "draining", "its gate closed")
            behind = [pool.submit(node.complete, "slow.gguf", max_tokens=1) for _ in range(2)]
            wait_until(lambda: node.instance("slow.gguf")["queue"] == 2, "a line before the gate")
            assert node.instance("slow.gguf")["inflight"] == 1
        assert other.result().status_code == 200
        assert [answer.result().status_code for answer in behind] == [200, 200]
    assert node.status()["evictions_total"] == 2


def test_a_busy_model_that_does_not_end_is_not_killed_and_the_waiter_is_told(
    start_hard: Start, needs_mb: dict[str, int]
) -> None:
    node = start_hard("--max-wait-ms", "1500", room_mb=needs_mb["slow.gguf"] * 5 // 4)
    preload_long(node, "slow.gguf")
    with streaming(node, "slow.gguf") as lines:
        refused = node.complete("twin.gguf")
        assert (refused.status_code, code_of(refused)) == (429, "wait_expired")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        wait_until(lambda: node.state("slow.gguf") == "ready", "its gate open again")
        assert next(lines)
    wait_idle(node)


def preload_long(node: Node, model: str) -> None:
    """Have a model in memory, however often the wait for it is too short."""
    wait_until(lambda: node.complete(model, max_tokens=1).status_code == 200, "a load")


def test_a_failed_load_leaves_nothing_behind_and_spoils_nothing(
    start_hard: Start, copied_models: Path, needs_mb: dict[str, int]
) -> None:
    whole = (copied_models / "b.gguf").read_bytes()
    (copied_models / "b.gguf").write_bytes(whole.replace(b"blk.1.ffn_up.weight", b"blk.1.ffn_UP.weight"))
    node = start_hard(models=copied_models, room_mb=needs_mb["a.gguf"] * 5 // 2)
    preload(node, "a.gguf")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: node.complete("b.gguf"), range(8)))
    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(500, "model_broken")}
    status = node.status()
    assert status["loads_total"] == 2
    assert status["used_est_mb"] < 2 * needs_mb["a.gguf"]
    assert node.state("b.gguf") == "failed"
    assert node.instance("b.gguf")["pid"] is None
    assert http.get(f"{node.url}/readyz").json()["models"] == ["a.gguf"]
