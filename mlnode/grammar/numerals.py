"""GBNF for decimal numbers between bounds."""

import math
from dataclasses import dataclass

DIGITS_MAX = 16
"""Digits before the point where nothing bounds them."""

_FRACTION = '("." [0-9]{1,6})?'
_SOME_FRACTION = '"." [0-9]{0,5} [1-9]'
_NO_FRACTION = '("." "0"{1,6})?'


class BoundsUnsupported(ValueError):
    """No number that can be written lies between the bounds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From `low` to `high`, None where open; exclusive where the flag says so."""

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False


def write_integer(bounds: Bounds) -> str:
    """Integers between the bounds. Raises `BoundsUnsupported` where there are none."""
    low = None if bounds.low is None else math.ceil(bounds.low)
    high = None if bounds.high is None else math.floor(bounds.high)
    if low is not None and bounds.above and low == bounds.low:
        low += 1
    if high is not None and bounds.below and high == bounds.high:
        high -= 1
    rows = []
    if high is None or high >= 0:
        rows.append(_write_span(max(low or 0, 0), high))
    if low is None or low < 0:
        size = None if low is None else -low
        span = _write_span(max(1, -high if high is not None else 1), size)
        rows += [f'"-" ({span})'] if span else []
    return _join(rows)


def write_number(bounds: Bounds) -> str:
    """Decimal numbers between the bounds, which are moved inwards to whole numbers."""
    low = None if bounds.low is None else math.ceil(bounds.low)
    high = None if bounds.high is None else math.floor(bounds.high)
    above = bounds.above and low == bounds.low
    below = bounds.below and high == bounds.high
    rows = []
    if high is None or high >= 0:
        rows += _write_decimals(max(low or 0, 0), high, above and (low or 0) >= 0, below)
    if low is None or low < 0:
        start, excluded = (max(0, -high), below and high <= 0) if high is not None else (0, False)
        size = None if low is None else -low
        rows += [f'"-" ({row})' for row in _write_decimals(start, size, excluded, above)]
    return _join(rows)


def _write_decimals(low: int, high: int | None, above: bool, below: bool) -> list[str]:
    """Decimal numbers from `low` >= 0 to `high`, without the bounds themselves where the flags say so."""
    rows = []
    if above and (high is None or low < high):
        rows.append(f'"{low}" {_SOME_FRACTION}')
    start = low + 1 if above else low
    span = _write_span(start, None if high is None else high - 1)
    rows += [f"({span}) {_FRACTION}"] if span else []
    if high is None:
        return rows
    if not below and start <= high:
        rows.append(f'"{high}" {_NO_FRACTION}')
    return rows


def _join(rows: list[str]) -> str:
    rows = [row for row in rows if row]
    if not rows:
        raise BoundsUnsupported("no number that can be written lies between the bounds")
    return " | ".join(rows)


def _write_span(low: int, high: int | None) -> str:
    """Integers from `low` >= 0 to `high`, without leading zeros; empty where there are none."""
    if high is None:
        high = 10**DIGITS_MAX - 1
    rows = []
    for length in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (length - 1) if length > 1 else 0)
        last = min(high, 10**length - 1)
        if first <= last:
            rows.append(_write_same_length(str(first), str(last)))
    return " | ".join(rows)


def _write_same_length(low: str, high: str) -> str:
    if low == high:
        return f'"{low}"'
    rest = len(low) - 1
    if low[0] == high[0]:
        return f'"{low[0]}" ({_write_same_length(low[1:], high[1:])})'
    zeros, nines = "0" * rest, "9" * rest
    first, last, rows = int(low[0]), int(high[0]), []
    if low[1:] != zeros:
        rows.append(f'"{first}" ({_write_same_length(low[1:], nines)})')
        first += 1
    if high[1:] != nines:
        rows.append(f'"{last}" ({_write_same_length(zeros, high[1:])})')
        last -= 1
    if first <= last:
        rows.append(f"[{first}-{last}]" + (f" [0-9]{{{rest}}}" if rest else ""))
    return " | ".join(rows)
