"""Records and messages of the bank."""

from dataclasses import dataclass
from typing import Protocol

from chain.context import Context


class AccountBook(Protocol):
    """What the bank needs of accounts."""

    def ensure_account(self, ctx: Context, address: str) -> None:
        """Creates the account when it does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class Coin:
    """An amount of one denomination."""

    denom: str = ""
    """Denomination, for example "umesh"."""
    amount: str = ""
    """Amount as decimal digits; never negative."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account owns."""

    address: str = ""
    """Bech32 address."""
    coins: tuple[Coin, ...] = ()
    """Coins, sorted by denomination."""


@dataclass(frozen=True, slots=True)
class MsgSend:
    """Moves coins from one account to another."""

    from_address: str = ""
    """Sender and signer, bech32."""
    to_address: str = ""
    """Receiver, bech32."""
    amount: tuple[Coin, ...] = ()
    """Coins, each positive, sorted by denomination, none twice."""


@dataclass(frozen=True, slots=True)
class MsgSendResponse:
    """Answers MsgSend."""
