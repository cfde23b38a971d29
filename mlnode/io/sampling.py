"""From a row of logits to a token, in numpy: one pass over the vocabulary, a sort of the survivors only.

Order of the steps: bias, penalties, temperature, top-k, top-p, min-p, draw. At temperature 0 the likeliest
token is taken, the lowest id of equals. Each request has random numbers of its own, so that no neighbour
changes them.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.intp]

CUT_NATS = 20.0
"""Tokens less likely than e^-20 times the likeliest are dropped before anything is sorted: together they
hold less than 0.0006 of the probability, even in a vocabulary of 262,144."""


RULED_MAX = 1024
"""Tokens drawn from at most where a rule has to be asked about each."""

REPEAT_LAST_N_MAX = 4096


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one request picks its tokens; ranges as in the frame `Submit`."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 1.0
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repeat_penalty: float = 1.0
    repeat_last_n: int = 64
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None

    def fault(self) -> str | None:
        """A sentence on the first value out of range, None when all is well."""
        if not 0.0 <= self.temperature <= 100.0:
            return "temperature must be between 0 and 100"
        if self.top_k < 0:
            return "top_k must not be negative"
        if not 0.0 < self.top_p <= 1.0:
            return "top_p must be above 0 and at most 1"
        if not 0.0 <= self.min_p < 1.0:
            return "min_p must be at least 0 and below 1"
        if not (abs(self.frequency_penalty) <= 100.0 and abs(self.presence_penalty) <= 100.0):
            return "penalties must be between -100 and 100"
        if not (0.01 <= self.repeat_penalty <= 100.0 and 0 <= self.repeat_last_n <= REPEAT_LAST_N_MAX):
            return f"repeat_penalty must be 0.01 to 100, repeat_last_n 0 to {REPEAT_LAST_N_MAX}"
        return None


class Rule(Protocol):
    """What an answer may go on with."""

    def choices(self, row: FloatArray, limit: int, nats: float) -> tuple[IntArray, FloatArray]:
        """Allowed tokens and their logits, best first: at most `limit`, none further than `nats` below the
        best of them."""
        ...


class Sampler:
    """The choices of one request."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int] = ()) -> None:
        self._how = sampling
        seed = None if sampling.seed is None else sampling.seed % 2**64
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._counts: dict[int, int] = {}
        self._penalised = bool(sampling.frequency_penalty or sampling.presence_penalty)
        self._recent: deque[int] = deque(maxlen=0)
        if sampling.repeat_penalty != 1.0 and sampling.repeat_last_n:
            self._recent = deque(map(int, prompt[-sampling.repeat_last_n :]), sampling.repeat_last_n)
        self._biased = np.fromiter(sampling.logit_bias, np.intp, len(sampling.logit_bias))
        self._bias = np.fromiter(sampling.logit_bias.values(), np.float32, len(sampling.logit_bias))
        self._adjusts = self._penalised or bool(self._recent.maxlen or len(self._biased))

    def pick(self, row: FloatArray, banned: IntArray | None = None) -> int:
        """The next token. `row` is left as it is; `banned` tokens are out of the question."""
        if self._adjusts or banned is not None:
            row = self._adjusted(row, banned)
        best = int(row.argmax())
        if not np.isfinite(row[best]):
            raise FloatingPointError("the model computed no usable probabilities")
        if self._how.temperature == 0.0:
            return best
        return self._draw(*survivors(row, CUT_NATS * self._how.temperature, self._how.top_k))

    def pick_by(self, row: FloatArray, rule: Rule) -> int | None:
        """The next token among those that the rule allows, None where there is none."""
        row = self._adjusted(row, None) if self._adjusts else row
        greedy = self._how.temperature == 0.0
        limit = 1 if greedy else min(self._how.top_k or RULED_MAX, RULED_MAX)
        tokens, logits = rule.choices(row, limit, CUT_NATS * self._how.temperature)
        if not len(tokens):
            return None
        return int(tokens[0]) if greedy else self._draw(tokens, logits)

    def note(self, token: int) -> None:
        """The token became part of the answer: penalties count it."""
        self._counts[token] = self._counts.get(token, 0) + 1
        self._recent.append(token)

    def _adjusted(self, row: FloatArray, banned: IntArray | None) -> FloatArray:
        row = row.copy()
        row[self._biased] += self._bias
        if self._recent:
            recent = np.array(sorted(set(self._recent)), np.intp)
            logits, penalty = row[recent], np.float32(self._how.repeat_penalty)
            row[recent] = np.where(logits > 0, logits / penalty, logits * penalty)
        if self._penalised and self._counts:
            tokens = np.fromiter(self._counts, np.intp, len(self._counts))
            counts = np.fromiter(self._counts.values(), np.float32, len(self._counts))
            row[tokens] -= self._how.frequency_penalty * counts + self._how.presence_penalty
        if banned is not None:
            row[banned] = -np.inf
        return row

    def _draw(self, tokens: IntArray, logits: FloatArray) -> int:
        """One of these, best first. Always one random number, whatever the filters leave."""
        chance = self._random.random()
        weights = np.exp((logits.astype(np.float64) - float(logits[0])) / self._how.temperature)
        weights = weights[: self._kept(weights)]
        ladder = np.cumsum(weights)
        at = int(np.searchsorted(ladder, chance * ladder[-1], side="right"))
        return int(tokens[min(at, len(weights) - 1)])

    def _kept(self, weights: npt.NDArray[np.float64]) -> int:
        """How many of the sorted candidates remain after top-p and min-p; never fewer than one."""
        n = len(weights)
        if self._how.top_p < 1.0:
            ladder = np.cumsum(weights)
            n = int(np.searchsorted(ladder, self._how.top_p * ladder[-1])) + 1
        if self._how.min_p > 0.0:
            n = min(n, int(np.count_nonzero(weights >= self._how.min_p * weights[0])))
        return max(1, min(n, len(weights)))


def survivors(row: FloatArray, nats: float, limit: int) -> tuple[IntArray, FloatArray]:
    """Tokens within `nats` of the best and their logits, best first, lower id first among equals, at most
    `limit` (0: all)."""
    best = row.max()
    tokens = np.flatnonzero(row >= best - nats)
    logits = row[tokens]
    if 0 < limit < len(tokens):
        bound = np.partition(logits, len(tokens) - limit)[len(tokens) - limit]
        tokens, logits = tokens[logits >= bound], logits[logits >= bound]
    order = np.argsort(-logits, kind="stable")
    order = order[:limit] if limit else order
    return tokens[order], logits[order]


def compute_logprobs(row: FloatArray, token: int, n_top: int) -> tuple[float, list[tuple[int, float]]]:
    """Natural-log probability of `token`, and the `n_top` likeliest tokens with theirs, best first."""
    best = float(row.max())
    total = best + float(np.log(np.exp(row - np.float32(best), dtype=np.float32).sum(dtype=np.float64)))
    top: list[tuple[int, float]] = []
    if n_top > 0:
        tokens, logits = survivors(row, np.inf, n_top)
        top = [(int(i), float(x) - total) for i, x in zip(tokens, logits, strict=True)]
    return float(row[token]) - total, top
