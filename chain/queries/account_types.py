"""What Cosmos clients ask of accounts and money."""

from dataclasses import dataclass

from chain.bank.types import Coin
from chain.queries.types import PageRequest, PageResponse
from chain.tx import Any


@dataclass(frozen=True, slots=True)
class BaseAccount:
    """An account, as Cosmos clients read it."""

    address: str = ""
    """Bech32 address."""
    pub_key: Any | None = None
    """Public key; absent until the account first signed."""
    account_number: int = 0
    """Number of the account."""
    sequence: int = 0
    """Sequence of its next transaction."""


@dataclass(frozen=True, slots=True)
class QueryAccountRequest:
    """Asks for an account."""

    address: str = ""


@dataclass(frozen=True, slots=True)
class QueryAccountResponse:
    """An account."""

    account: Any | None = None


@dataclass(frozen=True, slots=True)
class QueryBalanceRequest:
    """Asks for one balance."""

    address: str = ""
    denom: str = ""


@dataclass(frozen=True, slots=True)
class QueryBalanceResponse:
    """One balance."""

    balance: Coin | None = None


@dataclass(frozen=True, slots=True)
class QueryAllBalancesRequest:
    """Asks for all balances of an account."""

    address: str = ""
    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryAllBalancesResponse:
    """All balances of an account."""

    balances: tuple[Coin, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QuerySupplyOfRequest:
    """Asks for the supply of a denomination."""

    denom: str = ""


@dataclass(frozen=True, slots=True)
class QuerySupplyOfResponse:
    """The supply of a denomination."""

    amount: Coin | None = None
