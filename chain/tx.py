"""The Cosmos transaction envelope, and what a signer signs.

    TxRaw                       what is broadcast: the exact bytes that were signed
    ├── body_bytes              TxBody: messages, memo, timeouts
    ├── auth_info_bytes         AuthInfo: signers with their keys and sequences, fee
    └── signatures              one for each signer

`Tx` is all of it, decoded once and carried through the machine.
"""

from dataclasses import dataclass

from chain.bank.types import Coin


@dataclass(frozen=True, slots=True)
class Any:
    """A message of any type, encoded."""

    type_url: str = ""
    """"/" and the full name of the message."""
    value: bytes = b""
    """The encoded message."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant."""

    seconds: int = 0
    """Seconds since the Unix epoch."""
    nanos: int = 0
    """Nanoseconds within the second."""


@dataclass(frozen=True, slots=True)
class PubKey:
    """A public key of either kind; the type URL around it tells which."""

    key: bytes = b""
    """33 bytes for secp256k1 (compressed), 32 for ed25519."""


@dataclass(frozen=True, slots=True)
class TxRaw:
    """A transaction as it is broadcast."""

    body_bytes: bytes = b""
    """Encoded TxBody."""
    auth_info_bytes: bytes = b""
    """Encoded AuthInfo."""
    signatures: tuple[bytes, ...] = ()
    """One signature for each signer, in order."""


@dataclass(frozen=True, slots=True)
class SignDoc:
    """What a signer signs in SIGN_MODE_DIRECT."""

    body_bytes: bytes = b""
    """Same as in TxRaw."""
    auth_info_bytes: bytes = b""
    """Same as in TxRaw."""
    chain_id: str = ""
    """The chain, so that a transaction is valid on one chain only."""
    account_number: int = 0
    """The signer's account number."""


@dataclass(frozen=True, slots=True)
class TxBody:
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


@dataclass(frozen=True, slots=True)
class Single:
    """A single signature."""

    mode: int = 0
    """1 is SIGN_MODE_DIRECT."""


@dataclass(frozen=True, slots=True)
class ModeInfo:
    """How a signer signs."""

    single: Single | None = None
    """One key."""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signer."""

    public_key: Any | None = None
    """Public key; may be left out once the chain knows it."""
    mode_info: ModeInfo = ModeInfo()
    """How it signs."""
    sequence: int = 0
    """The account's sequence; 0 for an unordered transaction."""


@dataclass(frozen=True, slots=True)
class Fee:
    """What is paid for a transaction."""

    amount: tuple[Coin, ...] = ()
    """Coins; may be empty where the node asks for none."""
    gas_limit: int = 0
    """Most gas that the transaction may use."""
    payer: str = ""
    """Account that pays, bech32; the first signer when empty."""
    granter: str = ""
    """Not supported; must be empty."""


@dataclass(frozen=True, slots=True)
class AuthInfo:
    """Who signs and pays."""

    signer_infos: tuple[SignerInfo, ...] = ()
    """Signers, in the order in which the messages first name them."""
    fee: Fee = Fee()
    """What is paid."""


@dataclass(frozen=True, slots=True)
class TxMsgData:
    """What the messages of a transaction answered."""

    msg_responses: tuple[Any, ...] = ()
    """One answer for each message."""


@dataclass(frozen=True, slots=True)
class Tx:
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
