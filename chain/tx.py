"""The Cosmos transaction envelope, and what a signer signs.

    TxRaw                       what is broadcast: the exact bytes that were signed
    ├── body_bytes              TxBody: messages, memo, timeouts
    ├── auth_info_bytes         AuthInfo: signers with their keys and sequences, fee
    └── signatures              one for each signer

`Tx` is all of it, decoded once and carried through the machine.
"""

from chain.bank.types import Coin
from chain.records import Record


class Any(Record, frozen=True):
    """A message of any type, encoded."""

    type_url: str = ""
    """"/" and the full name of the message."""
    value: bytes = b""
    """The encoded message."""


class Timestamp(Record, frozen=True):
    """An instant."""

    seconds: int = 0
    """Seconds since the Unix epoch."""
    nanos: int = 0
    """Nanoseconds within the second."""


class PubKey(Record, frozen=True):
    """A public key of either kind; the type URL around it tells which."""

    key: bytes = b""
    """33 bytes for secp256k1 (compressed), 32 for ed25519."""


class TxRaw(Record, frozen=True):
    """A transaction as it is broadcast."""

    body_bytes: bytes = b""
    """Encoded TxBody."""
    auth_info_bytes: bytes = b""
    """Encoded AuthInfo."""
    signatures: tuple[bytes, ...] = ()
    """One signature for each signer, in order."""


class SignDoc(Record, frozen=True):
    """What a signer signs in SIGN_MODE_DIRECT."""

    body_bytes: bytes = b""
    """Same as in TxRaw."""
    auth_info_bytes: bytes = b""
    """Same as in TxRaw."""
    chain_id: str = ""
    """The chain, so that a transaction is valid on one chain only."""
    account_number: int = 0
    """The signer's account number."""


class TxBody(Record, frozen=True):
    """What a transaction does."""

    messages: tuple[Any, ...] = ()
    """Messages, applied in order, all or none."""
    memo: str = ""
    """Free text."""
    timeout_height: int = 0
    """Height after which the transaction is refused; 0 for none."""
    unordered: bool = False
    """Whether the sequence is not checked; needs a timeout_timestamp."""
    timeout_timestamp: Timestamp | None = None
    """Time after which the transaction is refused."""


class Single(Record, frozen=True):
    """A single signature."""

    mode: int = 0
    """1 is SIGN_MODE_DIRECT."""


class ModeInfo(Record, frozen=True):
    """How a signer signs."""

    single: Single | None = None
    """One key."""


class SignerInfo(Record, frozen=True):
    """One signer."""

    public_key: Any | None = None
    """Public key; may be left out once the chain knows it."""
    mode_info: ModeInfo = ModeInfo()
    """How it signs."""
    sequence: int = 0
    """The account's sequence; 0 for an unordered transaction."""


class Fee(Record, frozen=True):
    """What is paid for a transaction."""

    amount: tuple[Coin, ...] = ()
    """Coins; may be empty where the node asks for none."""
    gas_limit: int = 0
    """Most gas that the transaction may use."""
    payer: str = ""
    """Account that pays, bech32; the first signer when empty."""
    granter: str = ""
    """Not supported; must be empty."""


class AuthInfo(Record, frozen=True):
    """Who signs and pays."""

    signer_infos: tuple[SignerInfo, ...] = ()
    """Signers, in the order in which the messages first name them."""
    fee: Fee = Fee()
    """What is paid."""


class TxMsgData(Record, frozen=True):
    """What the messages of a transaction answered."""

    msg_responses: tuple[Any, ...] = ()
    """One answer for each message."""


class Tx(Record, frozen=True):
    """A transaction, decoded."""

    size: int
    """Its length in bytes, as broadcast."""
    raw: TxRaw
    body: TxBody
    auth_info: AuthInfo
    messages: tuple[object, ...]
    """Records of the messages, in order."""
    signers: tuple[str, ...]
    """Addresses that must sign: those that the messages name, in order, then the payer of the fee."""
