"""One model's life in memory: a transition table, and how long to stay away after a failure.

    UNLOADED --load--> LOADING --loaded--> READY --close_gate--> DRAINING --reopen--> READY
                          |                  |                      |
                          +------end---------+---------end----------+--> ENDING --exited--> UNLOADED
                          |                  |                      |
                          +-----exited-------+--------exited--------+--> FAILED --load--> LOADING

ENDING means that the worker was told to go and is not reaped yet: until then its memory is not free. To the
outside it is DRAINING.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mlnode.contexts import KvType


class InstanceState(Enum):
    """How far an instance has come."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    ENDING = "ending"
    FAILED = "failed"


class Step(Enum):
    """What can happen to an instance."""

    LOAD = "load"
    LOADED = "loaded"
    CLOSE_GATE = "close_gate"
    REOPEN = "reopen"
    END = "end"
    EXITED = "exited"


_S = InstanceState
TRANSITIONS: Final[Mapping[tuple[InstanceState, Step], InstanceState]] = {
    (_S.UNLOADED, Step.LOAD): _S.LOADING,
    (_S.FAILED, Step.LOAD): _S.LOADING,
    (_S.LOADING, Step.LOADED): _S.READY,
    (_S.READY, Step.CLOSE_GATE): _S.DRAINING,
    (_S.DRAINING, Step.REOPEN): _S.READY,
    (_S.LOADING, Step.END): _S.ENDING,
    (_S.READY, Step.END): _S.ENDING,
    (_S.DRAINING, Step.END): _S.ENDING,
    (_S.ENDING, Step.EXITED): _S.UNLOADED,
    (_S.LOADING, Step.EXITED): _S.FAILED,
    (_S.READY, Step.EXITED): _S.FAILED,
    (_S.DRAINING, Step.EXITED): _S.FAILED,
}

BACKOFF_FIRST_MS = 500
BACKOFF_MAX_MS = 30_000
CRASH_WINDOW_MS = 60_000
"""Crashes count together when they lie within this."""
CRASHES_MAX = 3
"""With this many in the window the breaker opens for one window."""
RESIDENCY_MIN_MS, RESIDENCY_MAX_MS = 500, 10_000
"""Bounds of twice the load time: what a load must be worth before it is undone."""
QUANTUM_MS = 5_000
"""A model keeps its memory this long while others wait, so that alternating requests do not only load."""

FINAL_CODES: Final = frozenset({"FILE_MISSING", "FILE_UNREADABLE", "NOT_GGUF", "CORRUPT", "UNSUPPORTED"})
"""Load failures that no second attempt on the same file can change."""


@dataclass(frozen=True, slots=True)
class LoadParams:
    """How a model is loaded."""

    n_ctx: int
    """Tokens of one request, prompt and answer."""
    slots: int
    n_threads: int
    n_gpu_layers: int
    n_ubatch: int = 128
    kv_type: KvType = "f16"


@dataclass(slots=True)
class Instance:
    """A model's place in memory, whether it is there or not."""

    model: str
    params: LoadParams
    state: InstanceState = InstanceState.UNLOADED
    worker: int = 0
    """Number of the present or last worker; never used twice."""
    active: set[int] = field(default_factory=set)
    """Requests that hold a slot."""
    claimed_by: str = ""
    """While draining: the model that is to have the memory."""
    loading_since_ms: int = 0
    ready_at_ms: int = 0
    load_ms: int = 0
    last_used_ms: int = 0
    measured_mb: int = 0
    learned_mb: int = 0
    """Largest memory ever measured with these parameters; an estimate is never below it."""
    crashes_ms: list[int] = field(default_factory=list)
    backoff_ms: int = 0
    retry_at_ms: int = 0
    last_error: str = ""
    broken: str = ""
    """Why this very file cannot be loaded; empty when nothing is known against it."""
    given_up: str = ""
    """Why the worker was killed although nobody asked it to go."""
    steps: int = 0
    progress_ms: int = 0
    """When the worker last made a step, or had nothing to do."""
    beat_ms: int = 0
    """When the worker was last heard of."""

    def step(self, step: Step) -> None:
        """Move along the table. Whoever asks for a step that is not in it has a bug."""
        self.state = TRANSITIONS[self.state, step]

    @property
    def resident(self) -> bool:
        """A worker exists and its memory is reserved."""
        return self.state not in (InstanceState.UNLOADED, InstanceState.FAILED)

    def take_slot(self, request: int, now_ms: int) -> None:
        """A request begins. Patience with an idle worker begins with it."""
        if not self.active:
            self.progress_ms = now_ms
        self.active.add(request)
        self.last_used_ms = now_ms

    def free_slot(self, request: int, now_ms: int) -> None:
        self.active.discard(request)
        self.last_used_ms = now_ms

    def note_beat(self, steps: int, working: bool, now_ms: int) -> None:
        """The worker lives; it made progress when it made steps or had nothing to do."""
        self.beat_ms = now_ms
        if steps != self.steps or not working:
            self.steps, self.progress_ms = steps, now_ms

    def note_crash(self, why: str, now_ms: int) -> None:
        """Count a crash: the next load waits 0.5 s, doubled for each crash in the window, 30 s at most."""
        self.last_error = why
        self.crashes_ms = [at for at in self.crashes_ms if now_ms - at < CRASH_WINDOW_MS] + [now_ms]
        doubled = BACKOFF_FIRST_MS * 2 ** (len(self.crashes_ms) - 1)
        self.backoff_ms = min(BACKOFF_MAX_MS, doubled)
        self.retry_at_ms = now_ms + self.backoff_ms
        if len(self.crashes_ms) >= CRASHES_MAX:
            self.retry_at_ms = now_ms + CRASH_WINDOW_MS

    def is_broken_until(self, now_ms: int) -> int:
        """Milliseconds until the breaker closes; 0 when it is not open."""
        if len(self.crashes_ms) < CRASHES_MAX or self.state is not InstanceState.FAILED:
            return 0
        return max(0, self.retry_at_ms - now_ms)

    def compute_residency_end_ms(self) -> int:
        """Until when the instance keeps its memory although others wait: twice what loading took, within
        bounds, and a quantum of service at least."""
        worth = min(RESIDENCY_MAX_MS, max(RESIDENCY_MIN_MS, 2 * self.load_ms))
        return self.ready_at_ms + max(worth, QUANTUM_MS)
