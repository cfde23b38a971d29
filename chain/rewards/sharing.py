"""How the pay for one inference is shared between its executor and those who validated it."""

from collections.abc import Sequence


def compute_work_adjustments(
    cost: int, existing: Sequence[str], new: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """What changes for each worker when new ones join, umesh; changes of nothing are left out.

    Workers share alike, rounded down, and the first one - the executor - has what rounding leaves. So each
    existing worker goes from cost ÷ e to cost ÷ (e + k), each new one gets that share, and the changes add
    up to nothing. Without existing workers the cost itself is shared, and the changes add up to it.
    """
    before = _share(cost, len(existing))
    after = _share(cost, len(existing) + len(new))
    changes = [
        (name, share - before[at] if at < len(before) else share)
        for at, (name, share) in enumerate(zip((*existing, *new), after, strict=True))
    ]
    return tuple((name, change) for name, change in changes if change)


def _share(cost: int, workers: int) -> list[int]:
    """The cost in equal parts, the rest with the first."""
    if workers == 0:
        return []
    share, rest = divmod(cost, workers)
    return [share + rest, *[share] * (workers - 1)]
