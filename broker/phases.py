"""The phase tracker: folds blocks into height, epoch, phase and freshness.

Blocks are taken in order; one that is not newer than the last changes nothing, and a gap is simply passed
over, because every block carries the whole of where the chain stands.
"""

from dataclasses import dataclass

from broker.facts import Block, EpochView


@dataclass(frozen=True, slots=True)
class Advance:
    """What a block changed."""

    phase_changed: bool
    effective_changed: bool
    latest_changed: bool


@dataclass(slots=True)
class PhaseTracker:
    """Where the chain stands, as far as this broker has heard.

    `stale_after_s` is how long silence is trusted.
    """

    stale_after_s: float
    height: int = 0
    time_ns: int = 0
    epoch: EpochView | None = None
    heard_at: float = 0.0
    catching_up: bool = False
    lost: str = "no block has been received yet"

    def fold(self, block: Block, catching_up: bool, now: float) -> Advance | None:
        """Take a block in; None when it is old news."""
        if block.height <= self.height:
            return None
        before, self.epoch = self.epoch, block.epoch
        self.height, self.time_ns = block.height, block.time_ns
        self.heard_at, self.catching_up, self.lost = now, catching_up, ""
        return Advance(
            before is None or before.phase != block.epoch.phase,
            before is None or before.effective_epoch_index != block.epoch.effective_epoch_index,
            before is None or before.latest_epoch_index != block.epoch.latest_epoch_index,
        )

    @property
    def effective_index(self) -> int:
        """Index of the epoch in effect, 0 before any block was heard."""
        return self.epoch.effective_epoch_index if self.epoch else 0

    def lose(self, reason: str) -> None:
        """The stream broke: nothing is trusted until the next block."""
        self.lost = reason

    def get_fresh(self, now: float) -> EpochView | None:
        """Where the chain stands, or None when that is not known well enough to act on."""
        return None if self.explain_staleness(now) else self.epoch

    def explain_staleness(self, now: float) -> str:
        """Why nothing is done, "" when all is well."""
        if self.lost or self.epoch is None:
            return self.lost
        if self.catching_up:
            return f"still catching up with the chain at height {self.height}"
        silence_s = now - self.heard_at
        if silence_s > self.stale_after_s:
            return f"no block for {silence_s:.0f} s"
        return ""
