"""What can be asked of rewards."""

from dataclasses import dataclass

from chain.bank.types import Coin
from chain.queries.types import PageRequest, PageResponse
from chain.rewards.types import SettleAmount, TokenomicsData


@dataclass(frozen=True, slots=True)
class QuerySettleAmountRequest:
    """Asks for a claim."""

    participant: str = ""


@dataclass(frozen=True, slots=True)
class QuerySettleAmountResponse:
    """A claim."""

    settle_amount: SettleAmount = SettleAmount()


@dataclass(frozen=True, slots=True)
class QuerySettleAmountAllRequest:
    """Asks for all open claims."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QuerySettleAmountAllResponse:
    """All open claims."""

    settle_amounts: tuple[SettleAmount, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryTokenomicsDataRequest:
    """Asks for the sums over all settlements."""


@dataclass(frozen=True, slots=True)
class QueryTokenomicsDataResponse:
    """The sums over all settlements."""

    tokenomics_data: TokenomicsData = TokenomicsData()
    supply: Coin = Coin()
    remaining_rewards: int = 0


@dataclass(frozen=True, slots=True)
class QueryEpochRewardRequest:
    """Asks for the reward of an epoch."""

    epoch_index: int = 0


@dataclass(frozen=True, slots=True)
class QueryEpochRewardResponse:
    """The reward of an epoch."""

    epoch_reward: int = 0
