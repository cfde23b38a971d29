"""What a node has done since its start, counted where it happens: for Prometheus and for `/status`.

Nothing here decides anything. Times are told: `now_s` and `now_ms` are readings of one monotonic clock. What
is counted for a model goes with the model: `forget` drops what is no longer in the folder, so that the labels
of the metrics stay as few as the models are.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from mlnode.actions import Action, EndWorker, SpawnWorker
from mlnode.events import Event, WorkerExited, WorkerLoaded
from mlnode.instance import EndReason

INTER_TOKEN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
WAIT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
LOAD_S = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
REQUEST_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of what is counted together, seconds. Above the last there is one more class."""

PACE_WINDOW_S = 5.0
PACE_GRAIN_S = 0.25


class Histogram:
    """How often a time fell into which class."""

    __slots__ = ("_counts", "_sum_s", "bounds_s")

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = tuple(bounds_s)
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count a time, or `times` equal ones."""
        self._counts[bisect_left(self.bounds_s, seconds)] += times
        self._sum_s += seconds * times

    @property
    def count(self) -> int:
        return sum(self._counts)

    @property
    def sum_s(self) -> float:
        return self._sum_s

    def cumulate(self) -> list[tuple[str, int]]:
        """For each upper bound, as text, how many lie at or below it; the last is `+Inf`."""
        bounds = [*(str(bound) for bound in self.bounds_s), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))


class Pace:
    """Tokens a second of the last five seconds, or since the first token in them."""

    __slots__ = ("_grains",)

    def __init__(self) -> None:
        self._grains: deque[tuple[float, int]] = deque()

    def note(self, n_tokens: int, now_s: float) -> None:
        """So many tokens came."""
        if self._grains and now_s - self._grains[-1][0] < PACE_GRAIN_S:
            start_s, before = self._grains.pop()
            self._grains.append((start_s, before + n_tokens))
        else:
            self._grains.append((now_s, n_tokens))
        self._drop_old(now_s)

    def compute(self, now_s: float) -> float:
        """The pace; 0 when nothing came for the whole window."""
        self._drop_old(now_s)
        if not self._grains:
            return 0.0
        span_s = max(PACE_GRAIN_S, now_s - self._grains[0][0])
        return sum(n_tokens for _, n_tokens in self._grains) / span_s

    def _drop_old(self, now_s: float) -> None:
        while self._grains and now_s - self._grains[0][0] > PACE_WINDOW_S:
            self._grains.popleft()


@dataclass(slots=True)
class ModelFigures:
    """One model's."""

    requests: dict[str, int] = field(default_factory=dict)
    """Ended requests by outcome: `ok`, `cancelled`, or the refusal's reason."""
    tokens_prompt: int = 0
    tokens_cached: int = 0
    """Prompt tokens that were not computed again."""
    tokens_generated: int = 0
    loads: dict[str, int] = field(default_factory=dict)
    """By outcome: `ok`, `failed`, or `ended` when the worker was told to go before."""
    evictions: dict[str, int] = field(default_factory=dict)
    """Workers told to go, by `EndReason`; neither hung ones nor those that end with the node."""
    crashes: int = 0
    """Workers that ended although nobody had told them to, or hung; failed loads are not among them."""
    queue_wait: Histogram = field(default_factory=lambda: Histogram(WAIT_S))
    load: Histogram = field(default_factory=lambda: Histogram(LOAD_S))
    first_token: Histogram = field(default_factory=lambda: Histogram(WAIT_S))
    inter_token: Histogram = field(default_factory=lambda: Histogram(INTER_TOKEN_S))
    request: Histogram = field(default_factory=lambda: Histogram(REQUEST_S))
    pace: Pace = field(default_factory=Pace)


@dataclass(slots=True)
class Figures:
    """The whole node's."""

    models: dict[str, ModelFigures] = field(default_factory=dict)
    """Under the empty name: requests for models that are not there."""
    http: dict[tuple[str, int], int] = field(default_factory=dict)
    """HTTP requests by path and status."""
    refusals: dict[str, int] = field(default_factory=dict)
    """HTTP requests answered by a refusal, by its code."""
    _loading_since_ms: dict[int, int] = field(default_factory=dict)
    """Workers that have not said that they are loaded."""
    _told: dict[int, EndReason] = field(default_factory=dict)

    def of(self, model: str) -> ModelFigures:
        """A model's figures, made when they are asked for the first time."""
        found = self.models.get(model)
        if found is None:
            found = self.models[model] = ModelFigures()
        return found

    def note_action(self, action: Action, now_ms: int) -> None:
        """The scheduler wants something done to a worker; other actions count nothing here."""
        match action:
            case SpawnWorker():
                self._loading_since_ms[action.worker] = now_ms
            case EndWorker():
                if action.worker not in self._told and action.reason not in (EndReason.HUNG, EndReason.DRAIN):
                    _add(self.of(action.model).evictions, action.reason.value)
                self._told[action.worker] = action.reason

    def note_event(self, event: Event, now_ms: int) -> None:
        """A worker was loaded, or ended; other events count nothing here."""
        match event:
            case WorkerLoaded(model, worker):
                began_ms = self._loading_since_ms.pop(worker, None)
                if began_ms is not None:
                    _add(self.of(model).loads, "ok")
                    self.of(model).load.observe((now_ms - began_ms) / 1000)
            case WorkerExited(model, worker):
                told = self._told.pop(worker, None)
                asked = told is not None and told is not EndReason.HUNG
                if self._loading_since_ms.pop(worker, None) is not None:
                    _add(self.of(model).loads, "ended" if asked else "failed")
                elif not asked:
                    self.of(model).crashes += 1

    def note_tokens(self, model: str, n_new: int, since_s: float | None, now_s: float) -> None:
        """A step brought tokens of an answer; `since_s` after its tokens before, None for the first."""
        figures = self.of(model)
        figures.tokens_generated += n_new
        figures.pace.note(n_new, now_s)
        if since_s is not None:
            figures.inter_token.observe(since_s / n_new, n_new)

    def note_end(self, model: str, outcome: str, took_s: float) -> None:
        """A request is over, for whoever asked. `took_s` is from its arrival."""
        figures = self.of(model)
        _add(figures.requests, outcome)
        if outcome == "ok":
            figures.request.observe(took_s)

    def note_http(self, path: str, status: int, refusal: str) -> None:
        """An HTTP request was answered; `refusal` is the error's code, or empty."""
        self.http[path, status] = self.http.get((path, status), 0) + 1
        if refusal:
            _add(self.refusals, refusal)

    def sum_requests(self) -> dict[str, int]:
        """Ended requests of all models by outcome."""
        total: dict[str, int] = {}
        for figures in self.models.values():
            for outcome, count in figures.requests.items():
                _add(total, outcome, count)
        return total

    def forget(self, keep: Container[str]) -> None:
        """Drop the figures of models that are neither in the folder nor in memory."""
        for model in [model for model in self.models if model and model not in keep]:
            del self.models[model]


def _add(counts: dict[str, int], key: str, count: int = 1) -> None:
    counts[key] = counts.get(key, 0) + count
