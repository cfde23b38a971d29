"""Reads of rewards."""

from chain.bank.keeper import Bank
from chain.bank.types import Coin
from chain.context import Context
from chain.errors import ErrNotFound
from chain.governance import Governance
from chain.queries import reward_types as q
from chain.queries.keys import require_name, require_number
from chain.queries.pages import get_page_values
from chain.rewards import rules
from chain.rewards.keeper import DENOM, SETTLE_AMOUNTS, Rewards


class RewardQueries:
    """Answers from the rewards room."""

    def __init__(self, rewards: Rewards, bank: Bank, governance: Governance) -> None:
        self._rewards = rewards
        self._bank = bank
        self._governance = governance

    def settle_amount(self, ctx: Context, request: q.QuerySettleAmountRequest) -> q.QuerySettleAmountResponse:
        """What a participant may claim."""
        address = require_name("participant", request.participant)
        record = self._rewards.get_settle_amount(ctx, address)
        if record is None:
            raise ErrNotFound(what=f"an open claim of {address}")
        return q.QuerySettleAmountResponse(record)

    def settle_amount_all(
        self, ctx: Context, request: q.QuerySettleAmountAllRequest
    ) -> q.QuerySettleAmountAllResponse:
        """All open claims, by participant."""
        return q.QuerySettleAmountAllResponse(*get_page_values(ctx.store, SETTLE_AMOUNTS, request.pagination))

    def tokenomics_data(
        self, ctx: Context, request: q.QueryTokenomicsDataRequest
    ) -> q.QueryTokenomicsDataResponse:
        """The sums over all settlements, the supply, and what is left to pay."""
        data = self._rewards.get_tokenomics(ctx)
        most = self._governance.get_params(ctx).rewards.standard_reward_amount
        supply = Coin(DENOM, str(self._bank.get_supply(ctx)))
        return q.QueryTokenomicsDataResponse(data, supply, max(most - data.total_subsidies, 0))

    def epoch_reward(self, ctx: Context, request: q.QueryEpochRewardRequest) -> q.QueryEpochRewardResponse:
        """The fixed reward of an epoch by the parameters in effect."""
        params = self._governance.get_params(ctx).rewards
        epochs = require_number("epoch_index", request.epoch_index) - params.genesis_epoch
        reward = rules.compute_epoch_reward(params.initial_epoch_reward, params.decay_rate, epochs)
        return q.QueryEpochRewardResponse(reward)
