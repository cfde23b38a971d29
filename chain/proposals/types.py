"""Records and messages of proposals and votes."""

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol
from typing import Any as Anything

from chain.context import Context
from chain.fixed import Decimal
from chain.nodes.types import Participant
from chain.records import Record
from chain.tx import Any

if TYPE_CHECKING:
    from chain.epochs.types import EpochGroupData
    from chain.params import Params


class GovernanceParams(Record, frozen=True):
    """How proposals are voted on."""

    voting_period_blocks: int = 0
    """Blocks from a proposal to the end of its vote, default 40; 0 for no proposals, the authority alone
    decides.
    """
    quorum: Decimal = Decimal()
    """Part of all epoch weight that must vote, abstentions included, 0 to 1, default 0.334."""
    threshold: Decimal = Decimal()
    """Part of the votes for and against that must be strictly exceeded by those for, 0 to 1, default 0.5."""
    deposit: int = 0
    """What a proposer deposits, umesh, default 10000000. It comes back when the quorum is reached and is
    burnt when not.
    """


class ProposalStatus(IntEnum):
    """Where a proposal stands."""

    UNSPECIFIED = 0
    VOTING = 1
    PASSED = 2
    REJECTED = 3
    FAILED = 4


class VoteOption(IntEnum):
    """What a member says to a proposal."""

    UNSPECIFIED = 0
    YES = 1
    NO = 2
    ABSTAIN = 3


class Tally(Record, frozen=True):
    """The epoch weights behind the options, in the group in effect when the vote ended."""

    yes: int = 0
    """Weight of those for it."""
    no: int = 0
    """Weight of those against it."""
    abstain: int = 0
    """Weight of those who abstained; it counts for the quorum only."""
    total: int = 0
    """Weight of all who could vote."""


class Proposal(Record, frozen=True):
    """Messages of the authority that the members vote on."""

    id: int = 0
    """Number, from 1 on."""
    proposer: str = ""
    """Account that proposed it, bech32."""
    title: str = ""
    """What it is about, 1 to 140 characters."""
    summary: str = ""
    """Why, at most 10000 characters."""
    messages: tuple[Any, ...] = ()
    """What happens when it passes, in order: all of it or nothing."""
    status: ProposalStatus = ProposalStatus(0)
    """Where it stands."""
    submit_block_height: int = 0
    """Height at which it was proposed."""
    voting_end_block_height: int = 0
    """Height at whose end the vote is counted."""
    deposit: int = 0
    """What the proposer deposited, umesh."""
    tally: Tally = Tally()
    """The count; empty while the vote goes on."""
    failure: str = ""
    """Name of the refusal that a message of a passed proposal met; nothing of the proposal was kept then."""


class Vote(Record, frozen=True):
    """One member's vote."""

    proposal_id: int = 0
    """The proposal."""
    voter: str = ""
    """The member, bech32."""
    option: VoteOption = VoteOption(0)
    """What it says."""


class MsgSubmitProposal(Record, frozen=True):
    """Proposes messages of the authority. ErrProposalsOff, ErrTooManyProposals, ErrProposalNotAccepted,
    ErrInsufficientFunds.
    """

    proposer: str = ""
    """Any account that owns the deposit, bech32. Signs."""
    title: str = ""
    """What it is about, 1 to 140 characters."""
    summary: str = ""
    """Why, at most 10000 characters."""
    messages: tuple[Any, ...] = ()
    """1 to 16 of MsgUpdateParams, MsgRegisterModel, MsgRetireModel, MsgUnjail, MsgSoftwareUpgrade and
    MsgCancelUpgrade, each signed by the authority: its first field names the governance account.
    """


class MsgSubmitProposalResponse(Record, frozen=True):
    """Answers MsgSubmitProposal."""

    proposal_id: int = 0
    """The proposal's number."""


class MsgVote(Record, frozen=True):
    """Votes on a proposal; the last vote of a member counts. ErrProposalNotFound, ErrVoteNotAccepted."""

    voter: str = ""
    """A member of the epoch in effect, bech32. Signs."""
    proposal_id: int = 0
    """The proposal."""
    option: VoteOption = VoteOption(0)
    """What the member says."""


class MsgVoteResponse(Record, frozen=True):
    """Answers MsgVote."""


class Governed(Protocol):
    """A message that only the authority may send, and its handler."""

    @property
    def message(self) -> type:
        """Record of the message."""

    @property
    def signer(self) -> str:
        """Name of its first field, which names the account that signs."""

    @property
    def handle(self) -> Callable[[Context, Anything], object]:
        """Applies it."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""

    def get_authority(self, ctx: Context) -> str:
        """Account that acts for governance, bech32."""


class Purse(Protocol):
    """What this room expects of the bank."""

    def send_coins_from_account_to_module(
        self, ctx: Context, sender: str, module: str, amount: int, denom: str = "umesh"
    ) -> None:
        """Moves coins to a module account."""

    def send_coins_from_module_to_account(
        self, ctx: Context, module: str, recipient: str, amount: int, denom: str = "umesh"
    ) -> None:
        """Moves coins from a module account."""

    def burn_coins(self, ctx: Context, module: str, amount: int, denom: str = "umesh") -> None:
        """Destroys coins of a module account."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective_group(self, ctx: Context, model_id: str = "") -> "EpochGroupData | None":
        """A group of the effective epoch, or None."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participant(self, ctx: Context, address: str) -> Participant | None:
        """A participant, or None."""
