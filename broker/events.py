"""The closed list of what can happen. The edge posts these; `Controller.handle` is the only reader.

Events with a `call_id` come from someone who waits: exactly one `Answer` or `Refuse` with that id follows.
"""

from dataclasses import dataclass

from broker.facts import Block, ChainNode, MinerWork, ModelGroup, ModelResolution, OpenClaim, PocStage
from broker.nodes import NodeConfig, Observation

# --- from the chain


@dataclass(frozen=True, slots=True)
class BlockCommitted:
    """A block arrived. `catching_up`: newer ones are known to exist, so nothing is done on its word."""

    block: Block
    catching_up: bool = False


@dataclass(frozen=True, slots=True)
class ChainLost:
    """The event stream broke; it is being reopened."""

    reason: str


@dataclass(frozen=True, slots=True)
class EpochDataReceived:
    """Answer to QueryEpochData. No groups when the epoch has none."""

    epoch_index: int
    groups: tuple[ModelGroup, ...]


@dataclass(frozen=True, slots=True)
class HardwareReceived:
    """Answer to QueryHardware: the participant's records, none when it has no entry.

    `height` is the height of the state that was read, 0 when not known."""

    nodes: tuple[ChainNode, ...]
    height: int = 0


@dataclass(frozen=True, slots=True)
class ModelsResolved:
    """Answer to ResolveModels, one entry for each id that was asked."""

    resolutions: tuple[ModelResolution, ...]


@dataclass(frozen=True, slots=True)
class PocStageReceived:
    """Answer to QueryPocStage."""

    stage: PocStage


@dataclass(frozen=True, slots=True)
class PocBatchesReceived:
    """Answer to QueryPocBatches."""

    start_height: int
    miners: tuple[MinerWork, ...]


@dataclass(frozen=True, slots=True)
class ClaimReceived:
    """Answer to QueryClaim: None when nothing is owed."""

    claim: OpenClaim | None


@dataclass(frozen=True, slots=True)
class QueryFailed:
    """A query had no answer. `query` is the name of the action's class; for QueryPocStage and others that
    are not answerable yet this is normal and the controller asks again at the next block."""

    query: str
    reason: str


@dataclass(frozen=True, slots=True)
class SeedDrawn:
    """Answer to DrawSeed: 63 random bits; the account key's signature over their 8 big-endian bytes, hex."""

    epoch_index: int
    seed: int
    signature: str


@dataclass(frozen=True, slots=True)
class TxCommitted:
    """A transaction is in a block and succeeded."""

    key: str
    height: int


@dataclass(frozen=True, slots=True)
class TxRefused:
    """The chain refused a transaction for good: at check or in its block. `reason` is the stable name."""

    key: str
    reason: str
    log: str


@dataclass(frozen=True, slots=True)
class TxFailed:
    """A transaction could not be delivered, or nobody knows what became of it."""

    key: str
    error: str


# --- from the nodes


@dataclass(frozen=True, slots=True)
class NodeObserved:
    """Answer to PollNode."""

    node_id: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class NodeUnreachable:
    """PollNode had no answer within its time."""

    node_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class CommandDone:
    """The node accepted the command of this generation; the observation is what it answered."""

    node_id: str
    generation: int
    observation: Observation


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """The node refused the command of this generation or could not be reached."""

    node_id: str
    generation: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class NoncesValidated:
    """Answer to ValidateNonces; `dist_micro` as recomputed, -1 where there was nothing to recompute."""

    job_id: str
    node_id: str
    dist_micro: tuple[int, ...]
    n_invalid: int


@dataclass(frozen=True, slots=True)
class NoncesNotValidated:
    """ValidateNonces failed on this node; another one is tried."""

    job_id: str
    node_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class PocBatchReported:
    """A node reports mined nonces; answered with the number taken (int). `token` is what it showed."""

    call_id: int
    token: str
    node_id: str
    start_height: int
    block_hash: bytes
    public_key: bytes
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    next_nonce: int


# --- from requests for inference


@dataclass(frozen=True, slots=True)
class NodeWanted:
    """A request needs a node that serves `model` (governance id). Answered with a `routing.Lease`,
    refused with NoNodeAvailable."""

    call_id: int
    model: str
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LeaseReleased:
    """The answer is fully relayed, or given up. Safe to repeat."""

    lease_id: int


@dataclass(frozen=True, slots=True)
class FinishOwed:
    """An inference was answered and the chain is to be told; answered with None once that is kept.

    `message` is the MsgFinishInference, encoded."""

    call_id: int
    inference_id: str
    message: bytes


@dataclass(frozen=True, slots=True)
class FinishSettled:
    """The chain has the finish, or will never take it."""

    inference_id: str


# --- from the operator


@dataclass(frozen=True, slots=True)
class NodesUpserted:
    """Nodes are to be added or updated; answered with a `views.BatchResult` in the order given."""

    call_id: int
    configs: tuple[NodeConfig, ...]


@dataclass(frozen=True, slots=True)
class NodeRemoved:
    """A node is to be forgotten; answered with its last `views.NodeView`."""

    call_id: int
    node_id: str


@dataclass(frozen=True, slots=True)
class NodeEnabled:
    """A node is to take part; answered with its `views.NodeView`."""

    call_id: int
    node_id: str


@dataclass(frozen=True, slots=True)
class NodeDisabled:
    """A node is to leave at the end of its epoch; answered with its `views.NodeView`."""

    call_id: int
    node_id: str


@dataclass(frozen=True, slots=True)
class NodesAsked:
    """Answered with a tuple of `views.NodeView`, sorted by id."""

    call_id: int


@dataclass(frozen=True, slots=True)
class NodeAsked:
    """Answered with a `views.NodeView`, refused when unknown."""

    call_id: int
    node_id: str


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """Answered with a `views.StatusView`."""

    call_id: int


# --- from the clock


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of a process: connections are to be made."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A second or so has passed: retries that wait for time may be due."""


@dataclass(frozen=True, slots=True)
class SyncDue:
    """The safety net: compare hardware with the chain even if nothing changed."""


@dataclass(frozen=True, slots=True)
class PollDue:
    """Every node is to be asked how it is."""


Event = (
    BlockCommitted
    | ChainLost
    | EpochDataReceived
    | HardwareReceived
    | ClaimReceived
    | ModelsResolved
    | PocStageReceived
    | PocBatchesReceived
    | QueryFailed
    | SeedDrawn
    | TxCommitted
    | TxRefused
    | TxFailed
    | NodeObserved
    | NodeUnreachable
    | CommandDone
    | CommandFailed
    | NoncesValidated
    | NoncesNotValidated
    | PocBatchReported
    | NodeWanted
    | LeaseReleased
    | FinishOwed
    | FinishSettled
    | NodesUpserted
    | NodeRemoved
    | NodeEnabled
    | NodeDisabled
    | NodesAsked
    | NodeAsked
    | StatusAsked
    | Started
    | Tick
    | SyncDue
    | PollDue
)
