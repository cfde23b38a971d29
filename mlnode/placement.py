"""Memory arithmetic: what is reserved, what fits, whom to evict, or that nothing will do.

A ledger holds a reservation for every worker from before it is spawned until after it is reaped, so that two
loads at once cannot both count on the same memory. The rule, at every instant:
sum of reservations + margin <= budget. All amounts are MiB.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ledger:
    """Who holds how much of the budget."""

    budget_mb: int
    margin_mb: int
    """Never given away: what estimates miss."""
    reserved_mb: dict[str, int] = field(default_factory=dict)

    @property
    def room_mb(self) -> int:
        """What could ever be given away."""
        return max(0, self.budget_mb - self.margin_mb)

    @property
    def used_mb(self) -> int:
        return sum(self.reserved_mb.values())

    @property
    def free_mb(self) -> int:
        return self.room_mb - self.used_mb

    def reserve(self, model: str, need_mb: int) -> None:
        """Book memory for a worker about to be spawned. The caller has seen that it is free."""
        assert model not in self.reserved_mb and need_mb <= self.free_mb
        self.reserved_mb[model] = need_mb

    def grow(self, model: str, measured_mb: int) -> bool:
        """Book what a worker turned out to take, when that is more. False, and nothing booked, when the
        budget does not allow it."""
        more_mb = measured_mb - self.reserved_mb[model]
        if more_mb > self.free_mb:
            return False
        self.reserved_mb[model] += max(0, more_mb)
        return True

    def release(self, model: str) -> None:
        """The worker is reaped. Releasing twice is a bug."""
        del self.reserved_mb[model]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance that may be evicted."""

    model: str
    reserved_mb: int
    last_used_ms: int
    busy: bool
    """It must be drained before it can go."""


def choose_victims(short_mb: int, candidates: Sequence[Candidate]) -> tuple[str, ...] | None:
    """Whom to evict to gain `short_mb`, or None when all of them together do not hold that much.

    Idle ones before busy ones, within each the least recently used first; then whoever is not needed for the
    sum is let off, the most recently used first: an eviction that does not help is not made."""
    chosen: list[Candidate] = []
    gained_mb = 0
    for candidate in sorted(candidates, key=lambda c: (c.busy, c.last_used_ms, c.model)):
        if gained_mb >= short_mb:
            break
        chosen.append(candidate)
        gained_mb += candidate.reserved_mb
    if gained_mb < short_mb:
        return None
    for candidate in reversed(list(chosen)):
        if gained_mb - candidate.reserved_mb >= short_mb:
            chosen.remove(candidate)
            gained_mb -= candidate.reserved_mb
    return tuple(candidate.model for candidate in chosen)


@dataclass(slots=True)
class Outlook:
    """Memory as a queue of claims sees it: free now, and on its way.

    The first claim that cannot be met yet keeps what it will need, so that smaller ones behind it cannot eat
    it up for ever."""

    free_mb: int
    coming_mb: int

    def take(self, need_mb: int) -> bool:
        """Use free memory for a load. False when there is not enough."""
        if need_mb > self.free_mb:
            return False
        self.free_mb -= need_mb
        return True

    def pledge(self, need_mb: int) -> bool:
        """Set aside for later. False when even what is coming does not suffice; then nothing is left to
        those behind, who would only make the wait longer."""
        rest_mb = self.free_mb + self.coming_mb - need_mb
        self.free_mb = max(0, min(self.free_mb, rest_mb))
        self.coming_mb = max(0, rest_mb - self.free_mb)
        return rest_mb >= 0
