"""Requests in line for one model: first come, first served, none for ever.

A request waits at most `max_wait_ms`, counted from its arrival on one clock. While its own model's load makes
progress the clock stands still, unless the settings say otherwise; so that nobody waits for ever all the
same, no request waits longer than `max_wait_ms` and `PAUSE_MAX_MS` together. One that is tried again after
its worker died stands at the front, and only the time that it waits counts.
"""

from collections import deque
from dataclasses import dataclass, field

from mlnode.mode import Kind

RETRY_AFTER_S_MAX = 60
SERVICE_FIRST_MS = 1_000
"""Guess of how long an answer takes, before there was one."""
PAUSE_MAX_MS = 600_000
"""How long clocks stand still for one request at most: 70 GB from a slow disk take about that."""
FRESH_MS = 10_000
"""A load whose last progress is older than this stops no clock."""


@dataclass(slots=True)
class Clock:
    """A clock that can stand still. Between two of its calls time does not go back."""

    _stood_ms: int = 0
    _from_ms: int = 0
    _until_ms: int = 0

    def read(self, now_ms: int) -> int:
        """What it shows."""
        return now_ms - self._stood_ms - max(0, min(now_ms, self._until_ms) - self._from_ms)

    def stand(self, now_ms: int, until_ms: int) -> None:
        """Stand still from now until then."""
        self.go(now_ms)
        self._until_ms = until_ms

    def go(self, now_ms: int) -> None:
        """Run from now on."""
        self._stood_ms += max(0, min(now_ms, self._until_ms) - self._from_ms)
        self._from_ms = self._until_ms = now_ms

    def find_ms(self, reading_ms: int) -> int:
        """When it will show that, as far as is known now."""
        at_ms = reading_ms + self._stood_ms
        return at_ms if at_ms <= self._from_ms else at_ms + self._until_ms - self._from_ms


@dataclass(slots=True, eq=False)
class Request:
    """One request, from its arrival to its end."""

    id: int
    model: str
    kind: Kind
    arrived_ms: int
    deadline_ms: int
    """When its wait ends without success, on its line's clock."""
    last_ms: int
    """The same on the world's clock, however long that one stood."""
    granted_ms: int = 0
    streamed: bool = False
    """The client has a part of the answer."""
    retried: bool = False


@dataclass(slots=True)
class Line:
    """Who waits for a model, and how long its answers take."""

    waiting: deque[Request] = field(default_factory=deque)
    clock: Clock = field(default_factory=Clock)
    service_ms: int = SERVICE_FIRST_MS
    """Running mean of the time from slot to end, the newest answer weighing a quarter."""

    @property
    def oldest_ms(self) -> int:
        """Arrival of the first in line, who came before all others; the line is not empty."""
        return self.waiting[0].arrived_ms

    def put_back(self, request: Request, now_ms: int) -> None:
        """Once more, at the front; the time in the slot is not waiting. The clock ran meanwhile: the model
        was loaded."""
        request.deadline_ms += now_ms - request.granted_ms
        request.last_ms += now_ms - request.granted_ms
        request.retried = True
        self.waiting.appendleft(request)

    def pop_expired(self, now_ms: int) -> list[Request]:
        """Take out everybody whose time is up."""
        shown_ms = self.clock.read(now_ms)
        gone: list[Request] = []
        kept: list[Request] = []
        while self.waiting and (self._is_over(self.waiting[0], shown_ms, now_ms) or self.waiting[0].retried):
            request = self.waiting.popleft()
            (gone if self._is_over(request, shown_ms, now_ms) else kept).append(request)
        self.waiting.extendleft(reversed(kept))
        return gone

    def _is_over(self, request: Request, shown_ms: int, now_ms: int) -> bool:
        return request.deadline_ms <= shown_ms or request.last_ms <= now_ms

    def next_deadline_ms(self) -> int:
        """When the next one's time is up, as far as is known now; the line is not empty. Only those who are
        there again can have more time left than the ones behind them."""
        next_ms = self.waiting[0].last_ms
        for request in self.waiting:
            next_ms = min(next_ms, request.last_ms, self.clock.find_ms(request.deadline_ms))
            if not request.retried:
                break
        return next_ms

    def note_service(self, took_ms: int) -> None:
        """An answer took this long."""
        self.service_ms = max(1, (3 * self.service_ms + took_ms) // 4)

    def compute_retry_after_s(self, slots: int, ahead_ms: int = 0) -> int:
        """Seconds until who waits now is served: the line's length times the mean service time over the
        slots, and the load that comes before; rounded up, 1 to 60."""
        work_ms = -(-len(self.waiting) * self.service_ms // max(1, slots)) + ahead_ms
        return min(RETRY_AFTER_S_MAX, max(1, -(-work_ms // 1000)))
