"""What a chain process tells Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from chain.block import BlockResult

disable_created_metrics()  # type: ignore[no-untyped-call]
PREFIX = "meshkeeper_chain_"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._height = _gauge(registry, "height", "Last committed height.")
        self._blocks = _counter(registry, "blocks", "Blocks committed by this process.")
        self._txs = _counter(
            registry, "txs", "Transactions in blocks, by reason; empty for success.", "reason"
        )
        self._checks = _counter(registry, "checks", "Transactions handed in, by reason.", "reason")
        self._mempool_txs = _gauge(registry, "mempool_txs", "Transactions that wait.")
        self._mempool_bytes = _gauge(registry, "mempool_bytes", "Bytes of transactions that wait.")
        self._queries = _counter(registry, "queries", "Queries, by path and reason.", "path", "reason")
        self._followers = _gauge(registry, "followers", "Open streams of blocks.")
        self._finalise = _histogram(registry, "finalise_seconds", "Executing a block.")
        self._write = _histogram(registry, "write_seconds", "Writing a block to SQL.")
        self._block = _histogram(registry, "block_seconds", "A block from proposal to telling.")

    def standing(self, height: int) -> None:
        """The chain stands at a height, found so at start."""
        self._height.set(height)

    def committed(
        self, height: int, result: BlockResult, finalise_s: float, write_s: float, block_s: float
    ) -> None:
        """A block was committed."""
        self._height.set(height)
        self._blocks.inc()
        for tx in result.tx_results:
            self._txs.labels(tx.reason).inc()
        self._finalise.observe(finalise_s)
        self._write.observe(write_s)
        self._block.observe(block_s)

    def checked(self, reason: str) -> None:
        """A transaction was handed in."""
        self._checks.labels(reason).inc()

    def waiting(self, count: int, size_bytes: int) -> None:
        """So much waits for a block."""
        self._mempool_txs.set(count)
        self._mempool_bytes.set(size_bytes)

    def queried(self, path: str, reason: str) -> None:
        """A query was answered."""
        self._queries.labels(path, reason).inc()

    def follower(self, change: int) -> None:
        """A stream was opened (1) or closed (-1)."""
        self._followers.inc(change)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


def _gauge(registry: CollectorRegistry, name: str, says: str) -> Gauge:
    return Gauge(PREFIX + name, says, registry=registry)


def _counter(registry: CollectorRegistry, name: str, says: str, *labels: str) -> Counter:
    return Counter(PREFIX + name, says, labels, registry=registry)


def _histogram(registry: CollectorRegistry, name: str, says: str) -> Histogram:
    return Histogram(PREFIX + name, says, buckets=SECONDS, registry=registry)
