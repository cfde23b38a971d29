"""Where a model goes, and whom to evict for it, or that nothing will do.

A model lies on one device when any device can ever hold it: of those where it fits, the one that has most
left. One that is larger than each device is spread over as few as needed, in proportion to their room. All
amounts are MiB; a vector has an entry for each device.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mlnode.ledger import Device, Shares


def place(need_mb: int, devices: Sequence[Device], free: Sequence[int], alone: bool) -> Shares | None:
    """Shares of a model within what is free; None when it does not fit. `alone`: on one device only.

    The share of each device holds its overhead too."""
    net = compute_net(devices, free)
    best = max(range(len(net)), key=lambda index: (net[index], -index))
    if net[best] >= need_mb:
        return _shares(devices, {best: need_mb})
    if alone:
        return None
    pool = _find_pool(need_mb, net)
    if not pool:
        return None
    return _shares(devices, dict(zip(pool, split(need_mb, [net[i] for i in pool]), strict=True)))


def compute_net(devices: Sequence[Device], free: Sequence[int]) -> list[int]:
    """What a new worker could use for its model on each device."""
    return [max(0, mb - device.overhead_mb) for device, mb in zip(devices, free, strict=True)]


def split(total_mb: int, room: Sequence[int]) -> list[int]:
    """The total in proportion to the room of each, in whole MiB, none above its room. There is room."""
    whole = sum(room)
    parts = [total_mb * mb // whole for mb in room]
    for index, mb in enumerate(room):
        parts[index] += min(mb - parts[index], total_mb - sum(parts))
    return parts


def list_pools(need_mb: int, devices: Sequence[Device], rooms: Sequence[int]) -> list[tuple[int, ...]]:
    """The sets of devices that a model can be placed on at all: single ones, else the fewest with the most
    room. `rooms` is what could be given to it if everything that may go went. Empty: it can never fit."""
    net = compute_net(devices, rooms)
    alone: list[tuple[int, ...]] = [(index,) for index, mb in enumerate(net) if mb >= need_mb]
    if alone:
        return alone
    pool = _find_pool(need_mb, net)
    return [pool] if pool else []


def _find_pool(need_mb: int, net: Sequence[int]) -> tuple[int, ...]:
    """The fewest devices that hold a model together; none when all of them do not."""
    pool: list[int] = []
    for index in sorted(range(len(net)), key=lambda index: (-net[index], index)):
        pool.append(index)
        if sum(net[i] for i in pool) >= need_mb:
            return tuple(pool)
    return ()


def _shares(devices: Sequence[Device], parts: dict[int, int]) -> Shares:
    return tuple(
        parts[index] + device.overhead_mb if parts.get(index) else 0 for index, device in enumerate(devices)
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance that may be evicted."""

    model: str
    shares: Shares
    since_ms: int
    """Of an idle one: its last use; of a busy one: when it became ready. The earlier goes first."""
    busy: bool
    """It must be drained before it can go."""
    draining: bool = False
    """It is being drained already."""

    @property
    def order(self) -> tuple[bool, bool, int, str]:
        return (self.busy, not self.draining, self.since_ms, self.model)


@dataclass(slots=True)
class Outlook:
    """Memory as a queue of claims sees it: free now, and on its way.

    A claim that cannot be met yet keeps what it will need, so that smaller ones behind it cannot eat it up
    for ever."""

    devices: Sequence[Device]
    free: list[int]
    coming: list[int]

    def take(self, shares: Shares) -> None:
        """Use free memory for a load."""
        self.free = list(map(int.__sub__, self.free, shares))

    def expect(self, shares: Shares) -> None:
        """Somebody is on the way out."""
        self.coming = _added(self.coming, shares)

    def ahead(self) -> list[int]:
        """What there will be on each device."""
        return _added(self.free, self.coming)

    def compute_short_mb(self, need_mb: int, pool: Sequence[int], ahead: Sequence[int]) -> int:
        """What a model lacks on a pool of devices with so much memory; 0 or less: nothing."""
        return need_mb - sum(max(0, ahead[index] - self.devices[index].overhead_mb) for index in pool)

    def find_nearest(self, need_mb: int, pools: Sequence[Sequence[int]]) -> Sequence[int]:
        """The pool on which a model lacks least."""
        return min(pools, key=lambda pool: self.compute_short_mb(need_mb, pool, self.ahead()))

    def pledge(self, need_mb: int, pool: Sequence[int]) -> None:
        """Set aside for later, what is coming first. Where even that does not suffice nothing is left to
        those behind, who would only make the wait longer."""
        ahead = self.ahead()
        net = compute_net(self.devices, ahead)
        room = [net[index] for index in pool]
        suffices = sum(room) >= need_mb
        parts = split(need_mb, room) if suffices else room
        for index, part in zip(pool, parts, strict=True):
            kept_mb = part + self.devices[index].overhead_mb if part else 0
            rest_mb = ahead[index] - kept_mb if suffices else 0
            self.free[index] = max(0, min(self.free[index], rest_mb))
            self.coming[index] = max(0, rest_mb - self.free[index])


def choose_victims(
    need_mb: int, pools: Sequence[Sequence[int]], outlook: Outlook, candidates: Sequence[Candidate]
) -> tuple[Sequence[int], tuple[str, ...]] | None:
    """The pool to make room on and whom to evict there, or None where not even all of them suffice.

    The cheapest choice wins: fewest that have to be drained, then those that were not used for longest,
    then the fewest."""
    found = [(pool, _victims_on(need_mb, pool, outlook, candidates)) for pool in pools]
    possible = [(pool, victims) for pool, victims in found if victims is not None]
    if not possible:
        return None
    pool, chosen = min(possible, key=lambda choice: _cost(choice[1]))
    return pool, tuple(candidate.model for candidate in chosen)


def _cost(victims: Sequence[Candidate]) -> tuple[int, int, int, int]:
    fresh = sum(victim.busy and not victim.draining for victim in victims)
    latest_ms = max((victim.since_ms for victim in victims), default=-1)
    return fresh, sum(victim.busy for victim in victims), latest_ms, len(victims)


def _victims_on(
    need_mb: int, pool: Sequence[int], outlook: Outlook, candidates: Sequence[Candidate]
) -> list[Candidate] | None:
    """Idle ones before busy ones, within each the earlier first; then whoever is not needed is let off, the
    latest first: an eviction that does not help is not made."""
    ahead = outlook.ahead()
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.order):
        if outlook.compute_short_mb(need_mb, pool, ahead) <= 0:
            break
        if any(candidate.shares[index] for index in pool):
            chosen.append(candidate)
            ahead = _added(ahead, candidate.shares)
    if outlook.compute_short_mb(need_mb, pool, ahead) > 0:
        return None
    for candidate in reversed(list(chosen)):
        without = list(map(int.__sub__, ahead, candidate.shares))
        if outlook.compute_short_mb(need_mb, pool, without) <= 0:
            chosen.remove(candidate)
            ahead = without
    return chosen


def _added(vector: Sequence[int], shares: Sequence[int]) -> list[int]:
    return list(map(int.__add__, vector, shares))
