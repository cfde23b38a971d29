"""A node: its configuration, its operator's decision, what we intend, last saw, and have in flight."""

from dataclasses import dataclass, field
from enum import IntEnum

from broker.facts import HardwareItem


class Mode(IntEnum):
    """What a machine is for; the numbers are those of mlnode.v1.Mode."""

    UNSPECIFIED = 0
    STOPPED = 1
    INFERENCE = 2
    POC = 3


class PocStatus(IntEnum):
    """What a machine in Mode.POC does; the numbers are those of mlnode.v1.PocStatus."""

    IDLE = 0
    GENERATING = 1
    VALIDATING = 2


class ModelFileState(IntEnum):
    """How far an instance of a file is; the numbers are those of mlnode.v1.InstanceState."""

    UNSPECIFIED = 0
    UNLOADED = 1
    LOADING = 2
    READY = 3
    DRAINING = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model that the operator gives the node: its file's id and the operator's own engine arguments."""

    id: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A node as its operator describes it.

    `host` and `port` are the control interface; `http_port` 0 means the one that the node reports.
    `max_concurrent` is how many requests may be under way on it. `api_key` is what its HTTP interface asks
    for, "" for none; None in an update means: as before.
    """

    id: str
    host: str
    port: int
    models: tuple[ModelConfig, ...] = ()
    max_concurrent: int = 4
    hardware: tuple[HardwareItem, ...] = ()
    http_port: int = 0
    api_key: str | None = field(default=None, repr=False)

    @property
    def model_ids(self) -> tuple[str, ...]:
        """The files' ids, sorted."""
        return tuple(sorted(model.id for model in self.models))


@dataclass(frozen=True, slots=True)
class AdminState:
    """The operator's decision on a node: see `admin.py` for its rules.

    `epoch` is the epoch of the decision, None until the chain has been heard; `prev_epoch` the one that a
    taken-back decision returns to; `pending` a decision that waits for the chain to be heard.
    """

    enabled: bool = True
    epoch: int | None = None
    prev_epoch: int = -1
    pending: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that a node has."""

    id: str
    state: ModelFileState
    last_error: str = ""
    served_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What a node says of itself; fields as mlnode.v1.NodeState."""

    mode: Mode
    poc_status: PocStatus = PocStatus.IDLE
    generation: int = 0
    model: str = ""
    loading: bool = False
    last_error: str = ""
    poc_start_block_height: int = 0
    models: tuple[ModelFile, ...] = ()
    nonces_found: int = 0
    nonces_delivered: int = 0
    inflight: int = 0
    version: str = ""
    http_port: int = 0


@dataclass(frozen=True, slots=True)
class Spec:
    """What a node is to be, complete: two equal specs need no command in between.

    `model` is the file, `served_name` the governance model; `stage_height` and `block_hash` tell one proof of
    compute from another; rank and count are the node's frozen share of its nonces.
    """

    mode: Mode
    poc_status: PocStatus = PocStatus.IDLE
    stage_height: int = 0
    block_hash: bytes = b""
    model: str = ""
    served_name: str = ""
    args: tuple[str, ...] = ()
    rank: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class InFlight:
    """A command that was sent and not answered."""

    generation: int
    spec: Spec


@dataclass(frozen=True, slots=True)
class EpochModel:
    """The model that the effective epoch assigns to a node."""

    model_id: str
    model_args: tuple[str, ...]
    poc_weight: int
    on_duty: bool


@dataclass(slots=True)
class BatchCounts:
    """What became of a node's batches in the current stage."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    last_refusal: str = ""


@dataclass(slots=True)
class Node:
    """Everything known of a node; owned by the controller, changed by nobody else.

    Times (`…_at`, `…_since`) are seconds of the clock that `handle` is given.
    """

    config: NodeConfig
    admin: AdminState
    intended: Spec | None = None
    why: str = "the chain has not been heard yet"
    observed: Observation | None = None
    in_flight: InFlight | None = None
    applied: Spec | None = None
    commanded: int = 0
    attempts: int = 0
    last_error: str = ""
    next_retry_at: float = 0.0
    polling: bool = False
    polled_at: float = 0.0
    failed_polls: int = 0
    failures: int = 0
    failing_since: float | None = None
    good_status: int = 0
    epoch_models: dict[str, EpochModel] = field(default_factory=dict)
    leases: set[int] = field(default_factory=set)
    counts: BatchCounts = field(default_factory=BatchCounts)

    @property
    def on_duty(self) -> bool:
        """True when the effective epoch keeps the node serving through the next proof of compute."""
        return any(model.on_duty for model in self.epoch_models.values())

    @property
    def is_reachable(self) -> bool:
        """False before the first answer and after two polls in a row without one."""
        return self.observed is not None and self.failed_polls < 2
