"""RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996). OpenSSL 3 often leaves it out, so Python's hashlib may
lack it; where it does, the digest is computed here, with the same result on every machine.
"""

import hashlib

_LEFT_ORDER = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8),
    (3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12),
    (1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2),
    (4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13),
)
_RIGHT_ORDER = (
    (5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12),
    (6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2),
    (15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13),
    (8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14),
    (12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11),
)
_LEFT_TURNS = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12),
    (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5),
    (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12),
    (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6),
)
_RIGHT_TURNS = (
    (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6),
    (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11),
    (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5),
    (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8),
    (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11),
)
_LEFT_ADD = (0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_ADD = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0)
_Line = tuple[int, ...]
_START: _Line = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_MASK = 0xFFFFFFFF


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160 of the data, 20 bytes."""
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        return compute_ripemd160(data)


def compute_ripemd160(data: bytes) -> bytes:
    """The same, computed here."""
    padding = b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "little")
    padded, state = data + padding, _START
    for start in range(0, len(padded), 64):
        words = [int.from_bytes(padded[start + at : start + at + 4], "little") for at in range(0, 64, 4)]
        state = _compress(state, words)
    return b"".join(word.to_bytes(4, "little") for word in state)


def _compress(state: tuple[int, ...], words: list[int]) -> tuple[int, ...]:
    left, right = state, state
    for step in range(5):
        left = _turn_line(left, words, _LEFT_ORDER[step], _LEFT_TURNS[step], _LEFT_ADD[step], step)
        right = _turn_line(right, words, _RIGHT_ORDER[step], _RIGHT_TURNS[step], _RIGHT_ADD[step], 4 - step)
    return tuple((state[(at + 1) % 5] + left[(at + 2) % 5] + right[(at + 3) % 5]) & _MASK for at in range(5))


def _turn_line(
    line: tuple[int, ...],
    words: list[int],
    order: tuple[int, ...],
    turns: tuple[int, ...],
    add: int,
    mix: int,
) -> tuple[int, ...]:
    a, b, c, d, e = line
    for index, turn in zip(order, turns, strict=True):
        total = (a + _mix(mix, b, c, d) + words[index] + add) & _MASK
        a, b, c, d, e = e, (_turn(total, turn) + e) & _MASK, b, _turn(c, 10), d
    return a, b, c, d, e


def _mix(kind: int, x: int, y: int, z: int) -> int:
    if kind == 0:
        return x ^ y ^ z
    if kind == 1:
        return (x & y) | (~x & z & _MASK)
    if kind == 2:
        return (x | (~y & _MASK)) ^ z
    if kind == 3:
        return (x & z) | (y & ~z & _MASK)
    return x ^ (y | (~z & _MASK))


def _turn(word: int, count: int) -> int:
    return ((word << count) | (word >> (32 - count))) & _MASK
