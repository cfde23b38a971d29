"""Whether a model fits, and how far one can go: parts of its memory, and a search over exact sizes."""

from collections.abc import Callable, Sequence
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


def spread(need_mb: int, rooms_mb: Sequence[int]) -> tuple[int, ...] | None:
    """MiB of a model on each device: on the one with most room, or over as few as hold it together, in
    proportion to their room. None: it does not fit."""
    order = sorted(range(len(rooms_mb)), key=lambda index: (-rooms_mb[index], index))
    for count in range(1, len(order) + 1):
        chosen = order[:count]
        whole_mb = sum(rooms_mb[index] for index in chosen)
        if whole_mb < need_mb:
            continue
        shares = [need_mb * mb // max(1, whole_mb) if i in chosen else 0 for i, mb in enumerate(rooms_mb)]
        for index in chosen:
            shares[index] += min(rooms_mb[index] - shares[index], need_mb - sum(shares))
        return tuple(shares)
    return None
