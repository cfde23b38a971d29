"""Everything that the node can refuse, on one screen.

    Refusal
    ├── the caller's fault, final      ModelUnknown, DefaultModelMissing, RequestInvalid, ArgumentInvalid,
    │                                  GenerationStale, StageWrong, ModelManaged
    ├── the caller should come back    QueueFull, WaitExpired, NodeBusy, ModelUnavailable,
    │                                  ModelUnsettled
    ├── the node does something else   NodeNotServing, NodeDraining
    ├── it can never be                ModelTooLarge, ModelBroken
    └── our fault                      WorkerLost

`reason` is stable and for programs; the sentence is for people. The doors translate reasons to HTTP and gRPC.
"""

from collections.abc import Sequence
from typing import ClassVar

NAMES_SHOWN_MAX = 20
"""Names listed in a sentence at most."""


class Refusal(Exception):
    """Something was not done. `retry_after_s` is set when asking again later can help."""

    reason: ClassVar[str] = "REFUSED"
    retry_after_s: int | None = None

    @property
    def sentence(self) -> str:
        """What happened and what to do, for people."""
        return str(self.args[0]) if self.args else self.reason


class ModelUnknown(Refusal):
    """No file and no served name is called like that."""

    reason = "MODEL_UNKNOWN"

    def __init__(self, model: str, available: Sequence[str]) -> None:
        super().__init__(f"There is no model {model[:200]!r} here. {_listed(available)}")
        self.model = model
        self.available = tuple(available)


class DefaultModelMissing(Refusal):
    """The request names no model, and the node has no default."""

    reason = "DEFAULT_MODEL_MISSING"

    def __init__(self, available: Sequence[str]) -> None:
        super().__init__(f"The request names no model and this node has no default one. {_listed(available)}")


class RequestInvalid(Refusal):
    """The request itself is wrong. `code` says how, `param` which field."""

    reason = "REQUEST_INVALID"

    def __init__(self, code: str, sentence: str, param: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.param = param


class ArgumentInvalid(Refusal):
    """A command's argument is wrong."""

    reason = "ARGUMENT_INVALID"


class GenerationStale(Refusal):
    """A command that is older than one already taken."""

    reason = "STALE_GENERATION"

    def __init__(self, generation: int, newest: int) -> None:
        super().__init__(f"Generation {generation} is older than {newest}, which this node follows.")
        self.generation = generation
        self.newest = newest


class StageWrong(Refusal):
    """Nonces of a stage that this node does not validate at the moment."""

    reason = "WRONG_STAGE"

    def __init__(self, height: int, current: int) -> None:
        doing = f"validates the one of height {current}" if current else "validates none"
        super().__init__(f"The node does not validate the stage of height {height}; it {doing}.")


class ModelManaged(Refusal):
    """A broker's command holds the model, so that it is not unloaded by hand."""

    reason = "MODEL_MANAGED"

    def __init__(self, model: str) -> None:
        super().__init__(f"{model!r} is held by its broker's command; have the broker stop the node first.")


class QueueFull(Refusal):
    """As many requests as allowed wait for this model."""

    reason = "QUEUE_FULL"

    def __init__(self, model: str, depth: int, retry_after_s: int) -> None:
        super().__init__(f"{depth} requests wait for {model!r} already; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class WaitExpired(Refusal):
    """The request waited as long as it may."""

    reason = "WAIT_EXPIRED"

    def __init__(self, model: str, waited_ms: int, retry_after_s: int) -> None:
        super().__init__(
            f"No slot of {model!r} came free within {waited_ms} ms; try again in {retry_after_s} s."
        )
        self.retry_after_s = retry_after_s


class NodeBusy(Refusal):
    """As many requests as allowed are in the node."""

    reason = "NODE_BUSY"

    def __init__(self, inflight: int, retry_after_s: int) -> None:
        super().__init__(f"The node has {inflight} requests already; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class ModelUnavailable(Refusal):
    """The model's worker crashed too often; nothing is tried until the breaker closes."""

    reason = "MODEL_UNAVAILABLE"

    def __init__(self, model: str, why: str, retry_after_s: int) -> None:
        super().__init__(f"{model!r} crashed repeatedly ({why}); try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class ModelUnsettled(Refusal):
    """The model's file is being written at this moment."""

    reason = "MODEL_UNSETTLED"

    def __init__(self, model: str) -> None:
        super().__init__(f"The file of {model!r} is still being written; try again in 1 s.")
        self.retry_after_s = 1


class NodeNotServing(Refusal):
    """The node is stopped, or does proof of compute."""

    reason = "NODE_NOT_SERVING"

    def __init__(self, activity: str) -> None:
        super().__init__(f"The node takes no requests of this kind while it is {activity}.")
        self.retry_after_s = 5


class NodeDraining(Refusal):
    """The node is shutting down."""

    reason = "NODE_DRAINING"

    def __init__(self) -> None:
        super().__init__("The node is shutting down; ask another one.")
        self.retry_after_s = 5


class ModelTooLarge(Refusal):
    """The model does not fit even when everything that may go is gone. Nothing was evicted."""

    reason = "MODEL_TOO_LARGE"

    def __init__(self, model: str, need_mb: int, room_mb: int) -> None:
        super().__init__(
            f"{model!r} needs about {need_mb} MiB and this node can make room for {room_mb} MiB at most; "
            "raise --vram-budget-mb, or lower --ctx-size or --slots."
        )
        self.need_mb = need_mb
        self.room_mb = room_mb


class ModelBroken(Refusal):
    """The file cannot be loaded, as it is."""

    reason = "MODEL_BROKEN"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"{model!r} cannot be loaded: {why}; replace the file.")


class WorkerLost(Refusal):
    """The process that computed the answer ended in the middle of it."""

    reason = "WORKER_LOST"

    def __init__(self, model: str, why: str) -> None:
        super().__init__(f"The process serving {model!r} ended ({why}); the answer is incomplete.")


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "It has no models at all; put GGUF files into --models-dir."
    shown = ", ".join(names[:NAMES_SHOWN_MAX])
    more = f" and {len(names) - NAMES_SHOWN_MAX} more" if len(names) > NAMES_SHOWN_MAX else ""
    return f"There are: {shown}{more}."
