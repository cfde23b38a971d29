"""Records and messages of the bank."""

from typing import Protocol

from chain.context import Context
from chain.records import Record


class AccountBook(Protocol):
    """What the bank needs of accounts."""

    def ensure_account(self, ctx: Context, address: str) -> None:
        """Creates the account when it does not exist."""
        ...


class Coin(Record, frozen=True):
    """An amount of one denomination."""

    denom: str = ""
    """Denomination, for example "umesh"."""
    amount: str = ""
    """Amount as decimal digits; never negative."""


class Balance(Record, frozen=True):
    """What an account owns."""

    address: str = ""
    """Bech32 address."""
    coins: tuple[Coin, ...] = ()
    """Coins, sorted by denomination."""


class MsgSend(Record, frozen=True):
    """Moves coins from one account to another."""

    from_address: str = ""
    """Sender and signer, bech32."""
    to_address: str = ""
    """Receiver, bech32."""
    amount: tuple[Coin, ...] = ()
    """Coins, each positive, sorted by denomination, none twice."""


class MsgSendResponse(Record, frozen=True):
    """Answers MsgSend."""
