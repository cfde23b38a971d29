"""Questions and transactions that are under way: each at most once at a time, and at most once in a block."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Errands:
    """Keys of what is out, and the height at which each was last sent."""

    out: set[str] = field(default_factory=set)
    sent_at: dict[str, int] = field(default_factory=dict)

    def start(self, key: str, height: int) -> bool:
        """Whether the errand may go now; if so it counts as sent."""
        if key in self.out or self.sent_at.get(key, -1) >= height:
            return False
        self.out.add(key)
        self.sent_at[key] = height
        return True

    def finish(self, key: str) -> None:
        """The errand is back, whatever it brought."""
        self.out.discard(key)

    def forget(self, prefix: str) -> None:
        """The family of errands is over; what is still out is answered to nobody."""
        self.out = {key for key in self.out if not key.startswith(prefix)}
        self.sent_at = {key: height for key, height in self.sent_at.items() if not key.startswith(prefix)}
