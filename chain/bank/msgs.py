"""Handles the bank's message."""

from chain.auth.addresses import MODULE_ACCOUNTS, decode_address, module_address
from chain.bank.keeper import Bank
from chain.bank.rules import check_coins
from chain.bank.types import MsgSend, MsgSendResponse
from chain.context import Context
from chain.errors import ErrInvalidCoins, ErrUnauthorized

BLOCKED = tuple(module_address(name) for name in MODULE_ACCOUNTS)
"""Accounts that nobody may send to: what is in them is accounted for elsewhere."""


class Msgs:
    """Handles MsgSend."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def send(self, ctx: Context, msg: MsgSend) -> MsgSendResponse:
        """Moves coins from the signer to another account, which is created when it does not exist."""
        decode_address(msg.to_address)
        pairs = check_coins(msg.amount, "amount")
        if not pairs:
            raise ErrInvalidCoins(coins="amount", why="it is empty")
        if msg.to_address in BLOCKED:
            raise ErrUnauthorized(address=msg.to_address, why="a module account takes no transfers")
        for denom, amount in pairs:
            self._bank.send_coins(ctx, msg.from_address, msg.to_address, amount, denom)
        return MsgSendResponse()
