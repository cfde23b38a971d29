"""Whether a model fits, and how far one can go: parts of its memory, and a search over exact sizes."""

from collections.abc import Callable
from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes of one instance, by use. On a GPU what stays in the host's memory is left out."""

    weights: int
    copies: int
    """Weights that llama.cpp lays out anew for the CPU, beside the file's own."""
    kv: int
    compute: int
    results: int
    process: int
    poc: int
    cache: int = 0
    """States of prompts that may come again."""

    @property
    def total_mb(self) -> int:
        """The sum in MiB, rounded up."""
        serving = self.weights + self.copies + self.kv + self.compute + self.results
        return -(-(serving + self.process + self.poc + self.cache) // MIB)


def find_largest(low: int, high: int, step: int, fits: Callable[[int], bool]) -> int:
    """The largest of low, low + step, ... up to `high` (which counts too) that fits; 0 when not even `low`
    does. What fits must go on fitting below."""
    if low > high or not fits(low):
        return 0
    if fits(high):
        return high
    good, bad = 0, -(-(high - low) // step)
    while bad - good > 1:
        middle = (good + bad) // 2
        if fits(low + middle * step):
            good = middle
        else:
            bad = middle
    return low + good * step
