"""How many sequences to evaluate in one decode, learned from what each width took.

More rows in one decode are cheaper for each row, but not at every number of rows: kernels work on blocks of
rows, and two sequences may take longer together than one after the other. A round gives every sequence that
is being written one token; it is split into the decodes that together take least. So nobody waits longer than
a round, and a round never takes longer than the widths tried make possible.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SAMPLES_MIN = 3
"""A width is known when it was measured so often; the quickest of these counts, noise only adds."""

SHARE_NEW = 0.125
"""Weight of a new measurement of a known width. One that took twice as long counts as twice, not more."""

GAIN_MIN = 0.03
"""A round is split only where this part of its time is saved."""

DECIDE_ROUNDS = 8
"""A split is decided anew after so many rounds, with what was measured in them."""

REFRESH_ROUNDS = 128
"""A width that is not chosen is tried again after so many rounds: the machine may have changed."""

BLOCK = 4
"""Kernels take rows in blocks of this many, or of multiples; what is left over is dear."""


@dataclass(slots=True)
class _Width:
    us: float
    n: int


class Widths:
    """What one decode takes by its number of rows, one row for each sequence."""

    def __init__(self, known_us: Mapping[int, int] | None = None) -> None:
        self._widths = {width: _Width(us, SAMPLES_MIN) for width, us in (known_us or {}).items()}
        self._splits: dict[int, tuple[int, ...]] = {}
        self._rounds: dict[int, int] = {}

    def note(self, width: int, us: float) -> None:
        """A decode of this many rows took so long."""
        known = self._widths.setdefault(width, _Width(us, 0))
        known.n += 1
        if known.n <= SAMPLES_MIN:
            known.us = min(known.us, us)
            self._splits.clear()
        else:
            known.us += SHARE_NEW * (min(us, 2 * known.us) - known.us)

    def split(self, n: int) -> tuple[int, ...]:
        """The widths of the decodes that give `n` sequences a token each; their sum is `n`."""
        for width in (n, n - n % BLOCK):
            if width and not self._is_known(width):
                return (width, n - width) if width < n else (n,)
        rounds = self._rounds[n] = self._rounds.get(n, 0) + 1
        if rounds % REFRESH_ROUNDS == 0:
            return (n,)
        if n not in self._splits or rounds % DECIDE_ROUNDS == 0:
            self._splits[n] = self._quickest(n)
        return self._splits[n]

    def known_us(self) -> dict[int, int]:
        """Time of each known width."""
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


@dataclass(slots=True)
class ReadingPace:
    """How many rows of a prompt fit into a time, learned from the pieces read."""

    us_per_row: float = 0.0

    def note(self, rows: int, us: float) -> None:
        """A piece of so many rows took so long."""
        new = us / rows
        self.us_per_row += (new - self.us_per_row) * (SHARE_NEW if self.us_per_row else 1.0)

    def rows_within(self, us: float, least: int, most: int) -> int:
        """Rows that take this long, a multiple of `least` between `least` and `most`; `least` while nothing
        is known."""
        rows = int(us / self.us_per_row) if self.us_per_row else least
        return max(least, min(most, rows) // least * least)
