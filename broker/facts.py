"""What the chain tells, as plain records. Nothing here decides; distances are millionths."""

from dataclasses import dataclass
from enum import IntEnum


class Phase(IntEnum):
    """Where in an epoch a height lies; the numbers are those of chain.v1.EpochPhase."""

    INFERENCE = 0
    POC_GENERATE = 1
    POC_GENERATE_WIND_DOWN = 2
    POC_VALIDATE = 3
    POC_VALIDATE_WIND_DOWN = 4


class HardwareStatus(IntEnum):
    """What a node does, as published; the numbers are those of chain.v1.HardwareNodeStatus."""

    UNKNOWN = 0
    INFERENCE = 1
    POC = 2
    TRAINING = 3
    STOPPED = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class EpochView:
    """The chain's own account of where it stands after a block, never computed here; fields as EpochInfo."""

    block_height: int
    effective_epoch_index: int
    latest_epoch_index: int
    phase: Phase
    poc_start_block_height: int = 0
    generation_wind_down_block_height: int = 0
    generation_end_block_height: int = 0
    exchange_deadline_block_height: int = 0
    validation_start_block_height: int = 0
    validation_wind_down_block_height: int = 0
    validation_end_block_height: int = 0
    set_new_validators_block_height: int = 0
    claim_block_height: int = 0
    next_poc_start_block_height: int = 0
    epoch_index: int = 0


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event of a block, from a transaction or from the block itself."""

    type: str
    attributes: tuple[tuple[str, str], ...] = ()

    def get_attribute(self, key: str) -> str:
        """The attribute's value, or "" when it is absent."""
        return next((value for name, value in self.attributes if name == key), "")


@dataclass(frozen=True, slots=True)
class Block:
    """A committed block. `time_ns` is block time since the Unix epoch."""

    height: int
    block_hash: bytes
    time_ns: int
    epoch: EpochView
    events: tuple[ChainEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class HardwareItem:
    """A kind of device and how many of it."""

    type: str
    count: int


@dataclass(frozen=True, slots=True)
class ChainNode:
    """A hardware record as the chain has it or is to have it; fields as chain.v1.HardwareNode."""

    local_id: str
    status: HardwareStatus
    models: tuple[str, ...] = ()
    hardware: tuple[HardwareItem, ...] = ()
    host: str = ""
    port: str = ""


@dataclass(frozen=True, slots=True)
class NodesDiff:
    """The content of MsgSubmitHardwareDiff; both lists sorted by local_id, no id in both."""

    new_or_modified: tuple[ChainNode, ...] = ()
    removed: tuple[ChainNode, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to submit."""
        return not self.new_or_modified and not self.removed


@dataclass(frozen=True, slots=True)
class ModelResolution:
    """Where the chain's registry leads a declared model id.

    `model_id` is the governance model that it counts as, "" when none; `reachable` holds every governance
    model that can be reached, nearest first, `model_id` included.
    """

    local_id: str
    model_id: str
    reachable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupNode:
    """A machine in a model's group. `on_duty` is its POC_SLOT: it keeps serving through the next PoC."""

    node_id: str
    poc_weight: int
    on_duty: bool


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A participant in a model's group."""

    participant: str
    weight: int
    nodes: tuple[GroupNode, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """An epoch's sub-group of one model with the model's frozen arguments."""

    model_id: str
    model_args: tuple[str, ...] = ()
    members: tuple[GroupMember, ...] = ()


@dataclass(frozen=True, slots=True)
class ExactDecimal:
    """value x 10^exponent, as chain.v1.Decimal."""

    value: int
    exponent: int


@dataclass(frozen=True, slots=True)
class PocParams:
    """The proof-of-compute parameters that the broker needs; fields as chain.v1.PocParams."""

    validation_sample_size: int
    r_target_micro: int
    tolerance_micro: int
    mismatch_rate: ExactDecimal
    fraud_threshold: ExactDecimal
    tokens_per_nonce: int
    sequences_per_decode: int
    vector_dimensions: int
    max_batch_nonces: int


@dataclass(frozen=True, slots=True)
class PocAdmission:
    """A machine that may mine, and the governance model that it mines with."""

    participant: str
    node_id: str
    model_id: str


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """What a settled epoch owes, until it is claimed. `seed_signature` is the commitment to its seed, hex."""

    epoch_index: int
    seed_signature: str


@dataclass(frozen=True, slots=True)
class PocStage:
    """One proof of compute: who may mine, which hash seeds it, which parameters. Frozen at its start."""

    epoch_index: int
    start_height: int
    block_hash: bytes
    params: PocParams
    admissions: tuple[PocAdmission, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """A batch as found on chain. Its content is claimed by others and may be malformed in any way."""

    node_id: str
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MinerWork:
    """All batches of one participant in a stage, with its account key (compressed secp256k1, 33 bytes)."""

    participant: str
    public_key: bytes
    batches: tuple[ClaimedBatch, ...]
