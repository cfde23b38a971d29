"""The participant's account key: its file, its address, and signatures with it.

The file is a JSON document `{"name", "address", "public_key", "private_key"}`, keys in hex, readable by its
owner only.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import bech32
import coincurve
import nacl.exceptions
import nacl.signing
from coincurve import ecdsa

from broker.errors import HomeError
from broker.ripemd160 import ripemd160

ADDRESS_PREFIX = "mesh"
SIGNATURE_BYTES = 64
SECP256K1_KEY_BYTES = 33
ED25519_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A secp256k1 account key. `public_key` is the compressed point, 33 bytes."""

    name: str
    address: str
    public_key: bytes
    private_key: bytes = field(repr=False)

    @classmethod
    def create(cls, path: Path, name: str) -> Self:
        """Draws a key and writes it; an existing file is never replaced."""
        secret = coincurve.PrivateKey()
        public_key = secret.public_key.format(compressed=True)
        key = cls(name, address_of(public_key), public_key, secret.secret)
        document = {
            "name": name,
            "address": key.address,
            "public_key": public_key.hex(),
            "private_key": secret.secret.hex(),
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(json.dumps(document, indent=2) + "\n")
        except FileExistsError:
            raise HomeError(f"{path} exists already; remove it first if that account is to be lost") from None
        except OSError as error:
            raise HomeError(f"cannot write {path}: {error.strerror}") from None
        return key

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a key file; refuses one whose parts do not belong together."""
        try:
            document = json.loads(path.read_text())
            private_key = bytes.fromhex(document["private_key"])
            name, address = str(document.get("name", "")), str(document["address"])
            secret = coincurve.PrivateKey(private_key)
        except OSError as error:
            raise HomeError(f"cannot read the key {path}: {error.strerror}; make one with init") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise HomeError(f"{path} is not a key file: it needs name, address, private_key in hex") from None
        public_key = secret.public_key.format(compressed=True)
        if address_of(public_key) != address:
            raise HomeError(f"the address in {path} is not that of its key; restore the file from a copy")
        return cls(name, address, public_key, private_key)

    def sign(self, payload: bytes) -> bytes:
        """Signature over sha256(payload): r and s, 32 bytes each, low s."""
        return coincurve.PrivateKey(self.private_key).sign_recoverable(payload)[:SIGNATURE_BYTES]


def address_of(public_key: bytes) -> str:
    """Address of a key, as on every Cosmos chain: ripemd160(sha256(key)) of a compressed secp256k1 key,
    the first 20 bytes of sha256(key) of an ed25519 key; bech32 with the prefix `mesh`."""
    digest = hashlib.sha256(public_key).digest()
    raw = digest[:20] if len(public_key) == ED25519_KEY_BYTES else ripemd160(digest)
    return str(bech32.bech32_encode(ADDRESS_PREFIX, bech32.convertbits(raw, 8, 5) or ()))


def is_signed_by(public_key: bytes, payload: bytes, signature: bytes) -> bool:
    """Whether the signature over the payload is the key's. A malformed key or signature is a plain no."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        if len(public_key) == ED25519_KEY_BYTES:
            nacl.signing.VerifyKey(public_key).verify(payload, signature)
            return True
        der = ecdsa.cdata_to_der(ecdsa.deserialize_compact(signature))
        return bool(coincurve.PublicKey(public_key).verify(der, payload))
    except (ValueError, nacl.exceptions.CryptoError):
        return False
