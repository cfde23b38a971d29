"""Which beginnings of prompts are kept, which of them is of use to a new prompt, and which goes first.

Tokens are four bytes each, so that two sequences are compared at the speed of memory. What is kept of a
sequence is the state of its cells after the last token. Some memories can be cut back to an earlier token;
those with a sliding window only while everything is inside the window, recurrent ones never.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

TOKEN_BYTES: Final = 4
CUT: Final = 32
"""A state is cut back to a multiple of this, so that no piece of a prompt gets fewer rows than that."""
TAIL_MIN: Final = 8
"""Tokens that are always evaluated again: fewer rows would take other kernels than the whole prompt does."""
TOKENS_MIN: Final = 64
"""Nothing shorter is kept or looked for: it is read as quickly as it is found."""
LONG_PIECES: Final = 8
"""A prompt of so many pieces is cut once more near its end, which then costs less than a hundredth."""


def count_common(one: bytes, other: bytes) -> int:
    """Tokens that both begin with."""
    low, high = 0, min(len(one), len(other)) // TOKEN_BYTES
    while low < high:
        middle = (low + high + 1) // 2
        if one[: middle * TOKEN_BYTES] == other[: middle * TOKEN_BYTES]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class Match:
    """A kept sequence that a prompt can begin with."""

    tokens: bytes
    n_reused: int
    """Tokens of it that the prompt begins with and that need not be evaluated again."""


@dataclass(slots=True)
class Prefixes:
    """The sequences that are kept, the least recently used first, within a number of bytes."""

    bytes_max: int
    cut_max: int
    """A state of so many tokens at most can be cut back to any of them; longer ones are of use whole."""
    n_bytes: int = 0
    _kept: "OrderedDict[bytes, int]" = field(default_factory=OrderedDict)

    def __contains__(self, tokens: bytes) -> bool:
        return tokens in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, prompt: bytes) -> Match | None:
        """The kept sequence that saves most; it counts as used now."""
        matches = [Match(tokens, self._reusable(prompt, tokens)) for tokens in self._kept]
        best = max(matches, key=lambda match: match.n_reused, default=None)
        if best is None or best.n_reused < TOKENS_MIN:
            return None
        self._kept.move_to_end(best.tokens)
        return best

    def _reusable(self, prompt: bytes, kept: bytes) -> int:
        n_kept, n_prompt = len(kept) // TOKEN_BYTES, len(prompt) // TOKEN_BYTES
        common = count_common(prompt, kept)
        if common == n_kept <= n_prompt - TAIL_MIN:
            return n_kept
        return self._cut(common, n_prompt) if n_kept <= self.cut_max else 0

    def plan(self, prompt: bytes, piece: int) -> tuple[int, ...]:
        """After which numbers of tokens to keep the state while the prompt is read, in pieces of `piece`.
        None are needed where the state after the answer can be cut back. Otherwise near the prompt's end, and
        where an earlier prompt went another way: what two have in common is likely to come again."""
        n = len(prompt) // TOKEN_BYTES
        if n <= self.cut_max:
            return ()
        end = n - TAIL_MIN
        points = {end - end % (CUT if n >= LONG_PIECES * piece else piece)}
        if common := max((count_common(prompt, kept) for kept in self._kept), default=0):
            points.add(self._cut(common, n))
        return tuple(sorted(point for point in points if point >= TOKENS_MIN))

    def _cut(self, common: int, n_prompt: int) -> int:
        kept = min(common, n_prompt - TAIL_MIN)
        return max(0, kept - kept % CUT)

    def add(self, tokens: bytes, n_bytes: int) -> list[bytes]:
        """Keep a state of so many bytes. What goes for it: beginnings of it that it can be cut back to, then
        the least recently used; or itself alone, when it is too large."""
        if n_bytes > self.bytes_max:
            self.drop(tokens)
            return [tokens]
        self.n_bytes += n_bytes - self._kept.pop(tokens, 0)
        self._kept[tokens] = n_bytes
        gone = []
        if self.cut_max >= len(tokens) // TOKEN_BYTES:
            gone = [kept for kept in self._kept if kept != tokens and tokens.startswith(kept)]
        for kept in gone:
            self.drop(kept)
        while self.n_bytes > self.bytes_max:
            oldest = next(iter(self._kept))
            self.drop(oldest)
            gone.append(oldest)
        return gone

    def drop(self, tokens: bytes) -> None:
        """Forget a sequence."""
        self.n_bytes -= self._kept.pop(tokens, 0)

    def oldest_first(self) -> list[bytes]:
        """All that is kept, the least recently used first."""
        return list(self._kept)
