"""How many sequences to evaluate in one decode, learned from what each width took.

More rows in one decode are cheaper for each row, but not at every number of rows: kernels work on blocks of
rows, and two sequences may take longer together than one after the other. A round gives every sequence that
is being written one token; it is split into the decodes that together take least. So nobody waits longer than
a round, and a round never takes longer than the widths tried make possible.

A machine that others use is now quicker, now slower, by more than the widths differ. So a time counts in
relation to how slow the machine was in the decodes just before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

SAMPLES_MIN = 3
"""A width is known when it was measured so often; the quickest of these counts, noise only adds."""

SHARE_PACE = 0.5
"""Weight of the newest decode in how slow the machine is just now."""

SHARE_NEW, SHARE_STALE = 0.0625, 0.5
"""Weight of a new measurement of a known width, and of one that was not used lately. One that took twice as
long counts as twice, not more."""

SHARE_ANCHOR = 0.01
"""Part of the slowness that goes over into the times with each decode, so that it stays near 1: it is only of
use in relation to the decodes just before, and noise alone would let times grow without end."""

SHARE_PIECE = 0.125
"""Weight of a new piece in the pace of reading."""

STALE_DECODES = 4
"""A width that none of so many decodes had was not used lately."""

GAIN_MIN = 0.03
"""A round is split only where this part of its time is saved."""

DECIDE_ROUNDS = 8
"""A split is decided anew after so many rounds, with what was measured in them."""

REFRESH_ROUNDS = 64
"""After so many rounds another way is tried again: what is known of it may be wrong by now. At first it is
tried after 8, 16 and 32: it was measured a few times only."""

BLOCK = 4
"""Kernels take rows in blocks of this many, or of multiples; what is left over is dear."""


@dataclass(slots=True)
class _Width:
    us: float
    n: int
    at: int
    """Number of the decode that had it last."""


class Widths:
    """What one decode takes by its number of rows, one row for each sequence."""

    def __init__(self, known_us: Mapping[int, int] | None = None) -> None:
        self._widths = {width: _Width(us, SAMPLES_MIN, 0) for width, us in (known_us or {}).items()}
        self._slowness = 1.0
        self._decodes = 0
        self._splits: dict[int, tuple[int, ...]] = {}
        self._rounds: dict[int, int] = {}

    def note(self, width: int, us: float) -> None:
        """A decode of this many rows took so long."""
        self._decodes += 1
        known = self._widths.setdefault(width, _Width(us, 0, self._decodes))
        known.n += 1
        if known.n <= SAMPLES_MIN:
            known.us = min(known.us, us / self._slowness)
            self._splits.clear()
        else:
            self._adjust(known, us)
        known.at = self._decodes

    def _adjust(self, known: _Width, us: float) -> None:
        """A width in use tells how slow the machine is; one that is tried again is compared with that."""
        stale = self._decodes - known.at > STALE_DECODES
        new_us = min(us / self._slowness, 2 * known.us)
        if not stale:
            self._slowness += SHARE_PACE * (min(us / known.us, 2 * self._slowness) - self._slowness)
        known.us += (SHARE_STALE if stale else SHARE_NEW) * (new_us - known.us)
        shift = self._slowness**SHARE_ANCHOR
        self._slowness /= shift
        for each in self._widths.values():
            each.us *= shift

    def split(self, n: int) -> tuple[int, ...]:
        """The widths of the decodes that give `n` sequences a token each; their sum is `n`."""
        ways = _ways(n)
        for way in ways:
            if not self._is_known(way[0]):
                return way
        rounds = self._rounds[n] = self._rounds.get(n, 0) + 1
        if n not in self._splits or rounds % DECIDE_ROUNDS == 0:
            self._splits[n] = self._quickest(n)
        chosen = self._splits[n]
        if rounds % REFRESH_ROUNDS == 0 or rounds in (8, 16, 32):
            others = [way for way in ways if way != chosen] or [chosen]
            return others[rounds // REFRESH_ROUNDS % len(others)]
        return chosen

    def known_us(self) -> dict[int, int]:
        """Time of each known width, on a machine as quick as it was lately."""
        return {width: round(found.us) for width, found in self._widths.items() if self._is_known(width)}

    def _is_known(self, width: int) -> bool:
        found = self._widths.get(width)
        return found is not None and found.n >= SAMPLES_MIN

    def _quickest(self, n: int) -> tuple[int, ...]:
        """The quickest way to get to `n` from the known widths; all at once unless that is clearly slower."""
        took = self.known_us()
        best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
        for total in range(1, n + 1):
            ways = [(took[w] + best[total - w][0], (w, *best[total - w][1])) for w in took if w <= total]
            best.append(min(ways, default=(float("inf"), ())))
        us, widths = best[n]
        return widths if us < (1 - GAIN_MIN) * took[n] else (n,)


def divide(items: Sequence[T], widths: Iterable[int]) -> list[list[T]]:
    """As many for each decode as its width says."""
    rest = iter(items)
    return [list(islice(rest, width)) for width in widths]


def _ways(n: int) -> list[tuple[int, ...]]:
    """What is tried: all at once; whole blocks and the rest; fewer than a block one by one."""
    block = n - n % BLOCK or 1
    rest = (n - block,) if block > 1 else (1,) * (n - 1)
    return [(n,)] if n in (1, block) else [(n,), (block, *rest)]


@dataclass(slots=True)
class ReadingPace:
    """How many rows of a prompt fit into a time, learned from the pieces read."""

    us_per_row: float = 0.0

    def note(self, rows: int, us: float) -> None:
        """A piece of so many rows took so long."""
        new = us / rows
        self.us_per_row += (new - self.us_per_row) * (SHARE_PIECE if self.us_per_row else 1.0)

    def rows_within(self, us: float, least: int, most: int) -> int:
        """Rows that take this long, a multiple of `least` between `least` and `most`; `least` while nothing
        is known."""
        rows = int(us / self.us_per_row) if self.us_per_row else least
        return max(least, min(most, rows) // least * least)
