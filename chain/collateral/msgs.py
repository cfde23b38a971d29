"""Handlers of deposits and withdrawals."""

from chain.bank.types import Coin
from chain.collateral import rules
from chain.collateral.keeper import DENOM, Deposits
from chain.collateral.types import (
    MsgDepositCollateral,
    MsgDepositCollateralResponse,
    MsgWithdrawCollateral,
    MsgWithdrawCollateralResponse,
)
from chain.context import Context
from chain.errors import ErrInvalidCoins, ErrInvalidDenom


class Msgs:
    """Handlers of this room."""

    def __init__(self, deposits: Deposits) -> None:
        self._deposits = deposits

    def deposit_collateral(self, ctx: Context, msg: MsgDepositCollateral) -> MsgDepositCollateralResponse:
        """Adds coins of the signer to its deposit."""
        self._deposits.deposit(ctx, msg.participant, _check_amount(msg.amount))
        return MsgDepositCollateralResponse()

    def withdraw_collateral(self, ctx: Context, msg: MsgWithdrawCollateral) -> MsgWithdrawCollateralResponse:
        """Starts to pay out a part of the signer's deposit."""
        epoch = self._deposits.withdraw(ctx, msg.participant, _check_amount(msg.amount))
        return MsgWithdrawCollateralResponse(completion_epoch=epoch)


def _check_amount(coin: Coin) -> int:
    amount = rules.parse_amount(coin.amount)
    if amount is None:
        raise ErrInvalidCoins(coins=f"{coin.amount[:80]}{coin.denom[:40]}", why="not a positive whole number")
    if coin.denom != DENOM:
        raise ErrInvalidDenom(denom=coin.denom)
    return amount
