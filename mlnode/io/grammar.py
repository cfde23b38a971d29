"""Answers that follow a grammar: the token that would be taken is asked about first, and only where it is not
allowed the best that is allowed is looked for.

The search goes through the likeliest tokens, one by one. Where they are not enough the grammar is followed
through the vocabulary, which is quick where it allows little; where it allows much, all tokens are gone
through by their likelihood, which is quick then. A token is a string of bytes to the grammar; the end of the
answer is allowed where the text may end.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from mlnode.grammar.lexicon import Lexicon
from mlnode.grammar.states import Grammar, State
from mlnode.io.model import Model
from mlnode.io.sampling import FloatArray, IntArray, survivors

KEPT_MAX = 16
"""Grammars kept for the next request that brings the same."""
LIKELY = 256
"""Tokens that are tried one by one before the vocabulary is searched."""
FEW = 4096
"""Tokens that are looked for in the vocabulary; where more are allowed they are found by likelihood."""


class Grammars:
    """The grammars of one model's requests, and its vocabulary in the order of its bytes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: OrderedDict[str, Grammar] = OrderedDict()
        self._lexicon: Lexicon | None = None
        self._ends: list[int] = []

    def follow(self, text: str) -> "Follower":
        """An answer's way through this grammar. Raises `GrammarInvalid`."""
        grammar = self._kept.pop(text, None) or Grammar.parse(text)
        self._kept[text] = grammar
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return Follower(self, self._model, grammar, grammar.start)

    def find_allowed(self, grammar: Grammar, state: State) -> IntArray | None:
        """The tokens that may come next, None where they are many. The vocabulary is put in order when it is
        first needed; two microseconds for each token."""
        if self._lexicon is None:
            tokens = range(self._model.n_vocab)
            self._ends = [token for token in tokens if self._model.is_end(token)]
            hidden = frozenset(self._ends)
            self._lexicon = Lexicon([b"" if t in hidden else self._model.read_piece(t) for t in tokens])
        found = self._lexicon.find_allowed(grammar, state, FEW)
        if found is None:
            return None
        return np.array(sorted(found + self._ends if state.ends else found), np.intp)


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
        if complete or len(tokens) == len(row):
            found = np.array(kept, np.intp)
            return found, row[found]
        allowed = self._grammars.find_allowed(self._grammar, self._state)
        if allowed is None:
            order = np.argsort(-row, kind="stable")
            found = np.array(self._walk(order, row[order], limit, nats)[0], np.intp)
            return found, row[found]
        allowed = allowed[row[allowed] > -np.inf]
        if not len(allowed):
            return allowed, row[allowed]
        best, logits = survivors(row[allowed], nats, limit)
        return allowed[best], logits

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
