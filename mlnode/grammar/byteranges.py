"""Sets of characters as ranges of code points, and as what their UTF-8 looks like byte by byte."""

from collections.abc import Iterable, Iterator

Ranges = tuple[tuple[int, int], ...]
"""Code points, first and last of each range; sorted and apart where it matters."""
ByteRow = tuple[tuple[int, int], ...]
"""For each byte of a character its first and last value."""

POINT_MAX = 0x10FFFF

_LENGTHS = ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, POINT_MAX))
"""Code points that take the same number of bytes; surrogates are no characters."""


def complement(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """All other code points; twice, it sorts and joins."""
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    if start <= POINT_MAX:
        found.append((start, POINT_MAX))
    return tuple(found)


def mask_of(low: int, high: int) -> int:
    """The bytes from `low` to `high` as a set: bit b for byte b."""
    return (1 << (high + 1)) - (1 << low)


def split_to_bytes(ranges: Iterable[tuple[int, int]]) -> Iterator[ByteRow]:
    """Rows of byte ranges whose products are exactly the UTF-8 of these characters."""
    for low, high in ranges:
        for first, last in _LENGTHS:
            if low <= last and high >= first:
                yield from _split(chr(max(low, first)).encode(), chr(min(high, last)).encode())


def _split(low: bytes, high: bytes) -> Iterator[ByteRow]:
    """Between two encodings of the same length: the common head, the ragged ends, the full middle."""
    if len(low) == 1:
        yield ((low[0], high[0]),)
        return
    if low[0] == high[0]:
        for row in _split(low[1:], high[1:]):
            yield ((low[0], low[0]), *row)
        return
    least, most = bytes([0x80] * (len(low) - 1)), bytes([0xBF] * (len(low) - 1))
    first, last = low[0], high[0]
    if low[1:] != least:
        for row in _split(low[1:], most):
            yield ((first, first), *row)
        first += 1
    ends = []
    if high[1:] != most:
        ends = [((last, last), *row) for row in _split(least, high[1:])]
        last -= 1
    if first <= last:
        yield ((first, last), *[(0x80, 0xBF)] * (len(low) - 1))
    yield from ends
