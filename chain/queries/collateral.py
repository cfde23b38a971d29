"""Reads of deposits."""

from chain.bank.types import Coin
from chain.collateral.keeper import DENOM, Deposits
from chain.context import Context
from chain.queries import types as q
from chain.queries.keys import require_name


class CollateralQueries:
    """Answers from the collateral room."""

    def __init__(self, deposits: Deposits) -> None:
        self._deposits = deposits

    def collateral(self, ctx: Context, request: q.QueryCollateralRequest) -> q.QueryCollateralResponse:
        """A deposit; zero when there is none."""
        address = require_name("participant", request.participant)
        return q.QueryCollateralResponse(Coin(DENOM, str(self._deposits.get_deposit(ctx, address))))

    def unbonding_collateral(
        self, ctx: Context, request: q.QueryUnbondingCollateralRequest
    ) -> q.QueryUnbondingCollateralResponse:
        """A participant's withdrawals under way, by epoch."""
        address = require_name("participant", request.participant)
        return q.QueryUnbondingCollateralResponse(self._deposits.get_unbondings(ctx, address))
