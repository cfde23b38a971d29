"""The closed list of what can be asked of the edge. `Controller.handle` returns these, in order.

The loop writes all `Store…` actions of one answer in one transaction first; only then it performs the others.
"""

from dataclasses import dataclass

from broker.errors import BrokerError
from broker.facts import ExactDecimal, NodesDiff, PocStage
from broker.nodes import AdminState, NodeConfig

# --- to the chain: queries. The answer is the event of the matching name, or QueryFailed.


@dataclass(frozen=True, slots=True)
class QueryEpochData:
    """All model groups of an epoch, with members and their nodes -> EpochDataReceived."""

    epoch_index: int


@dataclass(frozen=True, slots=True)
class QueryHardware:
    """The participant's own hardware records -> HardwareReceived."""


@dataclass(frozen=True, slots=True)
class QueryClaim:
    """What the chain owes the participant for a settled epoch -> ClaimReceived."""


@dataclass(frozen=True, slots=True)
class ResolveModels:
    """Where the registry leads these declared ids -> ModelsResolved (an id without a model: model_id "")."""

    local_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryPocStage:
    """Admissions, parameters and the hash of block `start_height` -> PocStageReceived."""

    epoch_index: int
    start_height: int


@dataclass(frozen=True, slots=True)
class QueryPocBatches:
    """All batches of the stage by participant, with account keys -> PocBatchesReceived."""

    start_height: int


# --- to the chain: transactions. The answer is TxCommitted, TxRefused or TxFailed with the same key.


@dataclass(frozen=True, slots=True)
class SubmitHardwareDiff:
    """MsgSubmitHardwareDiff."""

    key: str
    diff: NodesDiff


@dataclass(frozen=True, slots=True)
class SubmitSeed:
    """MsgSubmitSeed."""

    key: str
    epoch_index: int
    signature: str


@dataclass(frozen=True, slots=True)
class SubmitClaim:
    """MsgClaimRewards. `seed` is 0 when none was committed to."""

    key: str
    epoch_index: int
    seed: int


@dataclass(frozen=True, slots=True)
class SubmitPocBatch:
    """MsgSubmitPocBatch."""

    key: str
    start_height: int
    batch_id: str
    node_id: str
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SubmitPocValidation:
    """MsgSubmitPocValidation: one vote on one participant."""

    key: str
    participant: str
    start_height: int
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    received_dist_micro: tuple[int, ...]
    r_target_micro: int
    fraud_threshold: ExactDecimal
    n_invalid: int
    probability_honest: ExactDecimal
    fraud_detected: bool


@dataclass(frozen=True, slots=True)
class DrawSeed:
    """Draw 63 random bits for an epoch and sign them with the account key -> SeedDrawn."""

    epoch_index: int


# --- to the nodes


@dataclass(frozen=True, slots=True)
class ConnectNode:
    """Keep a client to the node's control interface; replaces the one before when the address changed."""

    node_id: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ForgetNode:
    """Cancel whatever is under way with the node and close its client, without waiting."""

    node_id: str


@dataclass(frozen=True, slots=True)
class PollNode:
    """Ask for the node's state, within a few seconds -> NodeObserved or NodeUnreachable."""

    node_id: str


@dataclass(frozen=True, slots=True)
class StopNode:
    """Control.Stop -> CommandDone or CommandFailed. A newer command cancels an older one of the same node."""

    node_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class InferenceUp:
    """Control.InferenceUp -> CommandDone or CommandFailed."""

    node_id: str
    generation: int
    model: str
    served_name: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartPocGenerate:
    """Control.StartPocGenerate -> CommandDone or CommandFailed. The edge adds the callback's address."""

    node_id: str
    generation: int
    stage: PocStage
    model: str
    public_key: bytes
    node_rank: int
    node_count: int
    callback_token: str
    first_nonce: int


@dataclass(frozen=True, slots=True)
class StartPocValidate:
    """Control.StartPocValidate -> CommandDone or CommandFailed."""

    node_id: str
    generation: int
    stage: PocStage


@dataclass(frozen=True, slots=True)
class ValidateNonces:
    """Control.ValidatePocNonces -> NoncesValidated or NoncesNotValidated. Does not wait behind commands."""

    job_id: str
    node_id: str
    stage: PocStage
    model: str
    public_key: bytes
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]


# --- to the store: written in one transaction before anything else of the same answer is performed


@dataclass(frozen=True, slots=True)
class StoreNode:
    """Insert or replace a node's configuration and admin state."""

    config: NodeConfig
    admin: AdminState


@dataclass(frozen=True, slots=True)
class StoreNodeRemoval:
    """Forget a node."""

    node_id: str


@dataclass(frozen=True, slots=True)
class StoreGeneration:
    """The newest generation handed out."""

    generation: int


@dataclass(frozen=True, slots=True)
class StoreSeed:
    """A seed, and whether the chain has it."""

    epoch_index: int
    seed: int
    signature: str
    submitted: bool


@dataclass(frozen=True, slots=True)
class StoreAssignment:
    """The frozen share of one node in a stage, and how far it has mined."""

    start_height: int
    node_id: str
    rank: int
    count: int
    model_id: str
    local_model: str
    next_nonce: int


@dataclass(frozen=True, slots=True)
class StoreBatch:
    """A batch that a node delivered. `state` is PENDING, ACCEPTED or REFUSED."""

    start_height: int
    batch_id: str
    node_id: str
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoreVote:
    """A vote that the chain has, or has refused for good."""

    start_height: int
    participant: str


@dataclass(frozen=True, slots=True)
class ForgetStages:
    """Delete assignments, batches and votes of stages that started before this height."""

    before_height: int


@dataclass(frozen=True, slots=True)
class StoreFinish:
    """A finish that the chain is still to be told: an encoded MsgFinishInference."""

    inference_id: str
    message: bytes


@dataclass(frozen=True, slots=True)
class ForgetFinish:
    """Delete a finish that is settled."""

    inference_id: str


# --- to whoever waits


@dataclass(frozen=True, slots=True)
class Answer:
    """The call succeeded with this value."""

    call_id: int
    value: object


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call is refused; the error is raised where the caller waits."""

    call_id: int
    error: BrokerError


@dataclass(frozen=True, slots=True)
class Note:
    """Something that an operator's log should hold. `level` is "info", "warning" or "error"."""

    level: str
    message: str
    node_id: str = ""


ChainAction = (
    QueryEpochData
    | QueryHardware
    | QueryClaim
    | ResolveModels
    | QueryPocStage
    | QueryPocBatches
    | SubmitHardwareDiff
    | SubmitSeed
    | SubmitClaim
    | SubmitPocBatch
    | SubmitPocValidation
    | DrawSeed
)
NodeAction = (
    ConnectNode
    | ForgetNode
    | PollNode
    | StopNode
    | InferenceUp
    | StartPocGenerate
    | StartPocValidate
    | ValidateNonces
)
StoreAction = (
    StoreNode
    | StoreNodeRemoval
    | StoreGeneration
    | StoreSeed
    | StoreAssignment
    | StoreBatch
    | StoreVote
    | ForgetStages
    | StoreFinish
    | ForgetFinish
)
Action = ChainAction | NodeAction | StoreAction | Answer | Refuse | Note
