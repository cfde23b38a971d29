"""Records of accounts."""

from chain.records import Record


class AuthParams(Record, frozen=True):
    """Limits of transactions."""

    max_memo_characters: int = 0
    """Longest memo in characters, default 256."""
    max_tx_bytes: int = 0
    """Largest transaction in bytes, default 1048576."""
    tx_sig_limit: int = 0
    """Most signatures in a transaction, default 7."""
    tx_size_cost_per_byte: int = 0
    """Gas for each byte of a transaction, default 10."""
    sig_verify_cost: int = 0
    """Gas for each signature, default 1000."""
    max_block_gas: int = 0
    """Most gas that the transactions of one block may use together, default 300000000; 0 for no limit."""


class Account(Record, frozen=True):
    """An account."""

    address: str = ""
    """Bech32 address."""
    key_type: str = ""
    """Kind of its public key: "secp256k1", "ed25519", or empty while unknown."""
    public_key: bytes = b""
    """Public key; empty while unknown."""
    account_number: int = 0
    """Number of the account, part of what it signs."""
    sequence: int = 0
    """Sequence of its next transaction."""


class Signed(Record, frozen=True):
    """A signature with all that it takes to verify it."""

    key_type: str
    public_key: bytes
    message: bytes
    signature: bytes


class Claim(Record, frozen=True):
    """What somebody is said to have signed, inside a message."""

    whose: str
    """In words: "requester's"."""
    address: str
    """Account whose key it should be."""
    message: bytes
    signature: bytes | None
    """64 bytes; None when the text of it is no signature."""


class UnorderedNonce(Record, frozen=True):
    """An unordered transaction that may not come twice."""

    address: str = ""
    """Signer, bech32."""
    timeout_timestamp_ns: int = 0
    """The transaction's timeout, nanoseconds since the Unix epoch."""
