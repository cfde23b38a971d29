"""How much of each device's memory models may take, from the setting and from what the machine has."""

from collections.abc import Sequence

Budget = int | dict[int, int]
"""The setting, MiB: for the whole node (0: decided by the machine), or by device number."""


def parse_budget(text: str) -> Budget:
    """`20000`, or `0=20000,1=8000`: a device that is not named gets nothing. Raises `ValueError`."""
    if text.strip().lstrip("-").isdigit():
        return int(text)
    pairs = [item.split("=") for item in filter(None, text.split(","))]
    if any(len(pair) != 2 or not all(part.strip().isdigit() for part in pair) for pair in pairs):
        raise ValueError("it is a number of MiB, or for each device NUMBER=MIB,NUMBER=MIB")
    budget = {int(number): int(mib) for number, mib in pairs}
    if len(budget) != len(pairs):
        raise ValueError("a device has two budgets")
    return budget


def compute_budgets_mb(budget: Budget, totals_mb: Sequence[int], free_mb: Sequence[int]) -> tuple[int, ...]:
    """MiB for each device, by number. Decided by the machine: what is free now, that is everything but what
    others use. A single number is shared out in proportion to the devices' memory, rounded down.
    Raises `ValueError` for a device that the machine does not have."""
    if isinstance(budget, dict):
        strangers = sorted(set(budget) - set(range(len(totals_mb))))
        if strangers:
            have = f"0 to {len(totals_mb) - 1}" if len(totals_mb) > 1 else "only 0"
            raise ValueError(f"there is no device {strangers[0]}; this machine has {have}")
        return tuple(budget.get(number, 0) for number in range(len(totals_mb)))
    if budget == 0:
        return tuple(free_mb)
    whole_mb = max(1, sum(totals_mb))
    return tuple(budget * total_mb // whole_mb for total_mb in totals_mb)
