"""Answers that follow a grammar: the token that would be taken is asked about first, and only where it is not
allowed the best that is allowed is looked for.

The search goes through the likeliest tokens, one by one, and where they are not enough through all tokens
that begin with a possible byte. A token is a string of bytes to the grammar; the end of the answer is allowed
where the text may end.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlnode.grammar.states import Grammar, State
from mlnode.io.llama import Model
from mlnode.io.sampling import FloatArray, IntArray, survivors

KEPT_MAX = 16
"""Grammars kept for the next request that brings the same."""
LIKELY = 256


class Grammars:
    """The grammars of one model's requests, and its vocabulary by first bytes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: OrderedDict[str, Grammar] = OrderedDict()
        self._first: npt.NDArray[np.int16] | None = None

    def follow(self, text: str) -> "Follower":
        """An answer's way through this grammar. Raises `GrammarInvalid`."""
        grammar = self._kept.pop(text, None) or Grammar.parse(text)
        self._kept[text] = grammar
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return Follower(self, self._model, grammar, grammar.start)

    def first_bytes(self) -> npt.NDArray[np.int16]:
        """Each token's first byte, 256 for the end of an answer, -1 for what has no text. Made when it is
        first needed; microseconds for each token."""
        if self._first is None:
            self._first = np.fromiter(map(self._first_byte, range(self._model.n_vocab)), np.int16)
        return self._first

    def _first_byte(self, token: int) -> int:
        piece = self._model.read_piece(token)
        if piece:
            return piece[0]
        return 256 if self._model.is_end(token) else -1


@dataclass(slots=True)
class Follower:
    """How far one answer is."""

    _grammars: Grammars
    _model: Model
    _grammar: Grammar
    _state: State

    @property
    def is_over(self) -> bool:
        """Nothing can follow: the text is complete."""
        return self._state.ends and not self._state.threads

    def allows(self, token: int) -> bool:
        """Whether the answer may go on with it, or end by it. Raises `GrammarInvalid` where the grammar turns
        out to be too ambiguous."""
        if self._model.is_end(token):
            return self._state.ends
        piece = self._model.piece(token)
        return bool(piece) and self._grammar.read(self._state, piece) is not None

    def accept(self, token: int) -> None:
        """The answer went on with an allowed token."""
        following = self._grammar.read(self._state, self._model.piece(token))
        if following is not None:
            self._state = following

    def choices(self, row: FloatArray, limit: int, nats: float) -> tuple[IntArray, FloatArray]:
        """See `sampling.Rule`."""
        tokens, logits = survivors(row, np.inf, LIKELY)
        kept, complete = self._walk(tokens, logits, limit, nats)
        if not complete and len(tokens) < len(row):
            tokens = np.flatnonzero(self._possible())
            order = np.argsort(-row[tokens], kind="stable")
            tokens = tokens[order]
            kept, _ = self._walk(tokens, row[tokens], limit, nats)
        found = np.array(kept, np.intp)
        return found, row[found]

    def _walk(self, tokens: IntArray, logits: FloatArray, limit: int, nats: float) -> tuple[list[int], bool]:
        """The allowed ones, best first; False where tokens further down may belong to them."""
        kept: list[int] = []
        floor = -np.inf
        for token, logit in zip(tokens.tolist(), logits.tolist(), strict=True):
            if logit < floor or logit == -np.inf:
                return kept, True
            if self.allows(token):
                if not kept:
                    floor = logit - nats
                kept.append(token)
                if len(kept) == limit:
                    return kept, True
        return kept, False

    def _possible(self) -> npt.NDArray[np.bool_]:
        """The tokens whose first byte may come next."""
        mask = self._grammar.possible(self._state)
        allowed = np.array([mask >> byte & 1 for byte in range(256)] + [self._state.ends, 0], np.bool_)
        return allowed[self._grammars.first_bytes()]
