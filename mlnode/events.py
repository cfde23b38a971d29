"""The closed list of what can happen to a node. The scheduler is told of each, with the time."""

from dataclasses import dataclass

from mlnode.catalog import ModelFile
from mlnode.instance import LoadParams
from mlnode.mode import Kind, PocJob


@dataclass(frozen=True, slots=True)
class Requested:
    """Somebody wants something of a model. `request` was never used before."""

    request: int
    model: str | None
    kind: Kind = Kind.INFERENCE


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The client is gone. Unknown and finished requests are ignored."""

    request: int


@dataclass(frozen=True, slots=True)
class Streamed:
    """The client has got the first piece of its answer: from now on the request cannot be repeated."""

    request: int


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The worker is done with a request, well or badly; its slot is free."""

    request: int


@dataclass(frozen=True, slots=True)
class WorkerLoaded:
    """The model answers."""

    model: str
    worker: int
    measured_mb: int
    """On all of its devices together, MiB."""
    device_mb: tuple[int, ...] = ()
    """On each of them, in the order of `SpawnWorker.devices`; may be empty where there is one."""


@dataclass(frozen=True, slots=True)
class LoadProgressed:
    """A load has come further. One that says nothing for `load_stall_s` is given up."""

    model: str
    worker: int
    permille: int


@dataclass(frozen=True, slots=True)
class WorkerExited:
    """The worker is reaped. `code` is that of a load failure, or empty."""

    model: str
    worker: int
    why: str
    code: str = ""
    memory_is_back: bool = True
    """False: its devices still hold its memory; `MemoryReturned` follows, or two seconds pass."""


@dataclass(frozen=True, slots=True)
class MemoryReturned:
    """The devices have the memory of a reaped worker back."""

    worker: int


@dataclass(frozen=True, slots=True)
class WorkerBeat:
    """The worker lives. `steps` is its count of decodes, `working` whether it has any work."""

    model: str
    worker: int
    steps: int
    working: bool


@dataclass(frozen=True, slots=True)
class FilesScanned:
    """What lies in the models' folder now."""

    files: tuple[ModelFile, ...]


@dataclass(frozen=True, slots=True)
class Sized:
    """What is known of a model's need beyond its header; nothing when the file is another one by now."""

    model: str
    fingerprint: tuple[int, int, int]
    params: LoadParams
    probed_mb: int
    """By llama.cpp's own reckoning, without the devices' overhead; 0: not known."""
    measured_mb: int
    """The most that a worker was measured at, earlier starts of the node included; 0: not known."""


@dataclass(frozen=True, slots=True)
class PreloadAsked:
    """Have a model in memory before the first request."""

    model: str


@dataclass(frozen=True, slots=True)
class LoadAsked:
    """By hand: have a model in memory, whoever has to go for it. Raises a `Refusal` when that cannot be."""

    model: str


@dataclass(frozen=True, slots=True)
class UnloadAsked:
    """By hand: have a model's memory free as soon as its running requests are answered. Who waits for it
    has it loaded again. Raises a `Refusal` for what a broker's command holds."""

    model: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Command: hold no work."""

    generation: int


@dataclass(frozen=True, slots=True)
class InferenceUpAsked:
    """Command: serve a model, under `served_name` too unless that is empty."""

    generation: int
    model: str
    served_name: str
    params: LoadParams


@dataclass(frozen=True, slots=True)
class PocGenerateAsked:
    """Command: mine."""

    generation: int
    job: PocJob


@dataclass(frozen=True, slots=True)
class PocValidateAsked:
    """Command: end mining and be ready to validate the stage that began at `height`."""

    generation: int
    height: int


@dataclass(frozen=True, slots=True)
class DrainAsked:
    """The node is to end: nothing new, what runs has `grace_ms` left."""

    grace_ms: int


@dataclass(frozen=True, slots=True)
class Woken:
    """Time has passed; nothing else happened."""


Event = (
    Requested
    | Cancelled
    | Streamed
    | RequestEnded
    | WorkerLoaded
    | LoadProgressed
    | WorkerExited
    | MemoryReturned
    | WorkerBeat
    | FilesScanned
    | Sized
    | PreloadAsked
    | LoadAsked
    | UnloadAsked
    | StopAsked
    | InferenceUpAsked
    | PocGenerateAsked
    | PocValidateAsked
    | DrainAsked
    | Woken
)
