"""Addresses: 20 bytes, written as bech32 with the prefix `mesh`."""

import hashlib
from functools import cache, lru_cache

import bech32

from chain.auth.ripemd160 import ripemd160
from chain.errors import ErrInvalidAddress, ErrInvalidPubKey

PREFIX = "mesh"
"""Human-readable part of every address."""
ADDRESS_BYTES = 20
ADDRESS_CHARACTERS_MAX = 90
"""Longest bech32 text."""
REMEMBERED_MAX = 65_536
"""Addresses whose arithmetic is remembered. It depends on the text alone, so remembering only saves time."""
SECP256K1 = "secp256k1"
ED25519 = "ed25519"

FEE_COLLECTOR = "fee_collector"
INFERENCE = "inference"
COLLATERAL = "collateral"
GOVERNANCE = "governance"
REWARDS = "rewards"
MODULE_ACCOUNTS = (FEE_COLLECTOR, INFERENCE, COLLATERAL, REWARDS, GOVERNANCE)
"""Accounts that no key opens: fees, escrow and unclaimed work, deposits, unclaimed rewards, deposits of
proposals.
"""


@lru_cache(REMEMBERED_MAX)
def address_of(key_type: str, public_key: bytes) -> str:
    """Address of a public key, as on every Cosmos chain: ripemd160(sha256(key)) of a compressed secp256k1
    key, the first 20 bytes of sha256(key) of an ed25519 key.
    """
    digest = hashlib.sha256(public_key).digest()
    if key_type == SECP256K1:
        return encode_address(ripemd160(digest))
    if key_type == ED25519:
        return encode_address(digest[:ADDRESS_BYTES])
    raise ErrInvalidPubKey(address="the signer", why=f"kind {key_type!r} is not {SECP256K1} or {ED25519}")


@cache
def module_address(name: str) -> str:
    """Address of a module account: the first 20 bytes of its name's SHA-256."""
    return encode_address(hashlib.sha256(name.encode()).digest()[:ADDRESS_BYTES])


def encode_address(raw: bytes) -> str:
    """20 bytes as text."""
    words = bech32.convertbits(raw, 8, 5) or []
    return str(bech32.bech32_encode(PREFIX, words))


@lru_cache(REMEMBERED_MAX)
def decode_address(text: str) -> bytes:
    """The 20 bytes of an address. Refuses another prefix, a wrong checksum, another length, upper case."""
    if len(text) > ADDRESS_CHARACTERS_MAX or not text.isascii() or text != text.lower():
        raise ErrInvalidAddress(address=text[:ADDRESS_CHARACTERS_MAX], why="it is not lower-case bech32 text")
    prefix, words = bech32.bech32_decode(text)
    if words is None:
        raise ErrInvalidAddress(address=text, why="the checksum does not match")
    if prefix != PREFIX:
        raise ErrInvalidAddress(address=text, why=f"it begins with {prefix!r}, not with {PREFIX!r}")
    raw = bech32.convertbits(words, 5, 8, False)
    if raw is None or len(raw) != ADDRESS_BYTES:
        raise ErrInvalidAddress(address=text, why=f"it does not hold {ADDRESS_BYTES} bytes")
    return bytes(raw)
