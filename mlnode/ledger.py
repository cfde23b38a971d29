"""Who holds how much of which device's memory.

A worker's memory is booked from before it is spawned until its devices have it back, so that two loads at
once cannot both count on the same. The rule, on every device and at every instant:
sum of what is held + margin <= budget. All amounts are MiB.
"""

from dataclasses import dataclass, field

Shares = tuple[int, ...]
"""MiB on each device of a ledger, in its order; 0 where nothing lies."""


@dataclass(frozen=True, slots=True)
class Device:
    """Memory that models can lie in: the host's, or a GPU's."""

    name: str
    budget_mb: int
    margin_mb: int = 0
    """Never given away: what estimates miss."""
    gpu: int | None = None
    """Number of the GPU; None: the host."""
    overhead_mb: int = 0
    """What each worker takes here besides its part of the model: a GPU context and its workspaces."""

    @property
    def room_mb(self) -> int:
        """What could ever be given away."""
        return max(0, self.budget_mb - self.margin_mb)


@dataclass(slots=True)
class Ledger:
    """The devices, and what each worker holds of them."""

    devices: tuple[Device, ...]
    held: dict[int, Shares] = field(default_factory=dict)
    """By worker."""

    @property
    def budget_mb(self) -> int:
        return sum(device.budget_mb for device in self.devices)

    @property
    def margin_mb(self) -> int:
        return sum(device.margin_mb for device in self.devices)

    @property
    def used_mb(self) -> int:
        return sum(map(sum, self.held.values()))

    def used(self) -> list[int]:
        """Held on each device."""
        return [sum(column) for column in zip(self._nothing, *self.held.values(), strict=True)]

    def free(self) -> list[int]:
        """Still to be given away on each device."""
        return [device.room_mb - used for device, used in zip(self.devices, self.used(), strict=True)]

    def reserve(self, worker: int, shares: Shares) -> None:
        """Book memory for a worker about to be spawned. The caller has seen that it is free."""
        assert worker not in self.held and all(map(int.__le__, shares, self.free()))
        self.held[worker] = shares

    def grow(self, worker: int, measured: Shares) -> bool:
        """Book what a worker turned out to take where that is more. False, and nothing booked, when a
        device has not that much."""
        grown = tuple(map(max, self.held[worker], measured))
        more = map(int.__sub__, grown, self.held[worker])
        if not all(map(int.__le__, more, self.free())):
            return False
        self.held[worker] = grown
        return True

    def release(self, worker: int) -> None:
        """The devices have it back. Releasing twice is a bug."""
        del self.held[worker]

    def share_of(self, worker: int) -> Shares:
        """What a worker holds; nothing when there is no such worker."""
        return self.held.get(worker, self._nothing)

    @property
    def _nothing(self) -> Shares:
        return (0,) * len(self.devices)
