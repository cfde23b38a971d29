"""Requests in line for one model: first come, first served, none for ever.

A request waits at most `max_wait_ms`, counted from its arrival on one clock. One that is tried again after
its worker died stands at the front, and only the time that it waits counts.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from mlnode.mode import Kind

RETRY_AFTER_S_MAX = 60
SERVICE_FIRST_MS = 1_000
"""Guess of how long an answer takes, before there was one."""


@dataclass(slots=True)
class Request:
    """One request, from its arrival to its end."""

    id: int
    model: str
    kind: Kind
    arrived_ms: int
    deadline_ms: int
    """When its wait ends without success."""
    granted_ms: int = 0
    streamed: bool = False
    """The client has a part of the answer."""
    retried: bool = False


@dataclass(slots=True)
class Line:
    """Who waits for a model, and how long its answers take."""

    waiting: deque[Request] = field(default_factory=deque)
    service_ms: int = SERVICE_FIRST_MS
    """Running mean of the time from slot to end, the newest answer weighing a quarter."""

    @property
    def oldest_ms(self) -> int:
        """Arrival of the first in line; the line is not empty."""
        return min(request.arrived_ms for request in self.waiting)

    def put_back(self, request: Request, now_ms: int) -> None:
        """Once more, at the front; the time in the slot is not waiting."""
        request.deadline_ms += now_ms - request.granted_ms
        request.retried = True
        self.waiting.appendleft(request)

    def pop_expired(self, now_ms: int) -> Iterator[Request]:
        """Take out everybody whose time is up."""
        for request in [request for request in self.waiting if request.deadline_ms <= now_ms]:
            self.waiting.remove(request)
            yield request

    def note_service(self, took_ms: int) -> None:
        """An answer took this long."""
        self.service_ms = max(1, (3 * self.service_ms + took_ms) // 4)

    def compute_retry_after_s(self, slots: int, ahead_ms: int = 0) -> int:
        """Seconds until a newcomer can hope for a slot: the line's length times the mean service time over
        the slots, and what a load under way still takes; rounded up, 1 to 60."""
        work_ms = (len(self.waiting) + 1) * self.service_ms // max(1, slots) + ahead_ms
        return min(RETRY_AFTER_S_MAX, max(1, -(-work_ms // 1000)))
