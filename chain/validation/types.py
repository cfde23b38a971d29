"""Records and messages of validation: who re-executed what, and the votes on what was found wrong."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.epochs.types import Boundaries, Epoch, EpochGroupData
from chain.fixed import Decimal
from chain.inference.types import EpochPerformanceSummary, Inference, InferenceValidationDetails
from chain.nodes.types import Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class InferenceValidation(Record, frozen=True):
    """What one participant found when it re-executed an inference."""

    epoch_index: int = 0
    """Epoch of the inference."""
    participant: str = ""
    """Who re-executed it, bech32."""
    inference_id: str = ""
    """The inference."""
    value: Decimal = Decimal()
    """Similarity of both answers, 0 to 1."""
    passed: bool = False
    """Whether the similarity lies above the model's threshold."""
    revalidation: bool = False
    """True when it was sent as a vote on an inference that others found wrong."""
    shares_work: bool = False
    """Whether the participant has a part in the pay for the inference."""
    response_hash: str = ""
    """SHA-256 of the answer's text as re-executed, hex; may be empty."""
    validated_at_block_height: int = 0
    """Height of the message."""


class EpochGroupValidations(Record, frozen=True):
    """What a participant re-executed of an epoch."""

    participant: str = ""
    """Participant, bech32."""
    epoch_index: int = 0
    """The epoch."""
    validated_inferences: tuple[str, ...] = ()
    """Inferences, sorted."""


class VoteOutcome(IntEnum):
    """How a vote on an inference ended."""

    OPEN = 0
    INVALIDATED = 1
    UPHELD = 2


class InferenceVote(Record, frozen=True):
    """The vote on an inference that somebody found wrong. The votes themselves are the validations of it."""

    inference_id: str = ""
    """The inference."""
    epoch_index: int = 0
    """Epoch of the inference, whose parent group votes."""
    opened_by: str = ""
    """Who found it wrong first, bech32."""
    opened_at_block_height: int = 0
    """Height at which the vote began."""
    deadline_block_height: int = 0
    """Height at whose end it is decided at the latest."""
    outcome: VoteOutcome = VoteOutcome(0)
    """How it ended."""


class ValidatorPower(Record, frozen=True):
    """A participant's weight among those who serve a model."""

    model: str = ""
    """Governance model."""
    epoch_index: int = 0
    """Epoch of the group."""
    power: int = 0
    """Weight; 0 for one that does not serve the model."""


class MsgValidation(Record, frozen=True):
    """Reports what a re-execution found."""

    creator: str = ""
    """The validator, bech32. Signs."""
    id: str = ""
    """The validator's own name for this report; not stored."""
    inference_id: str = ""
    """The inference."""
    response_payload: str = ""
    """The answer as re-executed, JSON; not stored, may be empty."""
    response_hash: str = ""
    """SHA-256 of the answer's text as re-executed, hex; may be empty."""
    value: Decimal = Decimal()
    """Similarity of both answers, 0 to 1."""
    revalidation: bool = False
    """True for a vote on an inference under vote."""


class MsgValidationResponse(Record, frozen=True):
    """Answers MsgValidation."""


class MsgInvalidateInference(Record, frozen=True):
    """Decides that an answer was wrong. Authority only."""

    creator: str = ""
    """The governance account, bech32. Signs."""
    inference_id: str = ""
    """The inference."""


class MsgInvalidateInferenceResponse(Record, frozen=True):
    """Answers MsgInvalidateInference."""


class MsgRevalidateInference(Record, frozen=True):
    """Decides that an answer stands. Authority only."""

    creator: str = ""
    """The governance account, bech32. Signs."""
    inference_id: str = ""
    """The inference."""


class MsgRevalidateInferenceResponse(Record, frozen=True):
    """Answers MsgRevalidateInference."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""

    def get_authority(self, ctx: Context) -> str:
        """Account that acts for governance, bech32."""


class InferenceRecords(Protocol):
    """What this room expects of the inference room."""

    def get_inference(self, ctx: Context, inference_id: str) -> Inference | None:
        """An inference, or None."""

    def set_inference(self, ctx: Context, inference: Inference) -> None:
        """Writes an inference."""

    def get_details(
        self, ctx: Context, epoch_index: int, inference_id: str
    ) -> InferenceValidationDetails | None:
        """What decides who re-executes an inference, or None."""

    def get_epoch_details(self, ctx: Context, epoch_index: int) -> Iterator[InferenceValidationDetails]:
        """What decides who re-executes the inferences of an epoch, by inference."""

    def get_summaries(self, ctx: Context, address: str) -> Iterator[EpochPerformanceSummary]:
        """What a participant did in its settled epochs, by epoch."""

    def refund_invalidated(self, ctx: Context, inference: Inference, refunded: int) -> None:
        """Counts an answer that was wrong for the one who asked, and refunds so much of what it paid."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""

    def require_participant(self, ctx: Context, address: str) -> Participant:
        """A participant; refuses an address that is none."""

    def set_participant(self, ctx: Context, participant: Participant) -> None:
        """Writes a participant."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""

    def get_epoch(self, ctx: Context, index: int) -> Epoch | None:
        """An epoch's record, or None."""

    def get_boundaries(self, ctx: Context, epoch: Epoch) -> Boundaries:
        """The heights of the effective or the upcoming epoch."""

    def get_group(self, ctx: Context, epoch_index: int, model_id: str = "") -> EpochGroupData | None:
        """A group, or None."""


class Slasher(Protocol):
    """What this room expects of collateral."""

    def slash(self, ctx: Context, participant: str, fraction: Decimal, reason: str) -> int:
        """Burns a fraction of a participant's collateral; how much."""


class Consensus(Protocol):
    """What this room expects of the consensus validators."""

    def process_members(self, ctx: Context) -> None:
        """Makes the validators follow the members in effect."""


class WorkSharing(Protocol):
    """The rule by which pay is shared among those who worked on an inference."""

    def __call__(self, cost: int, existing: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """What changes for each worker when new ones join, umesh."""
