"""The batch loop on a tiny model, without a process around it."""

import ctypes
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest

from mlnode.io.answer import Answer
from mlnode.io.frames import ChatMessage, Done, Step, Submit, Tokenize, Tokenized
from mlnode.io.model import Model
from mlnode.io.sampling import Sampler, Sampling
from mlnode.text import TextStream

Bench = Any
PROMPTS = ["Once upon a time", "the people of the water", "I know how to make", "number two and three four"]


def raw_greedy(model: Model, prompt: list[int], n: int) -> list[int]:
    """The library's own loop: one sequence, its batch type, its greedy sampler."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 512, 1, 1
    context = llama_cpp.llama_init_from_model(model.pointer, params)
    sampler = llama_cpp.llama_sampler_init_greedy()
    tokens, out = list(prompt), []
    for _ in range(n):
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        batch = llama_cpp.llama_batch_get_one(ids, len(tokens))
        assert llama_cpp.llama_decode(context, batch) == 0
        tokens = [llama_cpp.llama_sampler_sample(sampler, context, -1)]
        out += tokens
    llama_cpp.llama_sampler_free(sampler)
    llama_cpp.llama_free(context)
    return out


@pytest.fixture
def tiny(load_model: Callable[[Path], Model], tiny_path: Path) -> Model:
    return load_model(tiny_path)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_output_is_that_of_the_raw_library(
    bench: Callable[..., Bench], tiny: Model, prompt: str
) -> None:
    ids = tiny.tokenize(prompt, add_special=True, parse_special=False)
    expected = b"".join(map(tiny.piece, raw_greedy(tiny, ids, 50))).decode()
    assert bench().run(Submit(request_id=1, text=prompt, max_tokens=50))[1] == expected


def test_many_at_once_answer_as_each_alone(bench: Callable[..., Bench]) -> None:
    orders = [Submit(request_id=i, text=PROMPTS[i % 4] + " a" * i, max_tokens=20 + i) for i in range(10)]
    together = bench().run(*orders)
    alone = bench()
    for order in orders:
        alone.run(order)
    assert together == alone.texts()
    assert len(set(together.values())) > 4


def test_what_ran_before_changes_nothing(bench: Callable[..., Bench]) -> None:
    first = bench()
    fresh = first.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=40))[1]
    first.run(*(Submit(request_id=i, text=PROMPTS[0] + " b" * i, max_tokens=9) for i in range(2, 8)))
    assert first.run(Submit(request_id=9, text=PROMPTS[0], max_tokens=40))[9] == fresh


def test_a_long_prompt_is_read_in_pieces(bench: Callable[..., Bench], tiny: Model) -> None:
    ids = [260 + i % 200 for i in range(300)]
    run = bench(n_ubatch=64)
    run.engine.submit(Submit(request_id=1, tokens=ids, max_tokens=5))
    steps = 0
    while not run.replies:
        run.engine.step()
        steps += 1
    assert steps == 5
    assert run.run()[1] == b"".join(map(tiny.piece, raw_greedy(tiny, ids, 5))).decode()


def test_others_go_on_while_a_long_prompt_is_read(bench: Callable[..., Bench]) -> None:
    run = bench(n_ubatch=16)
    run.engine.submit(Submit(request_id=1, text=PROMPTS[0], max_tokens=200))
    for _ in range(3):
        run.engine.step()
    run.engine.submit(Submit(request_id=2, tokens=[300] * 160, max_tokens=1))
    seen = len(run.replies)
    for _ in range(9):
        run.engine.step()
    new = [frame for frame in run.replies[seen:] if isinstance(frame, Step)]
    assert len(new) == 9
    assert all([delta.request_id for delta in frame.deltas] == [1] for frame in new)


def test_the_same_seed_repeats_and_another_does_not(bench: Callable[..., Bench]) -> None:
    def ask(request_id: int, seed: int) -> Submit:
        return Submit(request_id=request_id, text=PROMPTS[0], max_tokens=30, temperature=1.0, seed=seed)

    texts = bench().run(ask(1, 5), ask(2, 5), ask(3, 6))
    assert texts[1] == texts[2] != texts[3]


def test_a_stop_string_ends_the_answer_before_it(bench: Callable[..., Bench]) -> None:
    run = bench()
    whole = run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=30))[1]
    words = whole.split()
    stop = f"{words[6]} {words[7]}"
    text = run.run(Submit(request_id=2, text=PROMPTS[0], max_tokens=30, stop=(stop,)))[2]
    assert text == whole[: whole.index(stop)]
    done = run.done(2)
    assert (done.finish_reason, done.stop_string) == ("stop", stop)
    assert done.n_completion < 30


def test_usage_and_reason_are_told(bench: Callable[..., Bench], tiny: Model) -> None:
    run = bench()
    run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=7))
    done = run.done(1)
    prompt = tiny.tokenize(PROMPTS[0], add_special=True, parse_special=False)
    assert (done.n_prompt, done.n_completion, done.finish_reason) == (len(prompt), 7, "length")


def test_without_a_limit_the_context_is_the_limit(bench: Callable[..., Bench]) -> None:
    run = bench(slots=2, n_ctx=64)
    run.run(*(Submit(request_id=i, text=PROMPTS[i]) for i in range(4)))
    for i in range(4):
        done = run.done(i)
        assert done.finish_reason == "length"
        assert done.n_prompt + done.n_completion == 64


def test_log_probabilities_are_those_of_the_row(bench: Callable[..., Bench]) -> None:
    run = bench()
    run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=4, top_logprobs=3))
    positions = [
        p for frame in run.replies if isinstance(frame, Step) for d in frame.deltas for p in d.logprobs
    ]
    assert len(positions) == 4
    for position in positions:
        assert position.chosen == position.top[0]
        values = [entry.logprob for entry in position.top]
        assert values == sorted(values, reverse=True)
        assert 0 < sum(np.exp(values)) <= 1


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (Submit(request_id=1), "BAD_PROMPT"),
        (Submit(request_id=1, text="a", tokens=[1]), "BAD_PROMPT"),
        (Submit(request_id=1, tokens=[]), "BAD_PROMPT"),
        (Submit(request_id=1, tokens=[512]), "BAD_PROMPT"),
        (Submit(request_id=1, tokens=[-1]), "BAD_PROMPT"),
        (Submit(request_id=1, messages=[]), "BAD_TEMPLATE"),
        (Submit(request_id=1, tokens=[300] * 512), "PROMPT_TOO_LONG"),
        (Submit(request_id=1, text="a", temperature=-1), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", temperature=float("nan")), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", top_p=0), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", top_k=-1), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", min_p=1), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", top_logprobs=21), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", max_tokens=-1), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", stop=("",)), "BAD_PARAMETERS"),
        (Submit(request_id=1, text="a", stop=("x",) * 17), "BAD_PARAMETERS"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_and_the_next_one_served(
    bench: Callable[..., Bench], order: Submit, code: str
) -> None:
    run = bench()
    run.run(order)
    assert run.failed(1).code == code
    assert run.run(Submit(request_id=2, text="a", max_tokens=2))[2]


def test_a_cancelled_request_gives_its_slot_to_the_next(bench: Callable[..., Bench]) -> None:
    run = bench(slots=1)
    run.engine.submit(Submit(request_id=1, text=PROMPTS[0]))
    run.engine.submit(Submit(request_id=2, text=PROMPTS[1], max_tokens=3))
    for _ in range(4):
        run.engine.step()
    run.engine.cancel(1)
    run.run()
    assert run.done(1).finish_reason == "cancelled"
    assert run.done(2).n_completion == 3


def test_a_waiting_request_can_be_cancelled(bench: Callable[..., Bench]) -> None:
    run = bench(slots=1)
    run.engine.submit(Submit(request_id=1, text=PROMPTS[0], max_tokens=3))
    run.engine.submit(Submit(request_id=2, text=PROMPTS[1], max_tokens=3))
    run.engine.cancel(2)
    run.run()
    assert (run.done(2).finish_reason, run.done(2).n_completion) == ("cancelled", 0)
    assert run.done(1).finish_reason == "length"


def test_a_held_answer_keeps_its_slot_and_the_others_go_on(bench: Callable[..., Bench]) -> None:
    run = bench(slots=2)
    alone = run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=20))[1]
    for i in (2, 3):
        run.engine.submit(Submit(request_id=i, text=PROMPTS[i - 2], max_tokens=20))
    for _ in range(5):
        run.engine.step()
    written = run.texts()[2]
    run.engine.hold(2, True)
    run.run()
    assert run.done(3).n_completion == 20
    assert run.texts()[2] == written != alone
    assert not run.engine.has_work
    run.engine.hold(2, False)
    assert run.run()[2] == alone


def test_a_held_answer_that_is_cancelled_gives_its_slot_to_the_next(bench: Callable[..., Bench]) -> None:
    run = bench(slots=1)
    run.engine.submit(Submit(request_id=1, text=PROMPTS[0]))
    run.engine.submit(Submit(request_id=2, text=PROMPTS[1], max_tokens=3))
    run.engine.step()
    run.engine.hold(1, True)
    assert (run.engine.has_work, run.engine.n_active, run.engine.n_waiting) == (False, 0, 0)
    run.engine.cancel(1)
    run.run()
    assert (run.done(1).finish_reason, run.done(2).n_completion) == ("cancelled", 3)


def test_a_higher_priority_goes_first(bench: Callable[..., Bench]) -> None:
    run = bench(slots=1)
    priorities = {1: 0, 2: 0, 3: 5, 4: 0}
    run.run(*(Submit(request_id=i, text="a", max_tokens=2, priority=p) for i, p in priorities.items()))
    assert [frame.request_id for frame in run.replies if isinstance(frame, Done)] == [3, 1, 2, 4]


def test_a_prompt_is_interrupted_in_the_middle_of_a_decode(
    bench: Callable[..., Bench], slow_path: Path
) -> None:
    """Left alone, the rest of the prompt takes several times as long."""
    run = bench(slow_path, slots=1, n_ctx=1024, n_ubatch=256)
    order = Submit(request_id=1, tokens=[300 + i % 200 for i in range(900)], max_tokens=1)
    started = time.monotonic()
    run.run(order)
    whole_s = time.monotonic() - started
    run.engine.submit(Submit(request_id=2, tokens=order.tokens, max_tokens=1))
    flagged: list[float] = []

    def cancel() -> None:
        flagged.append(time.monotonic())
        run.abort.cancel(2)

    timer = threading.Timer(whole_s / 3, cancel)
    timer.start()
    while not flagged:
        run.engine.step()
    returned = time.monotonic()
    timer.join()
    run.engine.cancel(2)
    assert run.done(2).n_completion == 0
    assert returned - flagged[0] < min(0.2, whole_s / 2)
    again = run.run(Submit(request_id=3, tokens=order.tokens, max_tokens=1))
    assert again[3] == again[1]


def test_a_neighbour_is_not_interrupted_by_a_cancellation(bench: Callable[..., Bench]) -> None:
    run = bench()
    alone = run.run(Submit(request_id=1, text=PROMPTS[0], max_tokens=30))[1]
    run.engine.submit(Submit(request_id=2, text=PROMPTS[0], max_tokens=30))
    run.engine.submit(Submit(request_id=3, text=PROMPTS[1], max_tokens=30))
    for _ in range(5):
        run.engine.step()
    run.abort.cancel(3)
    run.engine.step()
    run.engine.cancel(3)
    assert run.run()[2] == alone


def test_a_model_without_a_template_answers_a_conversation(bench: Callable[..., Bench]) -> None:
    run = bench()
    text = run.run(Submit(request_id=1, messages=[ChatMessage("user", "say a word")], max_tokens=12))[1]
    assert text.strip() == text.rstrip() != ""


def test_the_first_token_of_a_plain_chat_shows_something(tiny: Model) -> None:
    """End, newline and space are likelier, and only one token was asked for."""
    (newline,) = tiny.tokenize("\n", add_special=False, parse_special=False)[-1:]
    (space,) = tiny.tokenize(" ", add_special=False, parse_special=False)[-1:]
    (word,) = tiny.tokenize("water", add_special=False, parse_special=False)[-1:]
    end = next(token for token in range(tiny.n_vocab) if tiny.is_end(token))
    row = np.zeros(tiny.n_vocab, np.float32)
    row[[end, newline, space, word]] = 9.0, 8.0, 7.0, 6.0
    order = Submit(request_id=1, tokens=[300])
    answer = Answer(
        order=order,
        model=tiny,
        prompt=np.array([300], np.int32),
        n_tokens_max=1,
        sampler=Sampler(Sampling()),
        text=TextStream((), trim_start=True),
        never_empty=True,
        arrived=0.0,
    )
    answer.take(row)
    assert (answer.delta().text.strip(), answer.finish) == (tiny.piece(word).decode().strip(), "length")


def test_tokens_are_counted_as_a_request_would_count_them(bench: Callable[..., Bench], tiny: Model) -> None:
    run = bench()
    run.engine.tokenize(Tokenize(request_id=1, text="the water"))
    run.engine.tokenize(Tokenize(request_id=2))
    assert run.replies[0] == Tokenized(
        request_id=1, tokens=tiny.tokenize("the water", add_special=True, parse_special=False)
    )
    assert run.failed(2).code == "BAD_PROMPT"


def test_the_cost_of_a_token_does_not_grow_with_the_answer(tiny: Model) -> None:
    """Detokenising the whole answer for each token would make the last quarter many times dearer."""
    order = Submit(request_id=1, tokens=[300], stop=("zzzz",))
    answer = Answer(
        order=order,
        model=tiny,
        prompt=np.array([300], np.int32),
        n_tokens_max=10_000,
        sampler=Sampler(Sampling(temperature=1.0, seed=1)),
        text=TextStream(order.stop),
        never_empty=False,
        arrived=0.0,
    )
    row = np.random.default_rng(1).normal(size=tiny.n_vocab).astype(np.float32)
    times = []
    for _ in range(8000):
        started = time.perf_counter()
        answer.take(row)
        answer.delta()
        times.append(time.perf_counter() - started)
    first, last = (statistics.median(part) for part in (times[:2000], times[-2000:]))
    assert last < 3 * first


def test_short_prompts_are_read_together_and_answered_as_if_alone(bench: Callable[..., Bench]) -> None:
    orders = [Submit(request_id=n, text=f"the day {n}", max_tokens=4) for n in range(4)]
    alone = [bench().run(order)[order.request_id] for order in orders]
    together = bench()
    for order in orders:
        together.engine.submit(order)
    together.engine.step()
    assert together.engine.steps == 1
    assert len(together.texts()) == 4
    assert list(together.run().values()) == alone


def test_a_long_prompt_is_read_alone_and_short_ones_wait_for_their_turn(bench: Callable[..., Bench]) -> None:
    run = bench()
    run.engine.submit(Submit(request_id=0, text="day " * 100, max_tokens=2))
    for n in (1, 2):
        run.engine.submit(Submit(request_id=n, text="the day", max_tokens=2))
    run.engine.step()
    assert run.texts() == {}
    assert set(run.run()) == {0, 1, 2}


def test_short_prompts_are_read_again_once_when_one_of_them_is_cancelled(bench: Callable[..., Bench]) -> None:
    orders = [Submit(request_id=n, text=f"the day {n}", max_tokens=4) for n in range(4)]
    alone = [bench().run(order)[order.request_id] for order in orders]
    run = bench()
    for order in orders:
        run.engine.submit(order)
    run.abort.cancel(2)
    run.engine.step()
    assert run.texts() == {}
    run.engine.cancel(2)
    run.abort.cancel(3)
    run.engine.step()
    assert set(run.texts()) == {0, 1, 3}
    run.engine.cancel(3)
    assert list(run.run().values())[:2] == alone[:2]
