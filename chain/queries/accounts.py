"""Reads of accounts and money, as Cosmos clients ask."""

from chain.auth.addresses import decode_address
from chain.auth.keeper import Accounts
from chain.bank.keeper import BALANCES, Bank
from chain.bank.rules import check_amount
from chain.bank.types import Coin
from chain.codec import encode, type_url
from chain.context import Context
from chain.envelope import pack_public_key
from chain.errors import ErrKeyNotFound
from chain.queries.account_types import (
    BaseAccount,
    QueryAccountRequest,
    QueryAccountResponse,
    QueryAllBalancesRequest,
    QueryAllBalancesResponse,
    QueryBalanceRequest,
    QueryBalanceResponse,
    QuerySupplyOfRequest,
    QuerySupplyOfResponse,
)
from chain.queries.pages import get_page
from chain.tx import Any


class AccountQueries:
    """Answers from the auth and bank rooms."""

    def __init__(self, accounts: Accounts, bank: Bank) -> None:
        self._accounts = accounts
        self._bank = bank

    def account(self, ctx: Context, request: QueryAccountRequest) -> QueryAccountResponse:
        """An account, packed; ErrKeyNotFound when there is none."""
        decode_address(request.address)
        found = self._accounts.find_account(ctx, request.address)
        if found is None:
            raise ErrKeyNotFound(what=f"account {request.address}")
        key = pack_public_key(found.key_type, found.public_key) if found.key_type else None
        shown = BaseAccount(found.address, key, found.account_number, found.sequence)
        return QueryAccountResponse(Any(type_url(BaseAccount), encode(shown)))

    def balance(self, ctx: Context, request: QueryBalanceRequest) -> QueryBalanceResponse:
        """One balance; zero when there is none."""
        decode_address(request.address)
        check_amount(0, request.denom)
        amount = self._bank.get_balance(ctx, request.address, request.denom)
        return QueryBalanceResponse(Coin(request.denom, str(amount)))

    def all_balances(self, ctx: Context, request: QueryAllBalancesRequest) -> QueryAllBalancesResponse:
        """All balances of an account, sorted by denomination."""
        decode_address(request.address)
        entries, page = get_page(ctx.store, BALANCES, request.pagination, request.address)
        coins = tuple(Coin(str(parts[1]), str(amount)) for parts, amount in entries)
        return QueryAllBalancesResponse(coins, page)

    def supply_of(self, ctx: Context, request: QuerySupplyOfRequest) -> QuerySupplyOfResponse:
        """All there is of a denomination; zero when there is none."""
        check_amount(0, request.denom)
        return QuerySupplyOfResponse(Coin(request.denom, str(self._bank.get_supply(ctx, request.denom))))
