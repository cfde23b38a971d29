"""Exact decimal numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decimal:
    """An exact decimal number: value × 10^exponent. Never a float, so that it means the same on every
    machine.
    """

    value: int = 0
    """The digits with their sign."""
    exponent: int = 0
    """The power of ten, from -18 to 18. 0.05 is value 5, exponent -2."""
