"""The batch loop over one loaded model: many answers at once, a step at a time.

A step gives every answer that is being written its next token, in the decodes that together take least, and
reads one piece of the oldest unread prompt in a decode of its own, which can be interrupted without hurting
anybody when the prompt is cancelled; only prompts of a few tokens share one, and when one of them is
cancelled the others are read again, once. Alone a prompt is cut at fixed
places; beside others its pieces are short enough for them not to notice, and on a GPU, where no decode can be
interrupted, always.

A request that runs alone, with nothing kept of an earlier one, always takes the same arithmetic, whatever ran
before it. So it does with a kept beginning of an earlier *prompt*: it is cut where the prompt would be.
Beside others, or after a kept *answer*, the last bits of a logit may differ (the number of rows in a decode
and the order of the cells decide between kernels), and so may a close choice.
"""

import time
from collections.abc import Callable, Iterable

import numpy as np

from mlnode.contexts import KvType, serving_context
from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.io.answer import Answer, BadRequest, read_sampling
from mlnode.io.callbacks import AbortFlag
from mlnode.io.chat import ChatFormat
from mlnode.io.frames import FinishReason, Frame, RequestFailed, Step, Submit, Tokenize, Tokenized
from mlnode.io.kv_store import KvStore
from mlnode.io.llama import DECODE_ABORTED, DECODE_NO_ROOM, DECODE_OK, Context
from mlnode.io.model import EngineError, Model
from mlnode.io.prefixes import PrefixCache
from mlnode.io.prompting import Prompts
from mlnode.io.sampling import Sampler
from mlnode.io.slots import Slots
from mlnode.io.step_times import StepTimes
from mlnode.text import TextStream
from mlnode.widths import ReadingPace, divide

WAITING_MAX = 1024
"""Requests without a slot. The front keeps its own, shorter queue; this bound is for a broken front."""

PIECE_MIN = 64
"""Rows of a prompt evaluated in one go at least: fewer are much dearer for each row."""
SHORT = 32
"""Rows of a prompt that may share a decode."""
TOGETHER = 128
"""Rows that share a decode at most; more are hardly cheaper, and the first answers would wait for them."""
PIECE_US = 100_000
"""What a piece may take beside answers that are being written; or twice what a round of these takes."""
GPU_PIECE_US = 50_000
"""What a piece may take where it cannot be interrupted."""

Reply = Callable[[Frame], None]


class Engine:
    """Answers requests on one context. Belongs to one thread; only the abort flag is for others."""

    def __init__(
        self,
        model: Model,
        abort: AbortFlag,
        reply: Reply,
        *,
        n_ctx: int,
        slots: int,
        n_ubatch: int,
        n_threads: int,
        kv_type: KvType = "f16",
        step_times: StepTimes | None = None,
        cache_bytes: int = 0,
        store: KvStore | None = None,
        interruptible: bool = True,
    ) -> None:
        """`step_times`: what is known of the time of decodes. `cache_bytes`: for states of sequences that may
        come again, `store` for those of an earlier worker. `interruptible`: the back end asks the flag."""
        self._model = model
        self._abort = abort
        self._reply = reply
        self._n_ctx = n_ctx
        self._n_chunk = n_ubatch
        shape = serving_context(n_ctx, slots, n_ubatch, kv_type)
        self._context = Context(model, shape, n_threads=n_threads, abort=abort)
        self._cache = PrefixCache(self._context, cache_bytes, store)
        self._interruptible = interruptible
        # A CPU that others use, too, is slower for all widths; what they compare by is its own work.
        self._clock = time.thread_time if interruptible else time.monotonic
        self._pace = ReadingPace()
        self._round_us = 0.0
        self._was_interrupted = False
        self._step_times = step_times or StepTimes(None)
        self._widths = self._step_times.of(n_threads)
        self._chat = ChatFormat(model.chat_template(), model.bos, model.eos)
        self._prompts = Prompts(model, self._chat)
        self._slots = Slots(self._context, slots)
        self._active: list[Answer] = []
        self._waiting: list[Answer] = []
        self.steps = 0

    @property
    def n_active(self) -> int:
        """Answers that the next steps work on: those in a slot that are not held."""
        return sum(not answer.held for answer in self._active)

    @property
    def n_waiting(self) -> int:
        """Requests that get a slot when an active one ends; none while all that have one are held."""
        return len(self._waiting) if self.has_work else 0

    @property
    def has_work(self) -> bool:
        """Whether a step would do something; held answers ask for none."""
        return self.n_active > 0 or (self._slots.any_free and bool(self._waiting))

    @property
    def has_chat_template(self) -> bool:
        return not self._chat.is_plain

    def warm_up(self) -> int:
        """Decode a token and forget it, and another one where it is not known how long that takes;
        microseconds of a token. The first decode of a process is slower."""
        known_us = self._widths.known_us().get(1)
        for position in range(1 if known_us else 2):
            started = self._clock()
            code = self._context.decode([0], [position], 0, [0], frozenset())
            if code != DECODE_OK:
                raise EngineError("ENGINE", f"the first decode failed with code {code}")
        if known_us is None:
            known_us = max(1, round((self._clock() - started) * 1_000_000))
            self._widths.note(1, known_us)
        self._context.clear()
        return round(known_us)

    def set_threads(self, n_threads: int) -> None:
        self._context.set_threads(n_threads)
        self._widths = self._step_times.of(n_threads)

    def leave_behind(self) -> None:
        """Put on disk what is of use to the next worker of this model."""
        self._step_times.write()
        self._cache.save()

    def close(self) -> None:
        """Free the context. Nothing may be asked of the engine afterwards."""
        self._context.close()

    # --- requests in and out ----------------------------------------------------------------------------

    def submit(self, order: Submit) -> None:
        """Take a request, or refuse it with a reason."""
        try:
            answer = self._accept(order)
        except BadRequest as refused:
            self._reply(RequestFailed(request_id=order.request_id, code=refused.code, text=refused.text))
            return
        self._waiting.append(answer)
        self._waiting.sort(key=lambda waiting: -waiting.order.priority)

    def _accept(self, order: Submit) -> Answer:
        if len(self._waiting) >= WAITING_MAX:
            raise BadRequest("QUEUE_FULL", "too many requests wait in this worker")
        sampling = read_sampling(order)
        if not all(0 <= token < self._model.n_vocab for token in order.logit_bias):
            raise BadRequest("BAD_PARAMETERS", f"logit_bias takes token ids below {self._model.n_vocab}")
        prompt = self._prompts.tokenize(order)
        room = self._n_ctx - len(prompt)
        if room < 1:
            raise BadRequest(
                "PROMPT_TOO_LONG",
                f"The prompt has {len(prompt)} tokens, and prompt and answer together may have {self._n_ctx};"
                " send fewer, or raise the node's --ctx-size as far as the model allows.",
            )
        grammar = self._prompts.open_grammar(order)
        plain = order.messages is not None and self._chat.is_plain and grammar is None
        stop = order.stop + (self._chat.stop if plain else ())
        return Answer(
            order=order,
            model=self._model,
            prompt=np.array(prompt, np.int32),
            n_tokens_max=min(order.max_tokens or room, room),
            sampler=Sampler(sampling, prompt),
            text=TextStream(stop, trim_start=plain),
            never_empty=plain,
            arrived=time.monotonic(),
            grammar=grammar,
        )

    def tokenize(self, order: Tokenize) -> None:
        try:
            tokens = self._prompts.tokenize(order)
        except BadRequest as refused:
            self._reply(RequestFailed(request_id=order.request_id, code=refused.code, text=refused.text))
            return
        self._reply(Tokenized(request_id=order.request_id, tokens=tokens))

    def write_ahead(self, order: Submit | Tokenize) -> None:
        """For the other thread, before the order is handed over: no template holds up a decode."""
        self._prompts.write_ahead(order)

    def cancel(self, request_id: int) -> None:
        """End a request now; unknown ids are ignored."""
        for answer in [*self._active, *self._waiting]:
            if answer.order.request_id == request_id:
                self._end(answer, "cancelled")
        self._abort.forget(request_id)

    def hold(self, request_id: int, held: bool) -> None:
        """Stop writing one answer, or go on with it; it keeps its slot. Unknown ids are ignored."""
        for answer in [*self._active, *self._waiting]:
            if answer.order.request_id == request_id:
                answer.held = held

    def cancel_all(self) -> None:
        """End everything."""
        for answer in [*self._active, *self._waiting]:
            self._end(answer, "cancelled")

    def _end(self, answer: Answer, reason: FinishReason) -> None:
        """The end is told first: copying the sequence takes longer than the next request to come."""
        self._reply(answer.done(reason))
        self._release(answer)

    def _fail(self, answer: Answer, code: str, text: str) -> None:
        self._release(answer)
        self._reply(RequestFailed(request_id=answer.order.request_id, code=code, text=text))

    def _release(self, answer: Answer) -> None:
        if answer.slot < 0:
            self._waiting.remove(answer)
            return
        self._active.remove(answer)
        if not self._slots.is_spoiled(answer.slot):
            self._cache.keep(answer.slot, answer.evaluated)
        self._slots.give_back(answer.slot, last=not self._active)

    # --- the step ---------------------------------------------------------------------------------------

    def step(self) -> None:
        """Admit, write, read; then tell what is new."""
        self._admit()
        running = [answer for answer in self._active if not answer.held]
        writing = [answer for answer in running if not answer.reads_prompt]
        unread = [answer for answer in running if answer.reads_prompt]
        if self._model.is_recurrent:
            writing.sort(key=lambda answer: answer.slot)  # llama.cpp evaluates only neighbours in one go
        started = time.monotonic()
        for group in divide(writing, self._widths.split(len(writing)) if writing else ()):
            self._write(group)
            self._tell(group)
        self._round_us = (time.monotonic() - started) * 1_000_000
        if unread:
            reading = self._gather(unread, self._piece(beside=bool(writing)))
            self._read(reading)
            self._tell(answer for answer, _ in reading if not answer.reads_prompt)

    def _admit(self) -> None:
        while self._slots.any_free and self._waiting:
            answer = self._waiting.pop(0)
            answer.slot = self._slots.take()
            answer.started = time.monotonic()
            answer.n_past = answer.n_cached = self._cache.resume(answer.slot, answer.prompt.tobytes())
            answer.keep_at = self._cache.plan(answer.prompt.tobytes(), self._n_chunk)
            self._active.append(answer)

    def _piece(self, *, beside: bool) -> int:
        """Rows of a prompt to read in one go."""
        if self._interruptible and not beside:
            return self._n_chunk
        us = max(PIECE_US, 2 * self._round_us) if self._interruptible else GPU_PIECE_US
        return self._pace.rows_within(us, min(PIECE_MIN, self._n_chunk), self._n_chunk)

    def _write(self, writing: list[Answer]) -> None:
        """One token for each. Without room for all, the youngest gives way."""
        rows = range(len(writing))
        started = self._clock()
        code = self._context.decode(
            [answer.token for answer in writing],
            [answer.n_past for answer in writing],
            [answer.slot for answer in writing],
            rows,
            self._interrupters(writing),
        )
        self.steps += 1
        if code == DECODE_OK:
            self._widths.note(len(writing), (self._clock() - started) * 1_000_000)
            for row, answer in zip(rows, writing, strict=True):
                answer.n_past += 1
                self._take(answer, row)
        elif code == DECODE_NO_ROOM:
            self._fail(writing[-1], "NO_KV_ROOM", "the context has no room for another token")
        elif code == DECODE_ABORTED:
            self._rewind(writing)
        else:
            self._give_up(writing, code)

    def _gather(self, unread: list[Answer], n_max: int) -> list[tuple[Answer, int]]:
        """What to read in one decode, each with where to stop: a piece of the oldest prompt, or several that
        are short to their ends."""
        oldest = unread[0]
        short = [(answer, len(answer.prompt)) for answer in unread if self._is_short(answer, n_max)]
        if not short or short[0][0] is not oldest:
            return [(oldest, oldest.next_stop(n_max))]
        rows = 0
        gathered: list[tuple[Answer, int]] = []
        for answer, stop in short:
            rows += stop - answer.n_past
            if rows <= min(TOGETHER, n_max) or not gathered:
                gathered.append((answer, stop))
        return gathered

    def _is_short(self, answer: Answer, n_max: int) -> bool:
        rest = len(answer.prompt) - answer.n_past
        return rest <= SHORT and answer.next_stop(n_max) == len(answer.prompt)

    def _read(self, reading: list[tuple[Answer, int]]) -> None:
        """Pieces of prompts; with the last one of a prompt comes the first token of its answer."""
        spans = [(answer, np.arange(answer.n_past, stop, dtype=np.int32)) for answer, stop in reading]
        ends = np.cumsum([len(span) for _, span in spans])
        last = {
            answer.slot: int(end) - 1
            for (answer, stop), end in zip(reading, ends, strict=True)
            if stop == len(answer.prompt)
        }
        # what is new can be begun again; once, so that clients who leave hold up nobody for long
        by_any = not self._was_interrupted and all(answer.n_past == 0 for answer, _ in reading)
        self._was_interrupted = False
        started = time.monotonic()
        code = self._context.decode(
            np.concatenate([answer.prompt[span] for answer, span in spans]),
            np.concatenate([span for _, span in spans]),
            np.concatenate([np.full(len(span), answer.slot, np.int32) for answer, span in spans]),
            list(last.values()),
            self._interrupters([answer for answer, _ in reading]),
            by_any=by_any,
        )
        self.steps += 1
        if code == DECODE_OK:
            self._pace.note(int(ends[-1]), (time.monotonic() - started) * 1_000_000)
            for answer, stop in reading:
                answer.n_past = stop
                if stop in answer.keep_at:
                    self._cache.keep(answer.slot, answer.evaluated)
                if answer.slot in last:
                    self._take(answer, last[answer.slot])
        elif code == DECODE_ABORTED:
            self._was_interrupted = True
            self._rewind(answer for answer, _ in reading)
        elif code != DECODE_NO_ROOM or len(self._active) == len(reading):
            self._give_up([answer for answer, _ in reading], code)

    def _interrupters(self, answers: list[Answer]) -> frozenset[int]:
        """Who can together interrupt a decode for these. Nobody, where llama.cpp moves the recurrent
        states of others out of the way of several: stopped half way, it leaves them wrong."""
        if self._model.is_recurrent and len(answers) > 1:
            return frozenset()
        return frozenset(answer.order.request_id for answer in answers)

    def _rewind(self, answers: Iterable[Answer]) -> None:
        """An interrupted decode may have left cells behind: take them back. A recurrent state, half of it
        overwritten, is lost; nobody wants it: past its beginning only what was cancelled is interrupted."""
        for answer in answers:
            held = self._context.last_position(answer.slot) + 1
            if held > answer.n_past and not self._context.cut(answer.slot, answer.n_past):
                answer.n_past = 0
                self._end(answer, "cancelled")

    def _give_up(self, answers: list[Answer], code: int) -> None:
        for answer in answers:
            self._fail(answer, "ENGINE", f"llama.cpp refused the batch with code {code}")
        if code < -1:
            raise EngineError("ENGINE", f"llama.cpp failed for good with code {code}")

    def _take(self, answer: Answer, row: int) -> None:
        try:
            answer.take(self._context.logits(row))
        except FloatingPointError as error:
            self._slots.spoil(answer.slot)
            self._fail(answer, "ENGINE", str(error))
        except GrammarInvalid as error:
            self._fail(answer, "BAD_GRAMMAR", str(error))

    def _tell(self, answers: Iterable[Answer]) -> None:
        told = [answer for answer in answers if answer in self._active]
        deltas = [answer.delta() for answer in told]
        if deltas:
            self._reply(Step(deltas=deltas))
        for answer in told:
            if answer.finish is not None:
                self._end(answer, answer.finish)
