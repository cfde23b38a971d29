"""Texts to vectors on the loaded model: a context of its own beside the answers, one decode at a time.

The hidden states after the last layer are pooled as the model's file says (mean where it says nothing) and
brought to length 1. Several short texts share a decode. The context is made for the first request, and given
up when proof of compute needs its memory: the two are never there together.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from mlnode.contexts import EMBEDDING_CELLS, embedding_context
from mlnode.io.callbacks import AbortFlag
from mlnode.io.frames import Done, Embed, Embedded, Frame, RequestFailed
from mlnode.io.llama import DECODE_ABORTED, DECODE_OK, Context
from mlnode.io.model import EngineError, Model

JOBS_MAX = 1024
"""Requests that wait. The front keeps its own, shorter line; this bound is for a broken front."""


class Pooling(IntEnum):
    """How a model makes one vector of many, by GGUF's numbers."""

    NONE = 0
    MEAN = 1
    CLS = 2
    LAST = 3
    RANK = 4


@dataclass(slots=True, eq=False)
class Text:
    """One text on its way."""

    tokens: list[int]
    place: int
    """Which of the request's texts it is."""
    sequence: int = -1
    n_past: int = 0
    total: npt.NDArray[np.float64] | None = None
    """What was pooled so far."""


@dataclass(slots=True, eq=False)
class Job:
    """One request."""

    request_id: int
    n_tokens: int
    waiting: deque[Text]
    vectors: list[bytes]
    running: list[Text] = field(default_factory=list)


class EmbedWork:
    """The embedding requests of one model. Belongs to the engine's thread."""

    def __init__(
        self,
        model: Model,
        abort: AbortFlag,
        reply: Callable[[Frame], None],
        prepare: Callable[[], None],
        *,
        n_ctx: int,
        n_threads: int,
    ) -> None:
        """`prepare` is called before the context is made."""
        self._model = model
        self._abort = abort
        self._reply = reply
        self._prepare = prepare
        self._n_threads = n_threads
        self._shape = embedding_context(model.n_vocab)
        self._n_max = min(n_ctx, EMBEDDING_CELLS)
        self._pooling = Pooling(declared) if (declared := model.pooling) in set(Pooling) else Pooling.MEAN
        self._context: Context | None = None
        self._jobs: deque[Job] = deque()
        self.steps = 0

    @property
    def n_jobs(self) -> int:
        return len(self._jobs)

    @property
    def has_work(self) -> bool:
        return bool(self._jobs)

    def set_threads(self, n_threads: int) -> None:
        self._n_threads = n_threads
        if self._context is not None:
            self._context.set_threads(n_threads)

    def close(self) -> None:
        """Give the memory back; the next request takes it again."""
        if self._context is not None:
            self._context.close()
            self._context = None
            for job in self._jobs:
                self._begin_again(job)

    def submit(self, order: Embed) -> None:
        """Take a request, or refuse it with a reason."""
        if self._pooling is Pooling.RANK:
            self._fail(order.request_id, "UNSUPPORTED", "This model ranks texts; it makes no vectors.")
            return
        tokens = list(order.tokens)
        tokens += (self._model.tokenize(t, add_special=True, parse_special=False) for t in order.texts)
        fault = self._find_fault(tokens)
        if fault is not None:
            self._fail(order.request_id, *fault)
            return
        texts = deque(Text(text, place) for place, text in enumerate(tokens))
        n_tokens = sum(map(len, tokens))
        self._jobs.append(Job(order.request_id, n_tokens, texts, [b""] * len(tokens)))

    def _find_fault(self, texts: list[list[int]]) -> tuple[str, str] | None:
        if len(self._jobs) >= JOBS_MAX:
            return "QUEUE_FULL", "too many requests wait in this worker"
        if not texts or not all(texts):
            return "BAD_PROMPT", "The input has no tokens; send text."
        if not all(0 <= token < self._model.n_vocab for text in texts for token in text):
            last = self._model.n_vocab - 1
            return "BAD_PROMPT", f"Token ids of this model go from 0 to {last}; the input has others."
        longest = max(map(len, texts))
        if longest > self._n_max:
            more = (
                ""
                if self._n_max == EMBEDDING_CELLS
                else ", or raise the node's --ctx-size as far as the model allows"
            )
            sentence = f"A text has {longest} tokens, and {self._n_max} are taken at most; divide it{more}."
            return "PROMPT_TOO_LONG", sentence
        return None

    def cancel(self, request_id: int) -> None:
        """End a request now; unknown ids are ignored."""
        for job in [job for job in self._jobs if job.request_id == request_id]:
            self._drop(job)
            self._reply(_cancelled(job))
        self._abort.forget(request_id)

    def cancel_all(self) -> None:
        """End everything."""
        for job in list(self._jobs):
            self._drop(job)
            self._reply(_cancelled(job))

    def run_once(self) -> None:
        """One decode for the oldest request."""
        job = self._jobs[0]
        try:
            self._decode(job, self._open())
        except EngineError as error:
            self._drop(job)
            self._fail(job.request_id, "ENGINE", error.text)
            return
        if not job.running and not job.waiting:
            self._jobs.popleft()
            self._reply(Embedded(request_id=job.request_id, vectors=job.vectors, n_prompt=job.n_tokens))

    def _open(self) -> Context:
        if self._context is None:
            self._prepare()
            self._context = Context(self._model, self._shape, n_threads=self._n_threads, abort=self._abort)
        return self._context

    def _decode(self, job: Job, context: Context) -> None:
        """The next rows: of the texts in the context, and of as many more as fit."""
        parts = self._choose(job)
        tokens = [token for text, n in parts for token in text.tokens[text.n_past : text.n_past + n]]
        positions = [at for text, n in parts for at in range(text.n_past, text.n_past + n)]
        sequences = [text.sequence for text, n in parts for _ in range(n)]
        rows = range(len(tokens))
        request = frozenset((job.request_id,))
        code = context.decode(tokens, positions, np.array(sequences, np.int32), rows, request, hidden=True)
        self.steps += 1
        if code == DECODE_ABORTED:
            context.clear()
            self._begin_again(job)
            return
        if code != DECODE_OK:
            raise EngineError("ENGINE", f"llama.cpp refused the batch with code {code}")
        row = 0
        for text, n in parts:
            self._pool(text, np.stack([context.hidden(row + i) for i in range(n)]))
            row += n
            text.n_past += n
            if text.n_past == len(text.tokens):
                self._finish(job, text, context)

    def _choose(self, job: Job) -> list[tuple[Text, int]]:
        """Texts and how many of their tokens the next decode takes."""
        free = set(range(self._shape.n_sequences)) - {text.sequence for text in job.running}
        held = sum(len(text.tokens) for text in job.running)
        while job.waiting and free and held + len(job.waiting[0].tokens) <= EMBEDDING_CELLS:
            text = job.waiting.popleft()
            text.sequence = free.pop()
            held += len(text.tokens)
            job.running.append(text)
        left, parts = self._shape.n_batch, []
        for text in job.running:
            n = min(left, len(text.tokens) - text.n_past)
            if n:
                parts.append((text, n))
                left -= n
        return parts

    def _pool(self, text: Text, hidden: npt.NDArray[np.float32]) -> None:
        if self._pooling is Pooling.CLS:
            text.total = hidden[0].astype(np.float64) if text.total is None else text.total
        elif self._pooling is Pooling.LAST:
            text.total = hidden[-1].astype(np.float64)
        else:
            some = hidden.sum(axis=0, dtype=np.float64)
            text.total = some if text.total is None else text.total + some

    def _finish(self, job: Job, text: Text, context: Context) -> None:
        assert text.total is not None
        length = float(np.linalg.norm(text.total))
        if not np.isfinite(length) or length == 0.0:
            raise EngineError("ENGINE", "the model computed no usable vector")
        job.vectors[text.place] = (text.total / length).astype("<f4").tobytes()
        context.drop(text.sequence)
        job.running.remove(text)

    def _begin_again(self, job: Job) -> None:
        """The context is empty: what was in it is read once more."""
        for text in reversed(job.running):
            text.n_past, text.total, text.sequence = 0, None, -1
            job.waiting.appendleft(text)
        job.running.clear()

    def _drop(self, job: Job) -> None:
        self._jobs.remove(job)
        if self._context is not None:
            self._context.clear()

    def _fail(self, request_id: int, code: str, text: str) -> None:
        self._reply(RequestFailed(request_id=request_id, code=code, text=text))


def _cancelled(job: Job) -> Done:
    return Done(
        request_id=job.request_id,
        finish_reason="cancelled",
        n_prompt=job.n_tokens,
        n_completion=0,
        queue_us=0,
        prefill_us=0,
        decode_us=0,
    )
