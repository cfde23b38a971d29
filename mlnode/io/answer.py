"""One request inside the engine: its prompt, its answer so far, and what it cost."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mlnode.grammar.gbnf import GrammarInvalid
from mlnode.io.frames import Delta, Done, FinishReason, Position, Submit, TokenLogprob
from mlnode.io.grammar import Follower
from mlnode.io.llama import FloatArray
from mlnode.io.model import Model
from mlnode.io.sampling import Sampler, Sampling, compute_logprobs
from mlnode.text import TextStream

TOP_LOGPROBS_MAX = 20
STOP_STRINGS_MAX = 16


class BadRequest(Exception):
    """The request cannot be served as it is. `code` is one of the codes of `RequestFailed`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def read_sampling(order: Submit) -> Sampling:
    """The request's way of picking tokens; refuses values out of range."""
    sampling = Sampling(
        temperature=order.temperature,
        top_k=order.top_k,
        top_p=order.top_p,
        min_p=order.min_p,
        frequency_penalty=order.frequency_penalty,
        presence_penalty=order.presence_penalty,
        repeat_penalty=order.repeat_penalty,
        repeat_last_n=order.repeat_last_n,
        logit_bias=order.logit_bias,
        seed=order.seed,
    )
    fault = sampling.fault()
    if fault is None and not -1 <= order.top_logprobs <= TOP_LOGPROBS_MAX:
        fault = f"top_logprobs must be between -1 and {TOP_LOGPROBS_MAX}"
    if fault is None and order.max_tokens < 0:
        fault = "max_tokens must not be negative"
    if fault is None and not all(map(math.isfinite, order.logit_bias.values())):
        fault = "logit_bias must be finite"
    if fault is None and (len(order.stop) > STOP_STRINGS_MAX or not all(order.stop)):
        fault = f"stop takes at most {STOP_STRINGS_MAX} strings, none of them empty"
    if fault is not None:
        raise BadRequest("BAD_PARAMETERS", fault)
    return sampling


@dataclass(slots=True)
class Answer:
    """A request with a prompt, waiting or in a slot."""

    order: Submit
    model: Model
    prompt: npt.NDArray[np.int32]
    n_tokens_max: int
    """Tokens to generate at most: what was asked for, bounded by the context."""
    sampler: Sampler
    text: TextStream
    never_empty: bool
    """The first token must show something: no end, no white space (the plain chat format)."""
    arrived: float
    grammar: Follower | None = None
    """What the answer has to follow."""
    slot: int = -1
    n_past: int = 0
    """Tokens evaluated: positions held in the context."""
    token: int = -1
    """The token chosen last and not evaluated yet; -1 while the prompt is being read."""
    n_cached: int = 0
    """Tokens at the beginning of the prompt that came from an earlier request."""
    keep_at: tuple[int, ...] = ()
    """Numbers of tokens after which the state of the sequence is kept while the prompt is read."""
    written: list[int] = field(default_factory=list)
    """The tokens of the answer, the last one not evaluated yet."""
    n_generated: int = 0
    said: bool = False
    held: bool = False
    """Its reader is slow: nothing is written until it is resumed."""
    finish: FinishReason | None = None
    started: float = 0.0
    first: float = 0.0
    _new: list[str] = field(default_factory=list)
    _logprobs: list[Position] = field(default_factory=list)

    @property
    def reads_prompt(self) -> bool:
        return self.n_past < len(self.prompt)

    @property
    def evaluated(self) -> bytes:
        """The tokens whose keys and values the sequence holds, four bytes each."""
        return (self.prompt.tobytes() + np.array(self.written, np.int32).tobytes())[: 4 * self.n_past]

    def next_stop(self, n_max: int) -> int:
        """Where the next piece of the prompt ends: at a multiple of `n_max`, or where the state is kept."""
        end = min(len(self.prompt), (self.n_past // n_max + 1) * n_max)
        return min((point for point in self.keep_at if self.n_past < point < end), default=end)

    def take(self, row: FloatArray) -> None:
        """Choose the next token from its logits and say what can be said of it."""
        token = self._choose(row)
        if self.n_generated == 0:
            self.first = time.monotonic()
        self.n_generated += 1
        self.token = token
        self.written.append(token)
        if self.model.is_end(token) and not self.order.ignore_eos:
            self._say(self.text.finish())
            self.finish = "stop"
            return
        if self.order.top_logprobs >= 0:
            self._logprobs.append(self._position(row, token))
        self._say(self.text.push(self.model.piece(token)))
        if self.text.stopped_by is not None:
            self.finish = "stop"
        elif self.n_generated >= self.n_tokens_max:
            self._say(self.text.finish())
            self.finish = "length"
        if self.grammar is not None and self.finish != "stop" and self.grammar.is_over:
            self._say(self.text.finish())
            self.finish = "stop"

    def _choose(self, row: FloatArray) -> int:
        if self.grammar is not None:
            return self._follow(row, self.grammar)
        token = self.sampler.pick(row)
        mute: list[int] = []
        while self.never_empty and not self.said and not self._shows(token):
            mute.append(token)
            token = self.sampler.pick(row, np.array(mute, np.intp))
        self.sampler.note(token)
        return token

    def _follow(self, row: FloatArray, grammar: Follower) -> int:
        """The token that would be taken, or else one that the grammar allows."""
        token: int | None = self.sampler.pick(row)
        if token is not None and not grammar.allows(token):
            token = self.sampler.pick_by(row, grammar)
        if token is None:
            raise GrammarInvalid("The model has no token that the grammar allows here.")
        grammar.accept(token)
        self.sampler.note(token)
        return token

    def _shows(self, token: int) -> bool:
        """Something can be seen of it: part of a character counts, it becomes one or U+FFFD."""
        return not self.model.is_end(token) and bool(
            self.model.piece(token).decode("utf-8", "replace").strip()
        )

    def _say(self, text: str) -> None:
        if text:
            self._new.append(text)
            self.said = True

    def _position(self, row: FloatArray, token: int) -> Position:
        own, top = compute_logprobs(row, token, self.order.top_logprobs)
        name = self.model.piece
        return Position(
            chosen=TokenLogprob(token, name(token), own),
            top=tuple(TokenLogprob(other, name(other), logprob) for other, logprob in top),
        )

    def delta(self) -> Delta:
        """What was added since the last call."""
        delta = Delta(
            request_id=self.order.request_id,
            text="".join(self._new),
            n_tokens=self.n_generated,
            logprobs=tuple(self._logprobs),
        )
        self._new.clear()
        self._logprobs.clear()
        return delta

    def done(self, reason: FinishReason) -> Done:
        """The closing frame, with what it took."""
        now = time.monotonic()
        started = self.started or now
        first = self.first or now
        return Done(
            request_id=self.order.request_id,
            finish_reason=reason,
            n_prompt=len(self.prompt),
            n_completion=self.n_generated,
            queue_us=_us(started - self.arrived),
            prefill_us=_us(first - started),
            decode_us=_us(now - first),
            stop_string=self.text.stopped_by or "",
            n_cached=self.n_cached,
        )


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
