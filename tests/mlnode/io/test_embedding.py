"""Texts to vectors: against the library's own pooling, in a worker, beside answers and proof of compute."""

import ctypes
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
import pytest

from mlnode.contexts import embedding_context
from mlnode.io.callbacks import AbortFlag
from mlnode.io.embedding import EmbedWork, Pooling
from mlnode.io.frames import Cancel, Done, Embed, Embedded, Frame, RequestFailed, Step, Submit
from mlnode.io.model import Model

FloatArray = npt.NDArray[np.float32]
TEXTS = ("the day", "a river in the mountain " * 20, "x", "water water")


def pool_by_library(model: Model, text: str, pooling: int) -> FloatArray:
    """One text in one batch, pooled by llama.cpp."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = 1
    params.embeddings, params.pooling_type = True, pooling
    context = llama_cpp.llama_init_from_model(model.pointer, params)
    ids = model.tokenize(text, add_special=True, parse_special=False)
    tokens = (ctypes.c_int32 * len(ids))(*ids)
    batch = llama_cpp.llama_batch_get_one(tokens, len(ids))
    assert llama_cpp.llama_decode(context, batch) == 0
    vector = np.ctypeslib.as_array(llama_cpp.llama_get_embeddings_seq(context, 0), (model.n_embd,)).copy()
    llama_cpp.llama_free(context)
    normalised: FloatArray = vector / np.linalg.norm(vector)
    return normalised


class Bench:
    """Embedding work without a process around it."""

    def __init__(self, model: Model, n_ctx: int = 512) -> None:
        self.replies: list[Frame] = []
        self.abort = AbortFlag()
        self.n_prepared = 0
        self.work = EmbedWork(model, self.abort, self.replies.append, self._prepare, n_ctx=n_ctx, n_threads=1)

    def _prepare(self) -> None:
        self.n_prepared += 1

    def run(self, *orders: Embed) -> dict[int, list[FloatArray]]:
        for order in orders:
            self.work.submit(order)
        while self.work.has_work:
            self.work.run_once()
        done = [frame for frame in self.replies if isinstance(frame, Embedded)]
        return {frame.request_id: [np.frombuffer(v, "<f4") for v in frame.vectors] for frame in done}


def are_alike(some: list[FloatArray], others: list[FloatArray]) -> bool:
    """But for the rounding of other groups of rows."""
    return all(float(a @ b) > 0.99999 for a, b in zip(some, others, strict=True))


@pytest.fixture
def tiny(load_model: Callable[[Path], Model], tiny_path: Path) -> Model:
    return load_model(tiny_path)


@pytest.fixture
def bench(tiny: Model) -> Iterator[Bench]:
    made = Bench(tiny)
    yield made
    made.work.close()


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.CLS, Pooling.LAST])
def test_vectors_are_those_of_the_library(
    bench: Bench, tiny: Model, pooling: Pooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.work, "_pooling", pooling)
    vectors = bench.run(Embed(request_id=1, texts=TEXTS))[1]
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
        assert float(vector @ pool_by_library(tiny, text, pooling)) == pytest.approx(1.0, abs=1e-4)


def test_tokens_are_taken_as_they_are(bench: Bench, tiny: Model) -> None:
    ids = tiny.tokenize("the day", add_special=True, parse_special=False)
    vectors = bench.run(Embed(request_id=1, texts=("the day",)), Embed(request_id=2, tokens=(ids,)))
    assert np.array_equal(vectors[1][0], vectors[2][0])
    (first, _) = bench.replies
    assert isinstance(first, Embedded)
    assert first.n_prompt == len(ids)


def test_many_texts_share_decodes(bench: Bench, tiny: Model) -> None:
    texts = tuple(f"{word} day" for word in ("the", "one", "no", "my", "his", "her") * 10)
    assert len(bench.run(Embed(request_id=1, texts=texts))[1]) == 60
    rows = embedding_context(tiny.n_vocab).n_batch
    n_tokens = sum(len(tiny.tokenize(t, add_special=True, parse_special=False)) for t in texts)
    assert bench.work.steps <= n_tokens // rows + 3


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (Embed(request_id=1), "BAD_PROMPT"),
        (Embed(request_id=1, tokens=([],)), "BAD_PROMPT"),
        (Embed(request_id=1, tokens=([10**6],)), "BAD_PROMPT"),
        (Embed(request_id=1, texts=("a day " * 400,)), "PROMPT_TOO_LONG"),
    ],
)
def test_what_cannot_be_embedded_is_refused(bench: Bench, order: Embed, code: str) -> None:
    bench.run(order)
    (failed,) = bench.replies
    assert isinstance(failed, RequestFailed)
    assert failed.code == code


def test_a_model_that_ranks_makes_no_vectors(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.work, "_pooling", Pooling.RANK)
    bench.run(Embed(request_id=1, texts=("x",)))
    (failed,) = bench.replies
    assert isinstance(failed, RequestFailed)
    assert failed.code == "UNSUPPORTED"


def test_a_cancelled_request_ends_and_the_next_is_right(bench: Bench) -> None:
    alone = bench.run(Embed(request_id=1, texts=TEXTS))[1]
    bench.work.submit(Embed(request_id=2, texts=TEXTS * 5))
    bench.work.submit(Embed(request_id=3, texts=TEXTS))
    bench.work.run_once()
    bench.work.cancel(2)
    again = bench.run()[3]
    assert are_alike(alone, again)
    assert [f.request_id for f in bench.replies if isinstance(f, Done)] == [2]


def test_an_interrupted_decode_and_a_lost_context_are_made_up_for(bench: Bench) -> None:
    alone = bench.run(Embed(request_id=1, texts=TEXTS))[1]
    bench.work.submit(Embed(request_id=2, texts=TEXTS))
    bench.work.run_once()
    bench.abort.cancel(2)
    bench.work.run_once()
    bench.abort.forget(2)
    bench.work.run_once()
    bench.work.close()  # as proof of compute asks
    again = bench.run()[2]
    assert bench.n_prepared == 2
    assert bench.n_prepared == 2
    assert are_alike(alone, again)


async def test_a_worker_embeds_beside_an_answer(start_worker: Callable[..., Awaitable[Any]]) -> None:
    client = await start_worker()
    client.worker.send(Submit(request_id=1, text="the day", max_tokens=300))
    await client.wait_for(Step)
    client.worker.send(Embed(request_id=2, texts=TEXTS))
    embedded = await client.wait_for(Embedded)
    assert len(embedded.vectors) == len(TEXTS)
    assert (await client.wait_for(Done)).n_completion == 300
    client.worker.send(Embed(request_id=3, texts=TEXTS * 500))
    client.worker.send(Cancel(request_id=3))
    cancelled = await client.wait_for(Done, lambda done: done.request_id == 3)
    assert cancelled.finish_reason == "cancelled"
