"""The node's numbers for Prometheus, read from the loop at each scrape: nothing is counted twice.

Names begin with `meshkeeper_mlnode_`, units are seconds and bytes, and the label `model` takes only names of
files in the models' folder. `docs/operator.md` says what to look at.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mlnode import __version__
from mlnode.figures import Histogram, ModelFigures
from mlnode.io.loop import Loop
from mlnode.io.views import MODEL_STATES, DeviceView, ModelView, see_devices, see_models, see_yield
from mlnode.mode import Activity

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "meshkeeper_mlnode_"
MIB = 1024 * 1024

_GAUGES: tuple[tuple[str, str, Callable[[ModelView], float | None]], ...] = (
    ("queue_length", "Requests waiting for a slot.", lambda m: m.queue),
    ("inflight_requests", "Requests in a slot.", lambda m: m.inflight),
    ("slots", "Requests that the model answers at once.", lambda m: m.slots),
    (
        "tokens_per_second",
        "Tokens generated a second, over the last five seconds.",
        lambda m: m.tokens_per_s,
    ),
    ("estimated_bytes", "Memory by the formula over the file's header.", lambda m: _bytes(m.formula_mb)),
    (
        "probed_bytes",
        "Memory as llama.cpp tells it without loading; absent when not probed.",
        lambda m: _bytes(m.probed_mb),
    ),
    (
        "measured_bytes",
        "Memory measured after the last load; absent when not loaded.",
        lambda m: _bytes(m.measured_mb),
    ),
    ("resident_bytes", "Resident memory of the worker process now.", lambda m: m.resident_bytes),
    ("load_progress_ratio", "How far a load has come; absent when none is under way.", lambda m: m.progress),
    ("breaker_open", "1 while nothing is loaded because it crashed too often.", lambda m: m.breaker_open),
    ("pinned", "1 when it is never evicted for others.", lambda m: m.pinned),
)
_COUNTERS: tuple[tuple[str, str, str, Callable[[ModelFigures], dict[str, int]]], ...] = (
    ("requests", "Ended requests by outcome: ok, cancelled, or why not.", "outcome", lambda f: f.requests),
    (
        "tokens",
        "Tokens of prompts, those of them that were not computed again, and tokens generated.",
        "kind",
        lambda f: {"prompt": f.tokens_prompt, "cached": f.tokens_cached, "generated": f.tokens_generated},
    ),
    ("loads", "Loads by outcome: ok, failed, or ended before they were done.", "outcome", lambda f: f.loads),
    ("evictions", "Workers told to go, by reason.", "reason", lambda f: f.evictions),
)
_HISTOGRAMS: tuple[tuple[str, str, Callable[[ModelFigures], Histogram]], ...] = (
    ("queue_wait_seconds", "From a request's arrival to its slot, a load included.", lambda f: f.queue_wait),
    ("time_to_first_token_seconds", "From a request's arrival to its first text.", lambda f: f.first_token),
    ("inter_token_seconds", "Between two tokens of one answer.", lambda f: f.inter_token),
    ("request_seconds", "From a request's arrival to the end of its answer.", lambda f: f.request),
    ("load_seconds", "From the start of a worker to its readiness.", lambda f: f.load),
)


class Metrics:
    """What a scrape is answered from."""

    def __init__(self, loop: Loop) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Numbers(loop))
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)


class _Numbers(Collector):
    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def collect(self) -> Iterator[Metric]:
        models = see_models(self._loop)
        self._loop.figures.forget({view.model for view in models})
        yield InfoMetricFamily(PREFIX + "build", "The version that runs.", {"version": __version__})
        yield from self._node()
        yield from _show_devices(see_devices(self._loop))
        yield from _show_models(models)
        yield from _show_figures(self._loop.figures.models)

    def _node(self) -> Iterator[Metric]:
        scheduler, figures = self._loop.scheduler, self._loop.figures
        activity = _gauge("activity", "1 for what the node does now.", "activity")
        for each in Activity:
            activity.add_metric([each.value], each is scheduler.mission.activity)
        yield activity
        draining = _gauge("draining", "1 while the node shuts down.")
        draining.add_metric([], scheduler.draining_until_ms is not None)
        yield draining
        answered = _counter("http_requests", "HTTP requests by path and status.", "path", "status")
        for (path, status), count in sorted(figures.http.items()):
            answered.add_metric([path, str(status)], count)
        yield answered
        refused = _counter("http_refusals", "HTTP requests answered by an error, by its code.", "reason")
        for reason, count in sorted(figures.refusals.items()):
            refused.add_metric([reason], count)
        yield refused
        mined = see_yield(self._loop)
        yield _counter("poc_nonces_found", "Nonces that count, found by mining.", value=mined.found)
        yield _counter("poc_nonces_delivered", "Nonces that the broker took.", value=mined.delivered)


def _show_devices(devices: list[DeviceView]) -> Iterator[Metric]:
    for name, text, value in (
        ("device_budget_bytes", "Memory for models.", lambda d: _bytes(d.budget_mb)),
        ("device_margin_bytes", "Part of it that is never given away.", lambda d: _bytes(d.margin_mb)),
        ("device_reserved_bytes", "Part of it that models hold.", lambda d: _bytes(d.reserved_mb)),
        ("device_memory_bytes", "All memory of the device.", lambda d: _bytes(d.total_mb)),
        (
            "device_memory_available_bytes",
            "Memory that nobody uses, other programs included.",
            lambda d: _bytes(d.available_mb),
        ),
        ("device_answers", "0 for a GPU that does not answer.", lambda d: not d.problem),
        ("device_temperature_celsius", "Its temperature; GPUs only.", lambda d: d.temperature_c),
        (
            "device_utilization_ratio",
            "Share of the time it computes; GPUs only.",
            lambda d: d.used_ratio,
        ),
    ):
        gauge = _gauge(name, text, "device")
        for device in devices:
            if (number := value(device)) is not None:
                gauge.add_metric([device.name], number)
        yield gauge


def _show_models(models: list[ModelView]) -> Iterator[Metric]:
    states = _gauge("model_state", "1 for the present state.", "model", "state")
    for view in models:
        for state in MODEL_STATES:
            states.add_metric([view.model, state], view.state == state)
    yield states
    held = _gauge("model_reserved_bytes", "Memory held for the model in the ledger.", "model", "device")
    for view in models:
        for device, mebibytes in view.held_mb.items():
            held.add_metric([view.model, device], mebibytes * MIB)
    yield held
    for name, text, value in _GAUGES:
        gauge = _gauge(f"model_{name}", text, "model")
        for view in models:
            if (number := value(view)) is not None:
                gauge.add_metric([view.model], number)
        yield gauge


def _show_figures(figures: dict[str, ModelFigures]) -> Iterator[Metric]:
    ordered = sorted(figures.items())
    for name, text, label, counts in _COUNTERS:
        counter = _counter(name, text, "model", label)
        for model, each in ordered:
            for key, count in sorted(counts(each).items()):
                counter.add_metric([model, key.lower()], count)
        yield counter
    crashes = _counter("crashes", "Workers that ended although nobody had told them to, or hung.", "model")
    for model, each in ordered:
        crashes.add_metric([model], each.crashes)
    yield crashes
    for name, text, pick in _HISTOGRAMS:
        family = HistogramMetricFamily(PREFIX + name, text, labels=["model"])
        for model, each in ordered:
            if (histogram := pick(each)).count:
                family.add_metric([model], histogram.cumulate(), histogram.sum_s)
        yield family


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, labels=labels)


def _counter(name: str, text: str, *labels: str, value: float | None = None) -> CounterMetricFamily:
    return CounterMetricFamily(PREFIX + name, text, value=value, labels=labels or None)


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * MIB
