"""Accounts, their numbers and sequences, and the unordered transactions that may not come twice.

An account is created by genesis, by the first coins it receives, or by whoever registers it as a participant
and names its key. Otherwise it learns its public key from its first signed transaction. Numbers are given in
order of creation and never again.
"""

from collections.abc import Iterable
from itertools import pairwise

from chain.auth.addresses import ADDRESS_CHARACTERS_MAX, address_of, decode_address
from chain.auth.signatures import SignatureCache, is_public_key
from chain.auth.types import Account, Signed, UnorderedNonce
from chain.context import Context
from chain.errors import (
    ErrAccountAlreadyExists,
    ErrInvalidPubKey,
    ErrInvalidRecord,
    ErrTxTimeout,
    ErrUnknownAddress,
)
from chain.genesis import GenesisState
from chain.genesis_order import refuse_unsorted
from chain.records import replace
from chain.store import Map
from chain.waking import Wakeup

ACCOUNTS = Map(b"\x01\x01", "auth/accounts", (str,), Account)
NEXT_ACCOUNT_NUMBER = Map(b"\x01\x02", "auth/next_account_number", (), int)
UNORDERED_NONCES = Map(b"\x01\x03", "auth/unordered_nonces", (int, str), UnorderedNonce)
COLLECTIONS = (ACCOUNTS, NEXT_ACCOUNT_NUMBER, UNORDERED_NONCES)


class Accounts:
    """Keeps accounts and the memory of unordered transactions."""

    def __init__(self) -> None:
        self._signatures = SignatureCache()

    def find_account(self, ctx: Context, address: str) -> Account | None:
        """The account, or None."""
        return ACCOUNTS.get(ctx.store, address)

    def get_account(self, ctx: Context, address: str) -> Account:
        """The account. Refuses an address that has none."""
        account = ACCOUNTS.get(ctx.store, address)
        if account is None:
            raise ErrUnknownAddress(address=address)
        return account

    def set_account(self, ctx: Context, account: Account) -> None:
        """Writes an account."""
        ACCOUNTS.set(ctx.store, account, account.address)

    def ensure_account(self, ctx: Context, address: str) -> None:
        """Creates the account when it does not exist."""
        if ACCOUNTS.has(ctx.store, address):
            return
        decode_address(address)
        number = NEXT_ACCOUNT_NUMBER.get(ctx.store) or 0
        NEXT_ACCOUNT_NUMBER.set(ctx.store, number + 1)
        self.set_account(ctx, Account(address=address, account_number=number))

    def create_account(self, ctx: Context, address: str, key_type: str, public_key: bytes) -> None:
        """Creates an account whose key is known. Refuses one that exists, and a key that is not its own."""
        if not is_public_key(key_type, public_key) or address_of(key_type, public_key) != address:
            raise ErrInvalidPubKey(address=address[:ADDRESS_CHARACTERS_MAX], why="it is not this address's")
        if ACCOUNTS.has(ctx.store, address):
            raise ErrAccountAlreadyExists(address=address)
        self.ensure_account(ctx, address)
        created = self.get_account(ctx, address)
        self.set_account(ctx, replace(created, key_type=key_type, public_key=public_key))

    def verify(self, ctx: Context, address: str, message: bytes, signature: bytes) -> bool:
        """Whether the signature is the account's over the message. False while its public key is unknown: an
        account becomes known with its first transaction."""
        account = ACCOUNTS.get(ctx.store, address)
        return account is not None and self.verify_by(account, message, signature)

    def verify_by(self, account: Account, message: bytes, signature: bytes) -> bool:
        """The same for an account's record."""
        if not account.key_type:
            return False
        return self._signatures.verify(account.key_type, account.public_key, message, signature)

    def find_signed(self, ctx: Context, address: str, message: bytes, signature: bytes) -> Signed | None:
        """What `verify` would verify; None when there is nothing to: the key is unknown, or the signature is
        known to be good.
        """
        account = ACCOUNTS.get(ctx.store, address)
        if account is None or not account.key_type:
            return None
        signed = Signed(account.key_type, account.public_key, message, signature)
        return None if self._signatures.has(signed) else signed

    def remember_signatures(self, good: Iterable[Signed]) -> None:
        """Takes signatures for good that somebody has verified."""
        for signed in good:
            self._signatures.remember(signed)

    def increment_sequence(self, ctx: Context, address: str) -> None:
        """Counts a transaction of the account."""
        account = self.get_account(ctx, address)
        self.set_account(ctx, replace(account, sequence=account.sequence + 1))

    def use_unordered_nonce(self, ctx: Context, address: str, timeout_timestamp_ns: int) -> None:
        """Remembers an unordered transaction until it has expired. Refuses one that came already."""
        if UNORDERED_NONCES.has(ctx.store, timeout_timestamp_ns, address):
            raise ErrTxTimeout(why=f"{address} has used the timeout {timeout_timestamp_ns} already")
        nonce = UnorderedNonce(address, timeout_timestamp_ns)
        UNORDERED_NONCES.set(ctx.store, nonce, timeout_timestamp_ns, address)

    def process_expired_nonces(self, ctx: Context) -> None:
        """Forgets the unordered transactions whose time is over: the ante refuses them by their timeout."""
        for parts, _ in UNORDERED_NONCES.items_before(ctx.store, ctx.time_ns + 1):
            UNORDERED_NONCES.delete(ctx.store, *parts)

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """When the next unordered transaction is forgotten."""
        first = UNORDERED_NONCES.find_first(ctx.store, 0)
        return Wakeup() if first is None else Wakeup(time_ns=first)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Writes accounts. Where no account of the document has a number, they are numbered in its order."""
        accounts = genesis.accounts
        refuse_unsorted("accounts", [account.address for account in accounts])
        if not any(account.account_number for account in accounts):
            accounts = tuple(replace(account, account_number=at) for at, account in enumerate(accounts))
        _refuse_repeated_numbers(accounts)
        for account in accounts:
            decode_address(account.address)
            self.set_account(ctx, account)
        if accounts:
            NEXT_ACCOUNT_NUMBER.set(ctx.store, 1 + max(account.account_number for account in accounts))
        for nonce in genesis.unordered_nonces:
            self.use_unordered_nonce(ctx, nonce.address, nonce.timeout_timestamp_ns)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """Accounts and unordered transactions, as fields of the genesis document."""
        return {
            "accounts": tuple(ACCOUNTS.values(ctx.store)),
            "unordered_nonces": tuple(UNORDERED_NONCES.values(ctx.store)),
        }


def _refuse_repeated_numbers(accounts: tuple[Account, ...]) -> None:
    numbers = sorted(account.account_number for account in accounts)
    for left, right in pairwise(numbers):
        if left == right:
            raise ErrInvalidRecord(what="genesis accounts", why=f"account number {left} comes twice")
