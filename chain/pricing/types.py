"""Records and messages of prices."""

from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.epochs.types import Epoch, EpochGroupData
from chain.fixed import Decimal
from chain.nodes.types import Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class PricingParams(Record, frozen=True):
    """How the price of a token follows demand where a model states none."""

    stability_zone_lower: Decimal = Decimal()
    """Utilisation below which prices fall, 0 to 1, default 0.40."""
    stability_zone_upper: Decimal = Decimal()
    """Utilisation above which prices rise, above the lower bound, at most 1, default 0.60."""
    price_elasticity: Decimal = Decimal()
    """How much a price moves per block and utilisation outside of the zone, above 0, at most 1, default
    0.05.
    """
    utilization_window_duration: int = 0
    """Seconds over which utilisation is measured, 1 to 3600, default 60: what a capacity is multiplied by."""
    utilization_window_blocks: int = 0
    """The same time in blocks, 1 to 3600, default 12: the blocks whose tokens are counted."""
    min_per_token_price: int = 0
    """Price below which none falls, umesh, at least 1, default 1."""
    grace_period_end_epoch: int = 0
    """Epochs before this one have the grace price, this one the base price, later ones a moving price;
    default 90.
    """
    grace_period_per_token_price: int = 0
    """Price of a token in the grace period, umesh, default 0."""


class TokenUsage(Record, frozen=True):
    """Tokens of one model that were completed in one block."""

    height: int = 0
    """The block."""
    tokens: int = 0
    """Prompt and completion tokens."""


class ModelPrice(Record, frozen=True):
    """The dynamic price of a model's tokens as it was when it was last written. What it is at a later height
    follows from it, for nothing was completed in between.
    """

    model_id: str = ""
    """Governance model."""
    price: int = 0
    """Price of a token at `height`, umesh."""
    height: int = 0
    """Height that the price is of."""
    capacity: int = 0
    """Tokens per second that the model's sub-group can serve: its total weight; 1000 when that is 0."""
    usage: tuple[TokenUsage, ...] = ()
    """What was completed in the last blocks, by height."""


class PricingTerms(Record, frozen=True):
    """The rules by which prices move in an epoch, frozen when it takes effect."""

    epoch_index: int = 0
    """The epoch."""
    params: PricingParams = PricingParams()
    """Parameters of the epoch."""
    base_per_token_price: int = 0
    """Price from which prices start, umesh."""


class UnitOfComputePriceProposal(Record, frozen=True):
    """What a participant proposes as the price of a unit of compute."""

    participant: str = ""
    """Participant, bech32."""
    price: int = 0
    """Proposed price, umesh."""
    proposed_at_block_height: int = 0
    """Height of the proposal."""
    proposed_at_epoch: int = 0
    """Effective epoch at that height."""


class MsgSubmitUnitOfComputePriceProposal(Record, frozen=True):
    """Proposes a price of a unit of compute, in place of an earlier proposal."""

    creator: str = ""
    """The participant, bech32. Signs."""
    price: int = 0
    """Proposed price, umesh, at least 1."""


class MsgSubmitUnitOfComputePriceProposalResponse(Record, frozen=True):
    """Answers MsgSubmitUnitOfComputePriceProposal."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def require_participant(self, ctx: Context, address: str) -> Participant:
        """A participant; refuses an address that is none."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""

    def get_group(self, ctx: Context, epoch_index: int, model_id: str = "") -> EpochGroupData | None:
        """A group, or None."""

    def set_group(self, ctx: Context, group: EpochGroupData) -> None:
        """Writes a group."""
