"""What a node is for at the moment, and what each command makes of it: one table.

Every command is legal in every activity (a broker that lost track must always be able to put the node where
it wants it); what differs is what has to end first, which the scheduler sees to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mlnode.errors import GenerationStale


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
    """Everything of this node's share below it was tried before, and the broker has what counted."""
    max_batch_nonces: int

    def is_share_of(self, other: "PocJob") -> bool:
        """The same nonces of the same stage with the same model, for the same node of the broker."""
        mine = (self.stage, self.model, self.public_key, self.node_rank, self.node_count, self.node_id)
        return mine == (
            other.stage,
            other.model,
            other.public_key,
            other.node_rank,
            other.node_count,
            other.node_id,
        )


@dataclass(slots=True)
class Mission:
    """What the node is for now, as the newest command left it."""

    activity: Activity = Activity.INFERENCE
    generation: int = 0
    """Of the newest command; 0 before the first."""
    model: str = ""
    """Identifier that the command wants served or mined with; never evicted."""
    since_ms: int = 0
    job: PocJob | None = None
    """What to mine, while mining."""
    height: int = 0
    """Stage that is mined or validated."""

    def check(self, generation: int) -> None:
        """Refuse a command that was overtaken by a newer one."""
        if generation < self.generation:
            raise GenerationStale(generation, self.generation)

    def change(
        self, command: Command, now_ms: int, model: str = "", job: PocJob | None = None, height: int = 0
    ) -> None:
        """Follow a command. What has to end first is the caller's business."""
        self.activity = TRANSITIONS[self.activity, command]
        self.model, self.since_ms, self.job, self.height = model, now_ms, job, height

    @property
    def refuses(self) -> frozenset[Kind]:
        """The kinds of requests that are not taken."""
        return frozenset(Kind) - ACCEPTS[self.activity]
