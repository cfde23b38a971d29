"""What the public interface counts, for Prometheus."""

import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The figures of one broker. `role` is transfer_agent or executor."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "meshkeeper_broker_requests", "Requests answered.", ["role", "status"], registry=self._registry
        )
        self._inflight = Gauge(
            "meshkeeper_broker_requests_inflight",
            "Requests being answered.",
            ["role"],
            registry=self._registry,
        )
        self._first_byte = Histogram(
            "meshkeeper_broker_first_byte_seconds",
            "From the request to the beginning of its answer.",
            ["role"],
            buckets=SECONDS,
            registry=self._registry,
        )

    def write(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def begin(self, role: str) -> "Passage":
        """A request came."""
        self._inflight.labels(role).inc()
        return Passage(self, role)

    def _note_first_byte(self, role: str, seconds: float) -> None:
        self._first_byte.labels(role).observe(seconds)

    def _note_end(self, role: str, status: int) -> None:
        self._inflight.labels(role).dec()
        self._requests.labels(role, str(status)).inc()


class Passage:
    """One request from its coming to its end."""

    def __init__(self, metrics: Metrics, role: str) -> None:
        self._metrics = metrics
        self._role = role
        self._began = time.monotonic()

    def note_first_byte(self) -> None:
        """The answer begins."""
        self._metrics._note_first_byte(self._role, time.monotonic() - self._began)

    def end(self, status: int) -> None:
        """The answer is over; 499 when the client left."""
        self._metrics._note_end(self._role, status)
