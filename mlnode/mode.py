"""What a node is for at the moment, and what each command makes of it: one table.

Every command is legal in every activity (a broker that lost track must always be able to put the node where
it wants it); what differs is what has to end first, which the scheduler sees to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Activity(Enum):
    """Mode and proof-of-compute status in one."""

    STOPPED = "stopped"
    INFERENCE = "serving"
    GENERATING = "mining"
    VALIDATING = "validating"

    @property
    def is_poc(self) -> bool:
        return self in (Activity.GENERATING, Activity.VALIDATING)


class Command(Enum):
    """What a broker can ask for."""

    STOP = "stop"
    INFERENCE_UP = "inference_up"
    POC_GENERATE = "poc_generate"
    POC_VALIDATE = "poc_validate"


class Kind(Enum):
    """What a request wants of a model."""

    INFERENCE = "inference"
    VALIDATION = "validation"


_ALL = tuple(Activity)
TRANSITIONS: Final[Mapping[tuple[Activity, Command], Activity]] = {
    **{(activity, Command.STOP): Activity.STOPPED for activity in _ALL},
    **{(activity, Command.INFERENCE_UP): Activity.INFERENCE for activity in _ALL},
    **{(activity, Command.POC_GENERATE): Activity.GENERATING for activity in _ALL},
    **{(activity, Command.POC_VALIDATE): Activity.VALIDATING for activity in _ALL},
}

ACCEPTS: Final[Mapping[Activity, frozenset[Kind]]] = {
    Activity.STOPPED: frozenset(),
    Activity.INFERENCE: frozenset({Kind.INFERENCE}),
    Activity.GENERATING: frozenset(),
    Activity.VALIDATING: frozenset({Kind.VALIDATION}),
}
"""Which requests are taken. Mining leaves no room for others: its pace is the node's weight."""


@dataclass(frozen=True, slots=True)
class PocStage:
    """One proof of compute, as all of its participants share it."""

    height: int
    """Height of its first block; names the stage."""
    block_hash: bytes
    r_target_micro: int
    """Distance below which a nonce counts, millionths."""


@dataclass(frozen=True, slots=True)
class PocJob:
    """What a node mines, and for whom."""

    stage: PocStage
    model: str
    public_key: bytes
    """The participant's account key, compressed, 33 bytes."""
    node_rank: int
    node_count: int
    node_id: str
    """Name of this node at its broker."""
    callback_address: str
    callback_token: str
    first_nonce: int
    max_batch_nonces: int
