"""Verifies signatures. The one pure file that knows the crypto libraries.

secp256k1: ECDSA over SHA-256 of the message, 64 bytes r ‖ s, s in the lower half of the order, as in Cosmos.
ed25519: RFC 8032 over the message itself, 64 bytes.
"""

import hashlib
from functools import lru_cache

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from chain.auth.addresses import ED25519, SECP256K1
from chain.auth.types import Signed

SIGNATURE_BYTES = 64
KEY_BYTES = {SECP256K1: 33, ED25519: 32}
"""Length of a public key of each kind."""
VERIFIED_MAX = 20_000
"""Signatures remembered as good; the oldest is forgotten first. Four times what waits for a block at most."""
KEYS_MAX = 20_000
"""Public keys remembered as points on the curve. It depends on the bytes alone, so it only saves time."""


def is_public_key(key_type: str, public_key: bytes) -> bool:
    """Whether the bytes are a public key of that kind: for secp256k1 a compressed point on the curve."""
    if len(public_key) != KEY_BYTES.get(key_type):
        return False
    return key_type == ED25519 or _open_key(public_key) is not None


def verify_signature(key_type: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over the message. Never raises for wrong input."""
    if len(signature) != SIGNATURE_BYTES or not is_public_key(key_type, public_key):
        return False
    if key_type == ED25519:
        return _verify_ed25519(public_key, message, signature)
    return _verify_secp256k1(public_key, message, signature)


class SignatureCache:
    """Remembers signatures that were found good, so that a block does not verify again what was checked
    when the transaction came in. Only saves time: what is not remembered is verified.
    """

    def __init__(self) -> None:
        self._verified: dict[tuple[str, bytes, bytes, bytes], None] = {}

    def verify(self, key_type: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Same as `verify_signature`."""
        signed = Signed(key_type, public_key, message, signature)
        if self.has(signed):
            return True
        good = verify_signature(key_type, public_key, message, signature)
        if good:
            self.remember(signed)
        return good

    def has(self, signed: Signed) -> bool:
        """Whether the signature is known to be good."""
        return _name(signed) in self._verified

    def remember(self, signed: Signed) -> None:
        """Takes a signature for good."""
        if len(self._verified) >= VERIFIED_MAX:
            del self._verified[next(iter(self._verified))]
        self._verified[_name(signed)] = None


def _name(signed: Signed) -> tuple[str, bytes, bytes, bytes]:
    return signed.key_type, signed.public_key, signed.signature, hashlib.sha256(signed.message).digest()


@lru_cache(KEYS_MAX)
def _open_key(public_key: bytes) -> coincurve.PublicKey | None:
    """The point of a compressed key, or None."""
    try:
        return coincurve.PublicKey(public_key)
    except ValueError:
        return None


def _verify_secp256k1(public_key: bytes, message: bytes, signature: bytes) -> bool:
    key = _open_key(public_key)
    try:
        return key is not None and bool(key.verify(cdata_to_der(deserialize_compact(signature)), message))
    except ValueError:
        return False


def _verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True
