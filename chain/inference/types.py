"""Records and messages of inference."""

from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.epochs.types import Epoch, EpochGroupData, ValidationWeight
from chain.fixed import Decimal
from chain.models.types import Model, Resolver
from chain.nodes.types import Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class InferenceParams(Record, frozen=True):
    """Requests, their price and their time limit."""

    expiration_blocks: int = 0
    """Blocks after its start in which an inference must be finished, default 20."""
    base_per_token_price: int = 0
    """Price of a token from which prices start to move where the model states none, umesh, default 100."""
    default_max_tokens: int = 0
    """Completion tokens held in escrow when the request names no limit, default 5000."""
    timestamp_expiration: int = 0
    """Age in seconds after which a signed request is refused, default 60."""
    timestamp_advance: int = 0
    """Seconds that a request's timestamp may lie ahead of block time, default 30."""
    exclude_invalid: bool = False
    """Whether INVALID participants are left out of formation, votes and routing, default true."""


class BandwidthParams(Record, frozen=True):
    """How much traffic transfer agents let in. No rule of the chain reads it."""

    estimated_limits_per_block_kb: int = 0
    """KB of requests and answers that a block may take, at least 1, default 1024."""
    kb_per_input_token: Decimal = Decimal()
    """KB of a prompt token, not negative, default 0.0023."""
    kb_per_output_token: Decimal = Decimal()
    """KB of a completion token, not negative, default 0.64."""


class InferenceStatus(IntEnum):
    """How far an inference has come."""

    STARTED = 0
    FINISHED = 1
    VALIDATED = 2
    INVALIDATED = 3
    VOTING = 4
    EXPIRED = 5


class Inference(Record, frozen=True):
    """One request and its answer."""

    index: str = ""
    """Same as inference_id; the key of the record."""
    inference_id: str = ""
    """The requester's signature, 64 bytes, base64."""
    prompt_hash: str = ""
    """SHA-256 of prompt_payload, hex; empty until the start is recorded."""
    prompt_payload: str = ""
    """The request as it was sent to the executor, JSON."""
    response_hash: str = ""
    """SHA-256 of the answer's text, hex; empty until the finish is recorded."""
    response_payload: str = ""
    """The answer, JSON."""
    prompt_token_count: int = 0
    """Prompt tokens."""
    completion_token_count: int = 0
    """Completion tokens."""
    requested_by: str = ""
    """Account that asked and pays, bech32."""
    executed_by: str = ""
    """Participant that answered, bech32; empty until the finish is recorded."""
    status: InferenceStatus = InferenceStatus(0)
    """How far it has come."""
    start_block_height: int = 0
    """Height of the start; 0 until then."""
    end_block_height: int = 0
    """Height of the finish; 0 until then."""
    start_block_timestamp: int = 0
    """Block time of the start, milliseconds since the Unix epoch."""
    end_block_timestamp: int = 0
    """Block time of the finish, milliseconds since the Unix epoch."""
    model: str = ""
    """Governance model."""
    max_tokens: int = 0
    """Most completion tokens that were asked for."""
    actual_cost: int = 0
    """What the answer cost, umesh."""
    escrow_amount: int = 0
    """What is held for it, umesh."""
    assigned_to: str = ""
    """Participant that was chosen to answer, bech32."""
    validated_by: tuple[str, ...] = ()
    """Participants that re-executed it."""
    node_version: str = ""
    """Version of the node that the request asks for; may be empty."""
    epoch_id: int = 0
    """Effective epoch when it was first recorded, then that of its completion."""
    epoch_poc_start_block_height: int = 0
    """Start of that epoch's proof of compute."""
    transferred_by: str = ""
    """Transfer agent: participant that took the request, bech32."""
    request_timestamp: int = 0
    """When the requester signed, nanoseconds since the Unix epoch."""
    transfer_signature: str = ""
    """The transfer agent's signature, base64."""
    execution_signature: str = ""
    """The executor's signature, base64."""
    original_prompt: str = ""
    """The request as the requester signed it."""
    per_token_price: int = 0
    """Price of a completion token, umesh, fixed by whichever of start and finish came first."""
    prompt_token_price: int = 0
    """Price of a prompt token, umesh, fixed at the same time."""


class InferenceTimeout(Record, frozen=True):
    """When a started inference expires."""

    expiration_height: int = 0
    """Height at whose end it expires."""
    inference_id: str = ""
    """The inference."""


class InferenceValidationDetails(Record, frozen=True):
    """What is needed to decide who must re-execute an inference."""

    epoch_id: int = 0
    """Epoch of the inference."""
    inference_id: str = ""
    """The inference."""
    executor_id: str = ""
    """Executor, bech32."""
    executor_reputation: int = 0
    """Executor's reputation, 0 to 100."""
    traffic_basis: int = 0
    """Requests that the network handles in an epoch: the greater of this epoch's and the last one's."""
    executor_power: int = 0
    """Executor's weight."""
    model: str = ""
    """Governance model."""
    total_power: int = 0
    """Weight of the model's sub-group."""
    created_at_block_height: int = 0
    """Height of completion."""


class DeveloperStats(Record, frozen=True):
    """What one developer - an account that requests - asked of one model in one epoch, and paid for it."""

    developer: str = ""
    """The account, bech32."""
    epoch_index: int = 0
    """The epoch."""
    model: str = ""
    """Governance model."""
    inference_count: int = 0
    """Inferences completed."""
    prompt_tokens: int = 0
    """Prompt tokens of these."""
    completion_tokens: int = 0
    """Completion tokens of these."""
    spent: int = 0
    """What these cost, umesh."""
    refunded: int = 0
    """What came back of it because answers were wrong, umesh."""
    expired_count: int = 0
    """Inferences that nobody finished in time; they cost nothing."""
    invalidated_count: int = 0
    """Inferences whose answer was wrong."""
    first_block_timestamp: int = 0
    """Block time of the first event that is counted here, milliseconds since the Unix epoch."""
    last_block_timestamp: int = 0
    """Block time of the last one."""


class EpochPerformanceSummary(Record, frozen=True):
    """What a participant did in a settled epoch."""

    epoch_index: int = 0
    """The epoch."""
    participant_id: str = ""
    """Participant, bech32."""
    inference_count: int = 0
    """Inferences finished in time."""
    missed_requests: int = 0
    """Inferences missed."""
    earned_coins: int = 0
    """Work paid, umesh."""
    rewarded_coins: int = 0
    """Epoch reward, umesh."""
    burned_coins: int = 0
    """Collateral burnt, umesh."""
    validated_inferences: int = 0
    """Own inferences found valid."""
    invalidated_inferences: int = 0
    """Own inferences found invalid."""
    claimed: bool = False
    """True once the rewards of the epoch were claimed."""


class MsgStartInference(Record, frozen=True):
    """Announces an inference."""

    creator: str = ""
    """Transfer agent, bech32. Signs."""
    inference_id: str = ""
    """The requester's signature over original_prompt, request_timestamp (decimal) and the transfer agent's
    address; 64 bytes, base64.
    """
    prompt_hash: str = ""
    """SHA-256 of prompt_payload, hex."""
    prompt_payload: str = ""
    """The request as it goes to the executor, JSON."""
    model: str = ""
    """Governance model."""
    requested_by: str = ""
    """Account that asked and pays, bech32."""
    assigned_to: str = ""
    """Executor, bech32."""
    node_version: str = ""
    """Version of the node that the request asks for; may be empty."""
    max_tokens: int = 0
    """Most completion tokens; 0 for the default."""
    prompt_token_count: int = 0
    """Estimate of the prompt tokens."""
    request_timestamp: int = 0
    """When the requester signed, nanoseconds since the Unix epoch."""
    transfer_signature: str = ""
    """The transfer agent's signature over the same and the executor's address; base64."""
    original_prompt: str = ""
    """The request as the requester signed it."""


class MsgStartInferenceResponse(Record, frozen=True):
    """Answers MsgStartInference."""

    inference_index: str = ""
    """The inference."""


class MsgFinishInference(Record, frozen=True):
    """Reports the answer to an inference. Start and finish may come in either order."""

    creator: str = ""
    """The executor, bech32. Signs."""
    inference_id: str = ""
    """The inference."""
    response_hash: str = ""
    """SHA-256 of the answer's text, hex."""
    response_payload: str = ""
    """The answer, JSON."""
    prompt_token_count: int = 0
    """Prompt tokens as counted; 0 keeps the estimate."""
    completion_token_count: int = 0
    """Completion tokens."""
    executed_by: str = ""
    """Participant that answered: the creator, bech32."""
    transferred_by: str = ""
    """Transfer agent, bech32."""
    request_timestamp: int = 0
    """When the requester signed, nanoseconds since the Unix epoch."""
    transfer_signature: str = ""
    """The transfer agent's signature, base64."""
    executor_signature: str = ""
    """The executor's signature over the same bytes as the transfer agent's; base64."""
    requested_by: str = ""
    """Account that asked, bech32."""
    original_prompt: str = ""
    """The request as the requester signed it."""
    model: str = ""
    """Governance model."""


class MsgFinishInferenceResponse(Record, frozen=True):
    """Answers MsgFinishInference."""

    inference_index: str = ""
    """The inference."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class SignatureVerifier(Protocol):
    """What this room expects of accounts."""

    def verify(self, ctx: Context, address: str, message: bytes, signature: bytes) -> bool:
        """Whether a signature is the account key's over a message; False while the key is unknown."""


class Purse(Protocol):
    """What this room expects of the bank."""

    def get_balance(self, ctx: Context, address: str, denom: str = "umesh") -> int:
        """What an account owns."""

    def send_coins_from_account_to_module(
        self, ctx: Context, sender: str, module: str, amount: int, denom: str = "umesh"
    ) -> None:
        """Moves coins to a module account."""

    def send_coins_from_module_to_account(
        self, ctx: Context, module: str, recipient: str, amount: int, denom: str = "umesh"
    ) -> None:
        """Moves coins from a module account."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""

    def require_participant(self, ctx: Context, address: str) -> Participant:
        """A participant; refuses an address that is none."""

    def get_participants(self, ctx: Context) -> Iterator[Participant]:
        """All participants, sorted by address."""

    def set_participant(self, ctx: Context, participant: Participant) -> None:
        """Writes a participant."""


class ModelRegistry(Protocol):
    """What this room expects of the registry of models."""

    def get_model(self, ctx: Context, model_id: str) -> Model | None:
        """A governance model, or None."""

    def get_resolver(self, ctx: Context) -> Resolver:
        """A resolver over the registry as it is now."""

    def resolve_model_id(self, ctx: Context, identifier: str) -> str | None:
        """The governance model that an identifier stands for, or None."""


class JailRecords(Protocol):
    """What this room expects of the jail."""

    def is_barred(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed and therefore left out."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""

    def get_upcoming(self, ctx: Context) -> Epoch | None:
        """The epoch whose proof of compute is under way, or None."""

    def get_effective_group(self, ctx: Context, model_id: str = "") -> EpochGroupData | None:
        """A group of the effective epoch, or None."""

    def require_effective_group(self, ctx: Context, model_id: str = "") -> EpochGroupData:
        """A group of the effective epoch; refuses when there is none and names what is served."""

    def find_member(self, group: EpochGroupData, address: str) -> ValidationWeight | None:
        """A member of a group, or None."""

    def count_request(self, ctx: Context) -> int:
        """Counts a completed inference of the effective epoch; gives how many there are now."""


class RefundCounter(Protocol):
    """What this room expects of rewards."""

    def count_refund(self, ctx: Context, amount: int) -> None:
        """Counts what a requester got back, umesh."""


class TokenPrices(Protocol):
    """What this room expects of pricing."""

    def get_price(self, ctx: Context, model_id: str) -> int:
        """What a token costs at this height where the model states no price, umesh."""

    def record_tokens(self, ctx: Context, model_id: str, tokens: int) -> None:
        """Counts tokens of a model that were completed in this block."""
