"""The closed list of what the scheduler can ask of the world. Each is done at once and in order."""

from dataclasses import dataclass

from mlnode.errors import Refusal
from mlnode.instance import EndReason, LoadParams
from mlnode.mode import PocJob


@dataclass(frozen=True, slots=True)
class SpawnWorker:
    """Start a process for a model; its memory is reserved. Answered by `WorkerLoaded` or `WorkerExited`."""

    model: str
    worker: int
    path: str
    params: LoadParams
    n_threads: int
    """CPU threads to begin with: what is free for it of those that it wants."""
    devices: tuple[int, ...] = ()
    """Numbers of the GPUs that it lies on; empty: in the host's memory."""
    tensor_split: tuple[float, ...] = ()
    """Share of the model on each of them; empty where there is only one."""


@dataclass(frozen=True, slots=True)
class EndWorker:
    """Ask a worker to go, kill it when it does not; at once when `force`. Answered by `WorkerExited`."""

    model: str
    worker: int
    reason: EndReason
    force: bool = False


@dataclass(frozen=True, slots=True)
class StartRequest:
    """Hand a request to a worker. Answered by `RequestEnded`."""

    request: int
    model: str
    worker: int


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Have a worker give up a request, answered by `RequestEnded`. Nobody waits for the answer any more."""

    request: int
    worker: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell whoever asked that there will be no answer, or no more of it. The request is over."""

    request: int
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class LeaseThreads:
    """Have a worker compute with this many CPU threads from its next step on."""

    worker: int
    n_threads: int


@dataclass(frozen=True, slots=True)
class StartMining:
    """Have a worker mine."""

    worker: int
    job: PocJob


@dataclass(frozen=True, slots=True)
class StopMining:
    """Have a worker stop mining and hand over what it has. A dead worker has nothing."""

    worker: int


Action = (
    SpawnWorker | EndWorker | StartRequest | CancelRequest | Refuse | LeaseThreads | StartMining | StopMining
)
