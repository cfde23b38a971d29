"""RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996), which addresses are made with.

OpenSSL 3 often leaves it out, so that hashlib may lack it; it is computed here then, with the same result.
"""

import hashlib

_RHO = (7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8)
"""Each round takes the words in the order of the round before, permuted by this."""
_PI = tuple((9 * index + 5) % 16 for index in range(16))
"""Order in which the right line's first round takes the words."""
_TURNS = (
    (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8),
    (12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7),
    (13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9),
    (14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6),
    (15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5),
)
"""How far round r turns word w."""
_LEFT_ADD = (0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_ADD = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0)
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_MASK = 0xFFFFFFFF


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160 of the data, 20 bytes."""
    try:
        return hashlib.new("ripemd160", data).digest()
    except ValueError:
        return compute_ripemd160(data)


def compute_ripemd160(data: bytes) -> bytes:
    """The same without hashlib."""
    padding = b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "little")
    padded = data + padding
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), 64):
        words = [int.from_bytes(padded[start + at : start + at + 4], "little") for at in range(0, 64, 4)]
        left = _run_line(state, words, tuple(range(16)), _LEFT_ADD, (0, 1, 2, 3, 4))
        right = _run_line(state, words, _PI, _RIGHT_ADD, (4, 3, 2, 1, 0))
        state = tuple(
            (state[(at + 1) % 5] + left[(at + 2) % 5] + right[(at + 3) % 5]) & _MASK for at in range(5)
        )
    return b"".join(word.to_bytes(4, "little") for word in state)


def _run_line(
    state: tuple[int, ...],
    words: list[int],
    order: tuple[int, ...],
    adds: tuple[int, ...],
    mixes: tuple[int, ...],
) -> tuple[int, ...]:
    a, b, c, d, e = state
    for round_index in range(5):
        for word in order:
            total = (a + _mix(mixes[round_index], b, c, d) + words[word] + adds[round_index]) & _MASK
            turned = (_turn(total, _TURNS[round_index][word]) + e) & _MASK
            a, b, c, d, e = e, turned, b, _turn(c, 10), d
        order = tuple(_RHO[word] for word in order)
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
