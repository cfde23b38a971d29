"""The node's numbers for Prometheus, read from the loop at each scrape: nothing is counted twice."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mlnode.instance import InstanceState
from mlnode.io.loop import Loop
from mlnode.io.status import show_state

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render_metrics(loop: Loop) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry()
    registry.register(_Numbers(loop))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def collect(self) -> Iterator[Metric]:
        yield from self._totals()
        yield from self._memory()
        yield from self._models()

    def _totals(self) -> Iterator[Metric]:
        counts, residents = self._loop.counts, self._loop.scheduler.residents
        requests = CounterMetricFamily(
            "mlnode_requests", "Ended requests by outcome: ok, cancelled, or why not.", labels=["outcome"]
        )
        for outcome, count in sorted(counts.requests.items()):
            requests.add_metric([outcome.lower()], count)
        yield requests
        tokens = CounterMetricFamily("mlnode_tokens", "Tokens of finished requests.", labels=["kind"])
        tokens.add_metric(["prompt"], counts.tokens_prompt)
        tokens.add_metric(["generated"], counts.tokens_generated)
        yield tokens
        yield CounterMetricFamily("mlnode_loads", "Workers started.", residents.loads_total)
        yield CounterMetricFamily(
            "mlnode_evictions", "Workers ended to make room.", residents.evictions_total
        )
        first = CounterMetricFamily("mlnode_first_token_seconds", "Time from arrival to first text, summed.")
        first.add_metric([], counts.first_token_s)
        yield first
        answered = CounterMetricFamily("mlnode_first_tokens", "Answers that had a first text.")
        answered.add_metric([], counts.first_tokens)
        yield answered

    def _memory(self) -> Iterator[Metric]:
        ledger = self._loop.scheduler.residents.ledger
        megabytes = GaugeMetricFamily("mlnode_memory_megabytes", "The ledger, MiB.", labels=["what"])
        megabytes.add_metric(["budget"], ledger.budget_mb)
        megabytes.add_metric(["margin"], ledger.margin_mb)
        megabytes.add_metric(["reserved"], ledger.used_mb)
        yield megabytes

    def _models(self) -> Iterator[Metric]:
        scheduler = self._loop.scheduler
        gauges = {
            name: GaugeMetricFamily(f"mlnode_model_{name}", text, labels=["model"])
            for name, text in (
                ("queue", "Requests waiting."),
                ("inflight", "Requests in a slot."),
                ("ready", "1 when the model answers."),
                ("measured_megabytes", "Memory measured after the load, MiB."),
            )
        }
        states = GaugeMetricFamily(
            "mlnode_model_state", "1 for the present state.", labels=["model", "state"]
        )
        for model, instance in sorted(scheduler.residents.instances.items()):
            line = scheduler.requests.lines.get(model)
            gauges["queue"].add_metric([model], len(line.waiting) if line else 0)
            gauges["inflight"].add_metric([model], len(instance.active))
            gauges["ready"].add_metric([model], instance.state is InstanceState.READY)
            gauges["measured_megabytes"].add_metric([model], instance.measured_mb)
            states.add_metric([model, show_state(instance.state)], 1)
        yield from gauges.values()
        yield states
