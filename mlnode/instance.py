"""One model's life in memory: a transition table, and how long to stay away after a failure.

    UNLOADED --load--> LOADING --loaded--> READY --close_gate--> DRAINING --reopen--> READY
                          |                  |                      |
                          +------end---------+---------end----------+--> ENDING --exited--> UNLOADED
                          |                  |                      |
                          +-----exited-------+--------exited--------+--> FAILED --load--> LOADING

A gate is closed to let running requests finish, and opens again when nobody wants the memory any more.
ENDING means that the worker was told to go and is not reaped yet: until then its memory is not free. To the
outside it is DRAINING.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mlnode.contexts import KvType

Fingerprint = tuple[int, int, int]
"""Inode, size and time of change of a file: another file when one of them differs."""


class EndReason(Enum):
    """Why a worker has to go."""

    ROOM = "room"
    """Its memory is for another model."""
    OUTGROWN = "outgrown"
    """It takes more than was reserved and more than is free; it comes back with the right reservation."""
    COMMAND = "command"
    """A broker's command: stop, or serve the model with other parameters."""
    HAND = "hand"
    """An operator unloads it."""
    IDLE = "idle"
    """Nobody used it for its time to live."""
    FILE = "file"
    """Its file is another one now, or gone."""
    UNWANTED = "unwanted"
    """It still loads, and whoever waited for it is gone."""
    HUNG = "hung"
    """It makes no progress."""
    DRAIN = "drain"
    """The node shuts down."""


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
"""With this many in the window the breaker opens for one window. After that one load is tried, and a crash
before the first answer opens it again."""
RESIDENCY_MIN_MS, RESIDENCY_MAX_MS = 500, 10_000
"""Bounds of twice the load time: what a load must be worth before it is undone."""
QUANTUM_MS = 5_000
"""A model keeps its memory this long while others wait, so that alternating requests do not only load; not
against somebody who has waited for half of what he may."""
BAD_FILES_MAX = 16
"""Files of one name that are known to be bad: whoever replaces one by another does so a few times."""
LOAD_FIRST_MS = 1_000
"""Guess of how long a load takes, before there was one."""

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
    prefix_cache_mb: int = 0
    check_tensors: bool = False


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
    n_threads: int = 0
    """CPU threads that the worker has now."""
    fingerprint: Fingerprint = (0, 0, 0)
    """Of the file that the worker loaded."""
    leaving: EndReason | None = None
    """Why it is drained, when that is not for another model's sake: it will not open its gate again."""
    loading_since_ms: int = 0
    load_progress_ms: int = 0
    """When the load last came further."""
    load_permille: int = 0
    ready_at_ms: int = 0
    load_ms: int = 0
    """How long the last load took."""
    load_mean_ms: int = LOAD_FIRST_MS
    """Running mean of the loads, the newest weighing a quarter."""
    last_used_ms: int = 0
    measured_mb: int = 0
    expired: bool = False
    """It went because nobody used it, and would come back."""
    crashes_ms: list[int] = field(default_factory=list)
    failures: int = 0
    """Crashes since the last answer."""
    tripped: bool = False
    """The breaker opened, and no answer has closed it since."""
    retry_at_ms: int = 0
    last_error: str = ""
    broken: str = ""
    """Why the present file cannot be loaded; empty when nothing is known against it."""
    bad_files: dict[Fingerprint, str] = field(default_factory=dict)
    """Files of this name that could not be loaded, the newest last, and why."""
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
        """A worker exists."""
        return self.state is not InstanceState.UNLOADED and self.state is not InstanceState.FAILED

    @property
    def staying(self) -> bool:
        """A worker exists, and unless memory is needed it answers, now or when it is loaded."""
        ending = self.state is InstanceState.ENDING or self.leaving is not None or self.given_up
        return self.resident and not ending

    def take_slot(self, request: int, now_ms: int) -> None:
        """A request begins. Patience with an idle worker begins with it."""
        if not self.active:
            self.progress_ms = now_ms
        self.active.add(request)
        self.last_used_ms = now_ms

    def free_slot(self, request: int, now_ms: int) -> None:
        """The worker has answered: what failed before it is forgiven."""
        self.active.discard(request)
        self.last_used_ms = now_ms
        self.failures, self.tripped = 0, False

    def note_load(self, now_ms: int) -> None:
        """The model answers from now on."""
        self.step(Step.LOADED)
        self.load_ms = now_ms - self.loading_since_ms
        self.load_mean_ms = (3 * self.load_mean_ms + self.load_ms) // 4 if self.ready_at_ms else self.load_ms
        self.ready_at_ms = self.last_used_ms = self.progress_ms = self.beat_ms = now_ms
        self.last_error = ""

    def note_progress(self, permille: int, now_ms: int) -> bool:
        """A load came further; False when it did not."""
        loading = self.state is InstanceState.LOADING and not self.given_up
        if not loading or permille <= self.load_permille:
            return False
        self.load_permille, self.load_progress_ms = permille, now_ms
        return True

    def note_beat(self, steps: int, working: bool, now_ms: int) -> None:
        """The worker lives; it made progress when it made steps or had nothing to do."""
        self.beat_ms = now_ms
        if steps != self.steps or not working:
            self.steps, self.progress_ms = steps, now_ms

    def note_crash(self, why: str, now_ms: int) -> None:
        """Count a crash: the next load waits 0.5 s, doubled for each crash since the last answer, 30 s at
        most; and a whole window when the breaker opens."""
        self.last_error = why
        self.crashes_ms = [at for at in self.crashes_ms if now_ms - at < CRASH_WINDOW_MS] + [now_ms]
        self.retry_at_ms = now_ms + min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** min(self.failures, 10))
        self.failures += 1
        if self.tripped or len(self.crashes_ms) >= CRASHES_MAX:
            self.tripped = True
            self.retry_at_ms = now_ms + CRASH_WINDOW_MS

    def note_bad_file(self, why: str) -> None:
        """No second attempt can load the file that the worker had."""
        self.bad_files[self.fingerprint] = why
        if len(self.bad_files) > BAD_FILES_MAX:
            del self.bad_files[next(iter(self.bad_files))]

    def take_file(self, fingerprint: Fingerprint) -> None:
        """The file is another one now: it starts with its own record."""
        self.broken = self.bad_files.get(fingerprint, "")
        self.retry_at_ms, self.failures, self.tripped = 0, 0, False
        self.crashes_ms.clear()

    def compute_broken_ms(self, now_ms: int) -> int:
        """Milliseconds until the breaker lets one load try; 0 when it is not open."""
        if not self.tripped or self.state is not InstanceState.FAILED:
            return 0
        return max(0, self.retry_at_ms - now_ms)

    def compute_load_ahead_ms(self, now_ms: int) -> int:
        """How long it takes until the model answers, as far as that is known; 0 when it does."""
        match self.state:
            case InstanceState.READY:
                return 0
            case InstanceState.LOADING:
                return max(0, self.loading_since_ms + self.load_mean_ms - now_ms)
            case _:
                return self.load_mean_ms + max(0, self.retry_at_ms - now_ms)

    def compute_turn_ms(self) -> tuple[int, int]:
        """Until when it keeps its memory while it is busy. Against the urgent: twice what loading took,
        within bounds. Against others: a quantum of service at least."""
        worth_ms = min(RESIDENCY_MAX_MS, max(RESIDENCY_MIN_MS, 2 * self.load_ms))
        return self.ready_at_ms + worth_ms, self.ready_at_ms + max(worth_ms, QUANTUM_MS)
