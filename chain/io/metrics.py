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

disable_created_metrics()
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        named = {"namespace": "meshkeeper", "subsystem": "chain", "registry": self._registry}
        self._height = Gauge("height", "Last committed height.", **named)
        self._blocks = Counter("blocks", "Blocks committed by this process.", **named)
        self._txs = Counter(
            "txs", "Transactions in committed blocks, by reason; empty for success.", ["reason"], **named
        )
        self._checks = Counter(
            "checks", "Transactions handed in, by reason; empty for success.", ["reason"], **named
        )
        self._mempool_txs = Gauge("mempool_txs", "Transactions that wait.", **named)
        self._mempool_bytes = Gauge("mempool_bytes", "Bytes of transactions that wait.", **named)
        self._queries = Counter(
            "queries", "Queries answered, by path and reason.", ["path", "reason"], **named
        )
        self._followers = Gauge("followers", "Open streams of blocks.", **named)
        self._finalise = Histogram("finalise_seconds", "Executing a block.", buckets=SECONDS, **named)
        self._write = Histogram("write_seconds", "Writing a block to SQL.", buckets=SECONDS, **named)
        self._block = Histogram(
            "block_seconds", "A block from proposal to telling.", buckets=SECONDS, **named
        )

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
