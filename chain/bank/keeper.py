"""Balances and supply. Coins come into being by `mint_coins`, cease by `burn_coins`, and otherwise only
move.
"""

from chain.auth.addresses import module_address
from chain.bank.rules import check_amount
from chain.bank.types import AccountBook, Balance, Coin
from chain.context import Context
from chain.errors import ErrInsufficientFunds
from chain.genesis import GenesisState
from chain.genesis_order import refuse_unsorted
from chain.store import Map

BASE_DENOM = "umesh"
"""The coin of the network: 1 mesh is 10^6 umesh."""

BALANCES = Map(b"\x02\x01", "bank/balances", (str, str), int)
SUPPLY = Map(b"\x02\x02", "bank/supply", (str,), int)
COLLECTIONS = (BALANCES, SUPPLY)


class Bank:
    """Keeps who owns what. Amounts count the smallest unit; a balance of zero has no record."""

    def __init__(self, accounts: AccountBook) -> None:
        self._accounts = accounts

    def get_balance(self, ctx: Context, address: str, denom: str = BASE_DENOM) -> int:
        """What an account owns of one denomination."""
        return BALANCES.get(ctx.store, address, denom) or 0

    def get_supply(self, ctx: Context, denom: str = BASE_DENOM) -> int:
        """All there is of one denomination."""
        return SUPPLY.get(ctx.store, denom) or 0

    def send_coins(
        self, ctx: Context, sender: str, recipient: str, amount: int, denom: str = BASE_DENOM
    ) -> None:
        """Moves coins. Refuses when the sender has less; creates the recipient's account if need be."""
        check_amount(amount, denom)
        self._take(ctx, sender, amount, denom)
        self._give(ctx, recipient, amount, denom)
        ctx.emit("transfer", recipient=recipient, sender=sender, amount=f"{amount}{denom}")

    def send_coins_from_account_to_module(
        self, ctx: Context, sender: str, module: str, amount: int, denom: str = BASE_DENOM
    ) -> None:
        """Moves coins to a module account, named as in `MODULE_ACCOUNTS`."""
        self.send_coins(ctx, sender, module_address(module), amount, denom)

    def send_coins_from_module_to_account(
        self, ctx: Context, module: str, recipient: str, amount: int, denom: str = BASE_DENOM
    ) -> None:
        """Moves coins from a module account."""
        self.send_coins(ctx, module_address(module), recipient, amount, denom)

    def mint_coins(self, ctx: Context, module: str, amount: int, denom: str = BASE_DENOM) -> None:
        """Makes new coins, owned by a module account."""
        check_amount(amount, denom)
        self._give(ctx, module_address(module), amount, denom)
        self._set_supply(ctx, denom, self.get_supply(ctx, denom) + amount)
        ctx.emit("coinbase", minter=module_address(module), amount=f"{amount}{denom}")

    def burn_coins(self, ctx: Context, module: str, amount: int, denom: str = BASE_DENOM) -> None:
        """Destroys coins of a module account. Refuses when it has less."""
        check_amount(amount, denom)
        self._take(ctx, module_address(module), amount, denom)
        self._set_supply(ctx, denom, self.get_supply(ctx, denom) - amount)
        ctx.emit("burn", burner=module_address(module), amount=f"{amount}{denom}")

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Writes balances and counts the supply. Refuses unsorted or repeated addresses and denominations."""
        refuse_unsorted("balances", [balance.address for balance in genesis.balances])
        for balance in genesis.balances:
            refuse_unsorted(f"coins of {balance.address}", [coin.denom for coin in balance.coins])
            for coin in balance.coins:
                amount = check_amount(coin.amount, coin.denom)
                self._give(ctx, balance.address, amount, coin.denom)
                self._set_supply(ctx, coin.denom, self.get_supply(ctx, coin.denom) + amount)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """All balances, as fields of the genesis document."""
        owned: dict[str, list[Coin]] = {}
        for parts, amount in BALANCES.items(ctx.store):
            owned.setdefault(str(parts[0]), []).append(Coin(str(parts[1]), str(amount)))
        return {"balances": tuple(Balance(address, tuple(coins)) for address, coins in owned.items())}

    def _take(self, ctx: Context, address: str, amount: int, denom: str) -> None:
        have = self.get_balance(ctx, address, denom)
        if have < amount:
            raise ErrInsufficientFunds(address=address, have=have, need=amount, denom=denom)
        self._set_balance(ctx, address, denom, have - amount)

    def _give(self, ctx: Context, address: str, amount: int, denom: str) -> None:
        self._accounts.ensure_account(ctx, address)
        self._set_balance(ctx, address, denom, self.get_balance(ctx, address, denom) + amount)

    def _set_balance(self, ctx: Context, address: str, denom: str, amount: int) -> None:
        if amount:
            BALANCES.set(ctx.store, amount, address, denom)
        else:
            BALANCES.delete(ctx.store, address, denom)

    def _set_supply(self, ctx: Context, denom: str, amount: int) -> None:
        if amount:
            SUPPLY.set(ctx.store, amount, denom)
        else:
            SUPPLY.delete(ctx.store, denom)
