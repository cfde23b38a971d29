"""Records, messages and parameters of rewards, and what the room expects of others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from chain.context import Context
from chain.epochs.types import Epoch, EpochGroupData
from chain.fixed import Decimal
from chain.inference.types import EpochPerformanceSummary
from chain.nodes.types import Participant
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class RewardParams(Record, frozen=True):
    """What an epoch pays to those who take part in it."""

    use_bitcoin_rewards: bool = False
    """Whether an epoch pays a fixed reward by weight, default true; otherwise the older subsidy by work."""
    initial_epoch_reward: int = 0
    """Reward of the first paid epoch, umesh, default 285,000 mesh; 0 for none."""
    decay_rate: Decimal = Decimal()
    """Exponent by which the reward of an epoch changes to the next, from -0.01 to 0, default -0.000475: half
    of it after 1,460 epochs.
    """
    genesis_epoch: int = 0
    """First epoch that pays, in full, default 1."""
    standard_reward_amount: int = 0
    """Most that all epochs together pay, umesh, default 600,000,000 mesh."""
    subsidy_reduction_interval: Decimal = Decimal()
    """Older scheme: part of standard_reward_amount after which the subsidy is reduced, default 0.05."""
    subsidy_reduction_amount: Decimal = Decimal()
    """Older scheme: part by which the subsidy is reduced, default 0.20."""
    current_subsidy_percentage: Decimal = Decimal()
    """Older scheme: part of an executor's income that is subsidy before any reduction, below 1, default
    0.90.
    """
    utilization_bonus_factor: Decimal = Decimal()
    """Not negative, default 0.5. No rule reads it: utilisation gives no bonus."""
    full_coverage_bonus_factor: Decimal = Decimal()
    """Not negative, default 1.2. No rule reads it: coverage gives no bonus."""
    partial_coverage_bonus_factor: Decimal = Decimal()
    """Not negative, default 0.1. No rule reads it: coverage gives no bonus."""


class SettleAmount(Record, frozen=True):
    """What a participant may claim for one settled epoch. There is one at most for each participant."""

    participant: str = ""
    """Participant, bech32."""
    reward_coins: int = 0
    """Share of the epoch reward, umesh; lies in the module account of rewards."""
    work_coins: int = 0
    """Work of the epoch, umesh; lies in the module account of inference."""
    epoch_index: int = 0
    """The settled epoch."""
    seed_signature: str = ""
    """The participant's commitment to its seed of that epoch; empty when it made none."""


class TokenomicsData(Record, frozen=True):
    """What all epochs have made, destroyed and given back. Sums stay at 2^64 - 1 once they reach it."""

    total_fees: int = 0
    """Work that executors earned, umesh."""
    total_subsidies: int = 0
    """Coins minted as epoch rewards, umesh; never more than standard_reward_amount."""
    total_burned: int = 0
    """Work and rewards burnt because nobody was entitled to them or claimed them, umesh."""
    subsidy_reductions: int = 0
    """How often the subsidy of the older scheme was reduced."""
    total_refunded: int = 0
    """What requesters got back because nobody answered in time, or wrongly, umesh."""


class MsgClaimRewards(Record, frozen=True):
    """Claims work and reward of a settled epoch by revealing its seed."""

    creator: str = ""
    """The participant, bech32. Signs."""
    seed: int = 0
    """The epoch's secret seed, whose 8 big-endian bytes the participant signed with MsgSubmitSeed; 0 when it
    committed to none.
    """
    epoch_index: int = 0
    """The settled epoch."""


class MsgClaimRewardsResponse(Record, frozen=True):
    """Answers MsgClaimRewards."""

    amount: int = 0
    """What was paid, umesh: work and reward."""
    result: str = ""
    """What happened, in words."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class Purse(Protocol):
    """What this room expects of the bank."""

    def get_balance(self, ctx: Context, address: str, denom: str = "umesh") -> int:
        """What an account owns."""

    def send_coins_from_module_to_account(
        self, ctx: Context, module: str, recipient: str, amount: int, denom: str = "umesh"
    ) -> None:
        """Moves coins from a module account."""

    def mint_coins(self, ctx: Context, module: str, amount: int, denom: str = "umesh") -> None:
        """Makes new coins, owned by a module account."""

    def burn_coins(self, ctx: Context, module: str, amount: int, denom: str = "umesh") -> None:
        """Destroys coins of a module account."""


class SignatureVerifier(Protocol):
    """What this room expects of accounts."""

    def verify(self, ctx: Context, address: str, message: bytes, signature: bytes) -> bool:
        """Whether a signature is the account key's over a message; False while the key is unknown."""


class ParticipantRecords(Protocol):
    """What this room expects of the nodes room."""

    def get_participants(self, ctx: Context) -> Iterator[Participant]:
        """All participants, sorted by address."""

    def set_participant(self, ctx: Context, participant: Participant) -> None:
        """Writes a participant."""


class InferenceRecords(Protocol):
    """What this room expects of the inference room."""

    def get_summary(self, ctx: Context, address: str, epoch_index: int) -> EpochPerformanceSummary | None:
        """What a participant did in a settled epoch, or None."""

    def set_summary(self, ctx: Context, summary: EpochPerformanceSummary) -> None:
        """Writes what a participant did in a settled epoch."""

    def get_owed(self, ctx: Context) -> int:
        """What the module account owes: open escrows, and work that is not settled, umesh."""


class EpochGroups(Protocol):
    """What this room expects of the epochs room."""

    def get_effective(self, ctx: Context) -> Epoch:
        """The epoch whose groups serve requests now."""

    def get_group(self, ctx: Context, epoch_index: int, model_id: str = "") -> EpochGroupData | None:
        """A group, or None."""


class DowntimeJudge(Protocol):
    """What this room expects of whoever punishes downtime."""

    def check_and_slash_for_downtime(self, ctx: Context, participant: Participant) -> int:
        """Slashes a participant that missed too many requests; how much was burnt, umesh."""


class DueValidations(Protocol):
    """What this room expects of validation."""

    def get_missed_validations(
        self, ctx: Context, participant: str, epoch_index: int, seed: int
    ) -> tuple[str, ...]:
        """Inferences of an epoch that a participant had to re-execute by its seed and did not, sorted."""


class JailRecords(Protocol):
    """What this room expects of the jail."""

    def is_barred(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed and therefore gets no reward."""
