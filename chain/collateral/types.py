"""Records and messages of collateral."""

from typing import TYPE_CHECKING, Protocol

from chain.bank.types import Coin
from chain.context import Context
from chain.fixed import Decimal
from chain.records import Record

if TYPE_CHECKING:
    from chain.params import Params


class CollateralParams(Record, frozen=True):
    """Deposits and what is taken from them."""

    slash_fraction_invalid: Decimal = Decimal()
    """Part taken when a participant becomes INVALID, default 0.20."""
    slash_fraction_downtime: Decimal = Decimal()
    """Part taken for downtime, default 0.10."""
    downtime_missed_percentage_threshold: Decimal = Decimal()
    """Share of missed requests strictly above which downtime is slashed, default 0.05."""
    downtime_min_sample: int = 0
    """Fewest requests in an epoch before downtime is judged, default 0."""
    unbonding_period_epochs: int = 0
    """Epochs that a withdrawal takes, default 1, at least 1."""
    grace_period_end_epoch: int = 0
    """Last epoch that is formed without regard to collateral, default 180."""
    base_weight_ratio: Decimal = Decimal()
    """Part of a participant's weight that needs no collateral, 0 to 1, default 0.2."""
    collateral_per_weight_unit: Decimal = Decimal()
    """umesh that activate one unit of weight, default 1; 0 when any deposit activates all."""
    downtime_test: str = ""
    """How downtime is told: "threshold" (default, also when empty), the share of missed requests; "binomial",
    missed requests that one in ten would explain with less than 5 % probability.
    """
    jail_missed_requests: int = 0
    """Missed requests of an epoch from which on downtime also jails, default 50; 0 jails nobody."""
    jail_epochs: int = 0
    """Epochs that a jailed participant sits out before it may remove itself from jail, default 1."""
    exclude_jailed: bool = False
    """Whether jailed participants are left out of formation and routing, default true."""


class Collateral(Record, frozen=True):
    """A participant's active deposit."""

    participant: str = ""
    """Participant, bech32."""
    amount: Coin = Coin()
    """What is deposited."""


class UnbondingCollateral(Record, frozen=True):
    """A withdrawn deposit on its way out. It can still be slashed."""

    participant: str = ""
    """Participant, bech32."""
    amount: Coin = Coin()
    """What will be paid out."""
    completion_epoch: int = 0
    """Epoch at whose end it is paid out."""


class MsgDepositCollateral(Record, frozen=True):
    """Deposits collateral."""

    participant: str = ""
    """The participant, bech32. Signs."""
    amount: Coin = Coin()
    """What to deposit, umesh only (ErrInvalidDenom)."""


class MsgDepositCollateralResponse(Record, frozen=True):
    """Answers MsgDepositCollateral."""


class MsgWithdrawCollateral(Record, frozen=True):
    """Begins to withdraw collateral. ErrNoCollateralFound, ErrInsufficientCollateral."""

    participant: str = ""
    """The participant, bech32. Signs."""
    amount: Coin = Coin()
    """What to withdraw, umesh only."""


class MsgWithdrawCollateralResponse(Record, frozen=True):
    """Answers MsgWithdrawCollateral."""

    completion_epoch: int = 0
    """Epoch at whose end the coins are paid out."""


class ParamsSource(Protocol):
    """What this room expects of the parameters."""

    def get_params(self, ctx: Context) -> "Params":
        """The parameters in effect."""


class Jail(Protocol):
    """What this room expects of the jail."""

    def set_jailed(self, ctx: Context, participant: str, reason: str) -> None:
        """Jails a participant until it is removed."""


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

    def burn_coins(self, ctx: Context, module: str, amount: int, denom: str = "umesh") -> None:
        """Destroys coins of a module account."""
