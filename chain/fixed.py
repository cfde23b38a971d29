"""Exact decimal numbers, and arithmetic on them with 18 digits after the point.

A `Decimal` is what travels and is stored: digits and a power of ten. Rules compute with *scaled* integers:
the number times 10^18, as Cosmos's LegacyDec does. Multiplication and division round half to even at the
18th digit unless the function's name says otherwise; `truncate` rounds toward zero.
"""

import re

from chain.errors import ErrInvalidRecord
from chain.records import Record

PRECISION = 18
"""Digits after the point of a scaled integer."""
ONE = 1_000_000_000_000_000_000
"""The number 1, scaled."""
SCALED_BITS_MAX = 315
"""Longest scaled integer in bits, as in Cosmos: 256 bits before the point and 60 for the digits after it."""
_TEXT = re.compile(r"(-?)([0-9]{1,78})(?:\.([0-9]{1,18}))?")


class Decimal(Record, frozen=True):
    """An exact decimal number: value × 10^exponent. Never a float, so that it means the same on every
    machine.
    """

    value: int = 0
    """The digits with their sign."""
    exponent: int = 0
    """The power of ten, from -18 to 18. 0.05 is value 5, exponent -2."""


def from_decimal(number: Decimal) -> int:
    """The number, scaled; exact. Refuses an exponent outside -18 to 18."""
    if not -PRECISION <= number.exponent <= PRECISION:
        raise ErrInvalidRecord(what="decimal", why=f"exponent {number.exponent} is outside -18 to 18")
    return int(number.value * 10 ** (number.exponent + PRECISION))


def to_decimal(scaled: int) -> Decimal:
    """The number with the fewest digits: 0.05 becomes value 5, exponent -2. Digits beyond what 64 bits
    hold are cut off toward zero. Refuses what is too large for 64 bits and an exponent of 18.
    """
    if scaled == 0:
        return Decimal()
    value, exponent = scaled, -PRECISION
    while not -(2**63) <= value < 2**63 or (value % 10 == 0 and exponent < PRECISION):
        value, exponent = quo_truncate(value, 10), exponent + 1
    if exponent > PRECISION:
        raise ErrInvalidRecord(what="decimal", why=f"{text_of(scaled)} is too large")
    return Decimal(value, exponent)


def from_int(number: int) -> int:
    """A whole number, scaled."""
    return number * ONE


def parse(text: str) -> int:
    """A number written as "-12.5", scaled. Refuses anything but digits with at most 18 after the point."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ErrInvalidRecord(what="decimal", why=f"{text!r} is not a number with at most 18 decimals")
    sign, whole, fraction = (str(group) for group in match.groups(default=""))
    scaled = int(whole) * ONE + int(fraction.ljust(PRECISION, "0"))
    return -scaled if sign else scaled


def text_of(scaled: int) -> str:
    """The number in decimal digits without trailing zeros: "0.05"."""
    whole, fraction = divmod(abs(scaled), ONE)
    digits = f"{fraction:018d}".rstrip("0")
    return f"{'-' if scaled < 0 else ''}{whole}{'.' + digits if digits else ''}"


def mul(left: int, right: int) -> int:
    """Product of two scaled numbers, rounded half to even."""
    return _bounded(quo_half_even(left * right, ONE))


def mul_truncate(left: int, right: int) -> int:
    """Product of two scaled numbers, rounded toward zero."""
    return _bounded(quo_truncate(left * right, ONE))


def quo(left: int, right: int) -> int:
    """Quotient of two scaled numbers, rounded half to even. Dividing by zero raises ZeroDivisionError."""
    return _bounded(quo_half_even(left * ONE, right))


def truncate(scaled: int) -> int:
    """The whole part, rounded toward zero."""
    return quo_truncate(scaled, ONE)


def quo_truncate(numerator: int, denominator: int) -> int:
    """Quotient of two integers, rounded toward zero; `//` alone rounds down."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def quo_half_even(numerator: int, denominator: int) -> int:
    """Quotient of two integers, rounded to the nearest; a half goes to the even neighbour."""
    quotient, remainder = divmod(abs(numerator), abs(denominator))
    twice = 2 * remainder
    if twice > abs(denominator) or (twice == abs(denominator) and quotient % 2 == 1):
        quotient += 1
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def _bounded(scaled: int) -> int:
    if scaled.bit_length() > SCALED_BITS_MAX:
        raise ErrInvalidRecord(what="decimal", why="the result needs more than 315 bits")
    return scaled
