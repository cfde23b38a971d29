"""The batch loop on models whose memory is a state that each token overwrites, and on hybrids."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlnode.io.callbacks import AbortFlag
from mlnode.io.embedding import Pooling
from mlnode.io.frames import Embed, Submit
from mlnode.io.kv_store import KvStore, empty
from mlnode.io.model import Model
from mlnode.io.poc_engine import Interrupted, PocEngine
from mlnode.poc import Stage
from tests.mlnode.io.test_embedding import TEXTS, are_alike, pool_by_library
from tests.mlnode.io.test_embedding import Bench as EmbedBench
from tests.mlnode.io.test_engine import PROMPTS, raw_greedy
from tests.mlnode.recurrent_gguf import write_recurrent_gguf

Bench = Any
MIB = 2**20
SYSTEM = [260 + i % 200 for i in range(200)]


@pytest.fixture(scope="module", params=["mamba", "mamba2", "rwkv7", "jamba", "lfm2"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "recurrent.gguf"
    write_recurrent_gguf(path, architecture=request.param)
    return path


@pytest.fixture(scope="module", params=["mamba", "jamba"])
def slow_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for a prompt to take a while."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    write_recurrent_gguf(path, architecture=request.param, layers=6, dim=192)
    return path


def ask(request_id: int, tokens: list[int], n: int = 12) -> Submit:
    return Submit(request_id=request_id, tokens=tokens, max_tokens=n)


def test_greedy_output_is_that_of_the_raw_library(
    bench: Callable[..., Bench], load_model: Callable[[Path], Model], path: Path
) -> None:
    model = load_model(path)
    ids = model.tokenize(PROMPTS[0], add_special=True, parse_special=False)
    for prompt in (ids, SYSTEM):
        expected = b"".join(map(model.piece, raw_greedy(model, prompt, 30))).decode()
        assert bench(path).run(ask(1, prompt, 30))[1] == expected


def test_many_at_once_answer_as_each_alone(bench: Callable[..., Bench], path: Path) -> None:
    """With other slots and other neighbours in every step, so that states move about."""
    orders = [Submit(request_id=i, text=PROMPTS[i % 4] + " a" * i, max_tokens=20 + i) for i in range(10)]
    together = bench(path).run(*orders)
    alone = bench(path)
    for order in orders:
        alone.run(order)
    assert together == alone.texts()
    assert len(set(together.values())) > 4


def test_short_prompts_that_are_read_together_are_answered_as_if_alone(
    bench: Callable[..., Bench], path: Path
) -> None:
    orders = [Submit(request_id=i, text=f"the day {'a' * i}", max_tokens=8) for i in range(4)]
    alone = [bench(path).run(order)[order.request_id] for order in orders]
    together = bench(path)
    for order in orders:
        together.engine.submit(order)
    together.engine.step()
    assert together.engine.steps == 1
    texts = together.run()
    assert [texts[i] for i in range(4)] == alone


def test_an_interrupted_prompt_ends_and_the_next_answer_is_as_before(
    bench: Callable[..., Bench], slow_path: Path
) -> None:
    """What half a decode left of the state is of no use to anybody."""
    run = bench(slow_path, slots=2, n_ctx=1024, n_ubatch=256, cache_bytes=64 * MIB)
    tokens = [300 + i % 200 for i in range(900)]
    plain = bench(slow_path, slots=2, n_ctx=1024, n_ubatch=256)
    started = time.monotonic()
    alone = plain.run(ask(1, tokens))[1]
    whole_s = time.monotonic() - started
    for request_id, part in ((2, 0.1), (3, 0.4), (4, 0.7)):
        run.engine.submit(ask(request_id, tokens[request_id:]))
        timer = threading.Timer(whole_s * part, run.abort.cancel, (request_id,))
        timer.start()
        while timer.is_alive():
            run.engine.step()
        timer.join()
        run.engine.cancel(request_id)
        assert run.done(request_id).finish_reason in ("cancelled", "length")
    for request_id in (2, 3, 4):
        rest = ask(10 + request_id, tokens[request_id:])
        assert run.run(rest)[10 + request_id] == plain.run(rest)[10 + request_id]
    assert run.run(ask(9, tokens))[9] == alone


@pytest.mark.parametrize("n_read", [0, 64, 128])
def test_a_decode_that_is_interrupted_at_once_ends_its_request(
    bench: Callable[..., Bench], path: Path, n_read: int
) -> None:
    run = bench(path, cache_bytes=64 * MIB)
    alone = bench(path).run(ask(1, SYSTEM))[1]
    run.engine.submit(ask(2, SYSTEM))
    for _ in range(n_read // 64):
        run.engine.step()
    run.abort.cancel(2)
    run.engine.step()
    run.engine.cancel(2)
    assert run.done(2).finish_reason == "cancelled"
    assert run.run(ask(3, SYSTEM))[3] == alone
    assert run.run(ask(4, SYSTEM))[4] == alone


def test_a_held_neighbour_survives_the_cancellation_of_all_that_run(
    bench: Callable[..., Bench], path: Path
) -> None:
    """llama.cpp moves the states of others out of the way of those in a decode: half of that would be a wrong
    answer of somebody who was not asked."""
    run = bench(path, slots=3)
    alone = run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=30))[1]
    orders = {2: PROMPTS[1], 3: PROMPTS[2], 4: PROMPTS[0]}
    for request_id, text in orders.items():
        run.engine.submit(Submit(request_id=request_id, text=text, max_tokens=30))
        run.engine.hold(request_id, True)
    for request_id in (3, 4, 2):
        run.engine.hold(request_id, False)
        run.engine.step()
        run.engine.hold(request_id, True)
    run.engine.hold(2, False)
    run.engine.hold(3, False)
    for request_id in (2, 3):
        run.abort.cancel(request_id)
    run.engine.step()
    for request_id in (2, 3):
        run.engine.cancel(request_id)
    run.engine.hold(4, False)
    assert run.run()[4] == alone


def test_a_held_answer_goes_on_where_it_stopped(bench: Callable[..., Bench], path: Path) -> None:
    run = bench(path, slots=2)
    alone = [run.run(Submit(request_id=i, text=PROMPTS[i], max_tokens=20))[i] for i in (0, 1)]
    for i in (0, 1):
        run.engine.submit(Submit(request_id=10 + i, text=PROMPTS[i], max_tokens=20))
    for _ in range(5):
        run.engine.step()
    run.engine.hold(10, True)
    run.run(Submit(request_id=12, text=PROMPTS[2], max_tokens=30))
    run.engine.hold(10, False)
    texts = run.run()
    assert [texts[10], texts[11]] == alone


def test_the_context_is_the_limit(bench: Callable[..., Bench], path: Path) -> None:
    run = bench(path, slots=2, n_ctx=64)
    run.run(*(Submit(request_id=i, text=PROMPTS[i]) for i in range(4)), ask(4, [300] * 64))
    for i in range(4):
        done = run.done(i)
        assert (done.finish_reason, done.n_prompt + done.n_completion) == ("length", 64)
    assert run.failed(4).code == "PROMPT_TOO_LONG"


def test_a_prompt_that_comes_again_goes_on_from_the_kept_state(
    bench: Callable[..., Bench], path: Path
) -> None:
    """The state after an answer cannot be cut back; the one near the end of the prompt is of use."""
    plain, cached = bench(path), bench(path, cache_bytes=64 * MIB)
    orders = [ask(i, SYSTEM + [300 + i] * (10 + 7 * i)) for i in range(1, 6)]
    orders += [ask(10 + i, order.tokens or []) for i, order in enumerate(orders)]
    for order in orders:
        plain.run(order)
        cached.run(order)
    assert cached.texts() == plain.texts()
    assert cached.done(1).n_cached == 0
    assert all(cached.done(order.request_id).n_cached >= 192 for order in orders[2:])


def test_a_shorter_prompt_takes_nothing_from_a_longer_one(bench: Callable[..., Bench], path: Path) -> None:
    plain, cached = bench(path), bench(path, cache_bytes=64 * MIB)
    cached.run(ask(1, [*SYSTEM, *SYSTEM]))
    for request_id, n in ((2, 130), (3, 200), (4, 199)):
        order = ask(request_id, SYSTEM[:n])
        assert cached.run(order)[request_id] == plain.run(order)[request_id]


def test_states_of_all_slots_can_be_restored_together(bench: Callable[..., Bench], path: Path) -> None:
    cached = bench(path, cache_bytes=64 * MIB)
    alone = cached.run(ask(1, SYSTEM))[1]
    other = cached.run(ask(2, [*SYSTEM[:150], *range(300, 370)]))[2]
    again = [ask(i, SYSTEM if i % 2 else [*SYSTEM[:150], *range(300, 370)]) for i in range(3, 11)]
    texts = cached.run(*again)
    assert all(texts[i] == (alone if i % 2 else other) for i in range(3, 11))
    assert all(cached.done(i).n_cached >= 192 for i in range(3, 11))


def test_the_next_worker_goes_on_with_the_states_of_the_last_one(
    bench: Callable[..., Bench], path: Path, tmp_path: Path
) -> None:
    empty(tmp_path)
    first, second = (
        bench(path, cache_bytes=64 * MIB, store=KvStore(tmp_path, 64 * MIB, "model")) for _ in range(2)
    )
    alone = first.run(ask(1, SYSTEM))[1]
    first.engine.leave_behind()
    third = bench(path, cache_bytes=64 * MIB, store=KvStore(tmp_path, 64 * MIB, "model"))
    assert (third.run(ask(1, SYSTEM))[1], third.done(1).n_cached) == (alone, 192)
    assert (second.run(ask(1, SYSTEM))[1], second.done(1).n_cached) == (alone, 0)


def test_a_foreign_state_is_not_taken(bench: Callable[..., Bench], path: Path, tmp_path: Path) -> None:
    empty(tmp_path)
    first = bench(path, cache_bytes=64 * MIB, store=KvStore(tmp_path, 64 * MIB, "model"))
    alone = first.run(ask(1, SYSTEM))[1]
    first.engine.leave_behind()
    store = KvStore(tmp_path, 64 * MIB, "model")
    second = bench(path, cache_bytes=64 * MIB, store=store)
    for tokens, n_bytes in list(store.list()):
        store.write(tokens, bytes(n_bytes))
    assert (second.run(ask(1, SYSTEM))[1], second.done(1).n_cached) == (alone, 0)


def test_vectors_are_those_of_the_library(load_model: Callable[[Path], Model], path: Path) -> None:
    model = load_model(path)
    run = EmbedBench(model)
    together = run.run(Embed(request_id=1, texts=TEXTS))[1]
    alone = [run.run(Embed(request_id=2 + i, texts=(text,)))[2 + i][0] for i, text in enumerate(TEXTS)]
    run.work.close()
    assert are_alike(together, alone)
    assert are_alike(together, [pool_by_library(model, text, Pooling.MEAN) for text in TEXTS])


def test_distances_do_not_depend_on_company_or_on_what_was_interrupted(
    load_model: Callable[[Path], Model], path: Path
) -> None:
    stage, other = (Stage(bytes([n]) * 32, b"\2" * 33) for n in (1, 2))
    abort = AbortFlag()
    engine = PocEngine(load_model(path), path, None, abort, 1)
    full = engine.compute_distances(stage, range(8), 1)
    assert [engine.compute_distances(stage, [nonce], 1)[0] for nonce in range(8)] == full
    mixed = engine.compute_mixed([(other, 3), (stage, 5), (stage, 2)], frozenset((1,)))
    assert mixed[1:] == [full[5], full[2]]
    abort.cancel(7)
    with pytest.raises(Interrupted):
        engine.compute_distances(stage, range(8), 7)
    assert engine.compute_distances(stage, range(8), 1) == full
    engine.close()


@pytest.mark.parametrize("architecture", ["mamba", "rwkv7", "jamba", "lfm2"])
def test_a_state_that_is_no_number_is_left_to_nobody(
    bench: Callable[..., Bench], tmp_path: Path, architecture: str
) -> None:
    """llama.cpp begins a new state by multiplying an old one by zero."""
    path = tmp_path / "spoiled.gguf"
    write_recurrent_gguf(path, architecture=architecture, spoiled=100)
    run = bench(path, slots=2)
    alone = run.run(ask(1, SYSTEM, 30))[1]
    assert run.done(1).n_completion == 30
    run.engine.submit(ask(2, SYSTEM, 30))
    for _ in range(6):
        run.engine.step()
    for request_id in (3, 4):
        run.engine.submit(ask(request_id, [*SYSTEM[:90], 100]))
    run.engine.submit(ask(5, SYSTEM, 30))
    texts = run.run()
    assert [run.failed(request_id).code for request_id in (3, 4)] == ["ENGINE", "ENGINE"]
    assert [texts[2], texts[5]] == [alone, alone]
    assert run.run(*(ask(i, SYSTEM, 30) for i in range(6, 10)))[9] == alone
