"""What can be asked of rewards."""

from chain.bank.types import Coin
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.rewards.types import SettleAmount, TokenomicsData


class QuerySettleAmountRequest(Record, frozen=True):
    """Asks for a claim."""

    participant: str = ""


class QuerySettleAmountResponse(Record, frozen=True):
    """A claim."""

    settle_amount: SettleAmount = SettleAmount()


class QuerySettleAmountAllRequest(Record, frozen=True):
    """Asks for all open claims."""

    pagination: PageRequest = PageRequest()


class QuerySettleAmountAllResponse(Record, frozen=True):
    """All open claims."""

    settle_amounts: tuple[SettleAmount, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryTokenomicsDataRequest(Record, frozen=True):
    """Asks for the sums over all settlements."""


class QueryTokenomicsDataResponse(Record, frozen=True):
    """The sums over all settlements."""

    tokenomics_data: TokenomicsData = TokenomicsData()
    supply: Coin = Coin()
    remaining_rewards: int = 0


class QueryEpochRewardRequest(Record, frozen=True):
    """Asks for the reward of an epoch."""

    epoch_index: int = 0


class QueryEpochRewardResponse(Record, frozen=True):
    """The reward of an epoch."""

    epoch_reward: int = 0
