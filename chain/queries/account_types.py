"""What Cosmos clients ask of accounts and money."""

from chain.bank.types import Coin
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.tx import Any


class BaseAccount(Record, frozen=True):
    """An account, as Cosmos clients read it."""

    address: str = ""
    """Bech32 address."""
    pub_key: Any | None = None
    """Public key; absent until the account first signed."""
    account_number: int = 0
    """Number of the account."""
    sequence: int = 0
    """Sequence of its next transaction."""


class QueryAccountRequest(Record, frozen=True):
    """Asks for an account."""

    address: str = ""


class QueryAccountResponse(Record, frozen=True):
    """An account."""

    account: Any | None = None


class QueryBalanceRequest(Record, frozen=True):
    """Asks for one balance."""

    address: str = ""
    denom: str = ""


class QueryBalanceResponse(Record, frozen=True):
    """One balance."""

    balance: Coin | None = None


class QueryAllBalancesRequest(Record, frozen=True):
    """Asks for all balances of an account."""

    address: str = ""
    pagination: PageRequest = PageRequest()


class QueryAllBalancesResponse(Record, frozen=True):
    """All balances of an account."""

    balances: tuple[Coin, ...] = ()
    pagination: PageResponse = PageResponse()


class QuerySupplyOfRequest(Record, frozen=True):
    """Asks for the supply of a denomination."""

    denom: str = ""


class QuerySupplyOfResponse(Record, frozen=True):
    """The supply of a denomination."""

    amount: Coin | None = None
