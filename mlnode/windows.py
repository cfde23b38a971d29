"""Which layers of a model look back through a sliding window only, and so need cells for no more than that.

As llama.cpp decides it: by the file's pattern (a period, or a list by layer) where the architecture reads
one, else by the architecture's own. A layer wrongly taken for a full one makes a reservation too large, no
more: every architecture that is not known here has full layers only.
"""

from collections.abc import Mapping, Sequence
from typing import Final

PERIODS: Final[Mapping[str, int]] = {
    "afmoe": 4,
    "cohere2": 4,
    "exaone-moe": 4,
    "exaone4": 4,
    "gemma-embedding": 6,
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "llama4": 4,
    "mellum": 4,
    "muse-glimmer": 4,
    "olmo2": 4,
    "plamo3": 8,
}
"""The last layer of each period is a full one."""

PERIODS_DENSE_FIRST: Final[Mapping[str, int]] = {
    "cohere2moe": 4,
    "laguna": 4,
    "modern-bert": 3,
    "smallthinker": 4,
}
"""The first layer of each period is a full one."""

BY_LIST: Final = frozenset({"gemma4", "granite-swa", "maple", "mimo2", "spark2-5", "step35"})
"""Architectures that have windows only where the file lists them."""


def find_windowed_layers(
    architecture: str, n_layers: int, window: int, pattern: int | Sequence[int | float | bool] | None
) -> tuple[bool, ...]:
    """For each layer whether it has a window. `pattern` as in the file: a period, a list, or None."""
    full = (False,) * n_layers
    known = architecture in PERIODS or architecture in PERIODS_DENSE_FIRST or architecture in BY_LIST
    if not window or not known:
        return full
    if isinstance(pattern, Sequence):
        return tuple(bool(value) for value in pattern) if len(pattern) == n_layers else full
    first = architecture in PERIODS_DENSE_FIRST
    own = PERIODS_DENSE_FIRST.get(architecture) or PERIODS.get(architecture)
    period = own if pattern is None else pattern
    if period is None or architecture in BY_LIST:
        return full
    if period <= 0:
        return (True,) * n_layers
    return tuple(layer % period != (0 if first else period - 1) for layer in range(n_layers))
