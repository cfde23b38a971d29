"""Path to answer: one table of all that can be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from chain.codec import decode_strict, encode
from chain.context import Context
from chain.errors import ErrUnknownRequest
from chain.machine import Keepers
from chain.queries import account_types as cosmos
from chain.queries import types as own
from chain.queries.accounts import AccountQueries


@dataclass(frozen=True, slots=True)
class Query:
    """One read."""

    request: type
    """Record of the request."""
    answer: Callable[[Context, Anything], object]
    """Gives the record of the answer."""


def build_queries(keepers: Keepers) -> Mapping[str, Query]:
    """All reads, by the path of their gRPC method."""
    accounts = AccountQueries(keepers.accounts, keepers.bank)
    return {
        "/cosmos.auth.v1beta1.Query/Account": Query(cosmos.QueryAccountRequest, accounts.account),
        "/cosmos.bank.v1beta1.Query/Balance": Query(cosmos.QueryBalanceRequest, accounts.balance),
        "/cosmos.bank.v1beta1.Query/AllBalances": Query(
            cosmos.QueryAllBalancesRequest, accounts.all_balances
        ),
        "/cosmos.bank.v1beta1.Query/SupplyOf": Query(cosmos.QuerySupplyOfRequest, accounts.supply_of),
        "/chain.v1.Query/Params": Query(
            own.QueryParamsRequest,
            lambda ctx, _: own.QueryParamsResponse(keepers.governance.get_params(ctx)),
        ),
    }


def answer(queries: Mapping[str, Query], ctx: Context, path: str, data: bytes) -> bytes:
    """The encoded answer to an encoded request. Refuses a path that is not in the table."""
    query = queries.get(path)
    if query is None:
        raise ErrUnknownRequest(what=f"query {path[:128]!r}")
    return encode(query.answer(ctx, decode_strict(query.request, data)))
