"""Every collection of the state, gathered: the keys' first two bytes, and how values become bytes and come
back.

Records are protobuf (`codec.py`), integers decimal digits, text UTF-8. Each room names its collections
beside its keeper.
"""

from collections.abc import Iterator, Mapping
from typing import Any as Anything

from chain import codec, governance
from chain.auth import keeper as auth
from chain.bank import keeper as bank
from chain.collateral import keeper as collateral
from chain.epochs import keeper as epochs
from chain.errors import Fatal
from chain.inference import keeper as inference
from chain.models import keeper as models
from chain.nodes import keeper as nodes
from chain.poc import keeper as poc
from chain.pricing import keeper as pricing
from chain.proposals import keeper as proposals
from chain.rewards import keeper as rewards
from chain.slashing import keeper as slashing
from chain.store import Map
from chain.upgrades import keeper as upgrades
from chain.validation import keeper as validation
from chain.validators import keeper as validators

ROOMS: tuple[tuple[str, int, tuple[Map[Anything], ...]], ...] = (
    ("auth", 0x01, auth.COLLECTIONS),
    ("bank", 0x02, bank.COLLECTIONS),
    ("params", 0x03, governance.COLLECTIONS),
    ("models", 0x10, models.COLLECTIONS),
    ("nodes", 0x11, nodes.COLLECTIONS),
    ("epochs", 0x12, epochs.COLLECTIONS),
    ("poc", 0x13, poc.COLLECTIONS),
    ("inference", 0x14, inference.COLLECTIONS),
    ("collateral", 0x15, collateral.COLLECTIONS),
    ("rewards", 0x16, rewards.COLLECTIONS),
    ("validation", 0x17, validation.COLLECTIONS),
    ("pricing", 0x17, pricing.COLLECTIONS),
    ("slashing", 0x18, slashing.COLLECTIONS),
    ("proposals", 0x19, proposals.COLLECTIONS),
    ("validators", 0x1A, validators.COLLECTIONS),
    ("upgrades", 0x1B, upgrades.COLLECTIONS),
)
"""Name, first byte and collections of each room, by first byte."""

COLLECTIONS: tuple[Map[Anything], ...] = tuple(
    collection for _, _, collections in ROOMS for collection in collections
)
_BY_PREFIX = {collection.prefix: collection for collection in COLLECTIONS}


def find_collection(key: bytes) -> Map[Anything]:
    """The collection that a key belongs to."""
    collection = _BY_PREFIX.get(key[:2])
    if collection is None:
        raise Fatal(f"key {key.hex()} belongs to no collection")
    return collection


def encode_value(key: bytes, value: object) -> bytes:
    """A value as bytes."""
    kind = find_collection(key).value
    if type(value) is not kind:
        raise TypeError(f"{find_collection(key).name} holds {kind.__name__}, not {type(value).__name__}")
    if kind is int or kind is str:
        return str(value).encode()
    return value if kind is bytes else codec.encode(value)  # type: ignore[return-value]


def encode_all(entries: Mapping[bytes, object]) -> list[tuple[bytes, bytes | None]]:
    """Entries as bytes; None, which stands for a deleted one, as None."""
    return [(key, None if value is None else encode_value(key, value)) for key, value in entries.items()]


def encode_sorted(entries: Mapping[bytes, object]) -> Iterator[tuple[bytes, bytes]]:
    """Entries as bytes in key order, one after the other."""
    return ((key, encode_value(key, entries[key])) for key in sorted(entries))


class BlockEncoder:
    """Encodes the values of one block, each once however often it is asked for."""

    def __init__(self) -> None:
        self._encoded: dict[bytes, tuple[object, bytes]] = {}

    def encode(self, key: bytes, value: object | None) -> bytes | None:
        """A value as bytes; None, which stands for a deleted key, as None."""
        if value is None:
            return None
        known = self._encoded.get(key)
        if known is not None and known[0] is value:
            return known[1]
        data = encode_value(key, value)
        self._encoded[key] = (value, data)
        return data

    def clear(self) -> None:
        """Forgets the block."""
        self._encoded.clear()


def decode_value(key: bytes, data: bytes) -> object:
    """A value from its bytes."""
    kind = find_collection(key).value
    if kind is int:
        return int(data)
    if kind is str:
        return data.decode()
    return data if kind is bytes else codec.decode(kind, data)
