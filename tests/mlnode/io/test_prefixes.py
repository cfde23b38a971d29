"""Beginnings of prompts that are not computed again: how much is saved, and that nothing else changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlnode.io.frames import Delta, Position, Step, Submit
from mlnode.io.kv_store import KvStore, empty

Bench = Any
MIB = 2**20
SYSTEM = [260 + i % 200 for i in range(200)]


def ask(request_id: int, tokens: list[int], n: int = 12) -> Submit:
    return Submit(request_id=request_id, tokens=tokens, max_tokens=n, top_logprobs=0)


def deltas(run: Bench, request_id: int) -> list[Delta]:
    steps = [frame for frame in run.replies if isinstance(frame, Step)]
    return [delta for step in steps for delta in step.deltas if delta.request_id == request_id]


def positions(run: Bench, request_id: int) -> list[Position]:
    return [position for delta in deltas(run, request_id) for position in delta.logprobs]


@pytest.fixture
def cached(bench: Callable[..., Bench]) -> Bench:
    return bench(cache_bytes=64 * MIB)


def test_the_same_prompt_again_is_not_computed_again(cached: Bench) -> None:
    for request_id in (1, 2):
        cached.run(ask(request_id, SYSTEM))
    assert (cached.done(1).n_cached, cached.done(2).n_cached) == (0, 192)


def test_what_was_kept_of_a_prompt_changes_no_bit(bench: Callable[..., Bench], cached: Bench) -> None:
    plain = bench()
    orders = [ask(i, SYSTEM + [300 + i] * (10 + 7 * i)) for i in range(1, 6)]
    for order in orders:
        plain.run(order)
        cached.run(order)
    for i in range(1, 6):
        assert positions(cached, i) == positions(plain, i)
        assert cached.done(i).n_cached == (192 if i > 1 else 0)
        assert plain.done(i).n_cached == 0


def test_a_conversation_goes_on_where_it_stopped(bench: Callable[..., Bench], cached: Bench) -> None:
    cached.run(ask(1, SYSTEM))
    answer = [position.chosen.token for position in positions(cached, 1)]
    cached.run(ask(2, [*SYSTEM, *answer, *range(300, 320)]))
    assert cached.done(2).n_cached == len(SYSTEM) + len(answer) - 1
    plain = bench()
    plain.run(ask(2, [*SYSTEM, *answer, *range(300, 320)]))
    assert cached.texts()[2] == plain.texts()[2]
    logprobs = [[position.chosen.logprob for position in positions(run, 2)] for run in (cached, plain)]
    np.testing.assert_allclose(*logprobs, atol=1e-3)


def test_many_at_once_share_what_one_has_computed(cached: Bench) -> None:
    cached.run(ask(1, SYSTEM))
    alone = cached.run(ask(2, [*SYSTEM, 400, 401]))[2]
    cached.run(*(ask(i, [*SYSTEM, 400, 401]) for i in range(3, 9)))
    assert {cached.texts()[i] for i in range(3, 9)} == {alone}
    assert {cached.done(i).n_cached for i in range(3, 9)} == {192}


def test_a_cancelled_prompt_is_of_use_to_the_next_one(bench: Callable[..., Bench]) -> None:
    run = bench(n_ubatch=64, cache_bytes=64 * MIB)
    run.engine.submit(ask(1, SYSTEM))
    for _ in range(2):
        run.engine.step()
    run.engine.cancel(1)
    run.run(ask(2, SYSTEM))
    assert (run.done(1).n_completion, run.done(2).n_cached) == (0, 128)


def test_without_memory_nothing_is_kept(bench: Callable[..., Bench]) -> None:
    run = bench(cache_bytes=0)
    for request_id in (1, 2):
        run.run(ask(request_id, SYSTEM))
    assert run.done(2).n_cached == 0


def test_the_memory_is_that_of_the_newest(bench: Callable[..., Bench]) -> None:
    """A token of the tiny model takes half a KiB."""
    run = bench(cache_bytes=180 * 1024)
    for request_id, first in enumerate((300, 301, 300), 1):
        run.run(ask(request_id, [first, *SYSTEM]))
    assert run.done(3).n_cached == 0
    run.run(ask(4, [300, *SYSTEM]))
    assert run.done(4).n_cached == 192


def open_store(folder: Path, model: str = "tiny") -> KvStore:
    return KvStore(folder, 64 * MIB, model)


def test_the_next_worker_of_a_model_goes_on_with_what_the_last_one_left(
    bench: Callable[..., Bench], tmp_path: Path
) -> None:
    empty(tmp_path)
    first = bench(cache_bytes=64 * MIB, store=open_store(tmp_path))
    alone = first.run(ask(1, SYSTEM))[1]
    first.engine.leave_behind()
    second = bench(cache_bytes=64 * MIB, store=open_store(tmp_path))
    assert second.run(ask(1, SYSTEM))[1] == alone
    assert second.done(1).n_cached == 192
    assert positions(second, 1) == positions(first, 1)
    third = bench(cache_bytes=64 * MIB, store=open_store(tmp_path, "other"))
    third.run(ask(1, SYSTEM))
    assert third.done(1).n_cached == 0


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "foreign"])
def test_what_cannot_be_restored_is_computed(
    bench: Callable[..., Bench], tmp_path: Path, damage: str
) -> None:
    """`foreign`: whole, but the state of another context."""
    empty(tmp_path)
    first = bench(cache_bytes=64 * MIB, store=open_store(tmp_path))
    alone = first.run(ask(1, SYSTEM))[1]
    first.engine.leave_behind()
    store = open_store(tmp_path)
    second = bench(cache_bytes=64 * MIB, store=store)
    for tokens, n_bytes in list(store.list()):
        path = next(tmp_path.glob("*.kv"))
        match damage:
            case "flipped":
                data = bytearray(path.read_bytes())
                data[-n_bytes // 2] ^= 1
                path.write_bytes(data)
            case "cut":
                path.write_bytes(path.read_bytes()[:-100])
            case "gone":
                path.unlink()
            case "foreign":
                store.write(tokens, bytes(n_bytes))
    assert second.run(ask(1, SYSTEM))[1] == alone
    assert second.done(1).n_cached == 0
    second.run(ask(2, SYSTEM))
    assert second.done(2).n_cached == 192
