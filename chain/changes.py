"""Change sets as bytes: what one block changed, in key order, in one row of the durable copy.

Each change is the key's length, the key, the value's length plus one (0 for a deleted key) and the value;
lengths are 4 bytes, big-endian.
"""

from collections.abc import Iterable, Iterator

Change = tuple[bytes, bytes | None]
"""A key and its new value; None for a deleted key."""

LENGTH_BYTES = 4


def encode_changes(changes: Iterable[Change]) -> bytes:
    """Changes as bytes, in the order given."""
    parts: list[bytes] = []
    for key, value in changes:
        parts.append(len(key).to_bytes(LENGTH_BYTES, "big"))
        parts.append(key)
        if value is None:
            parts.append(bytes(LENGTH_BYTES))
        else:
            parts.append((len(value) + 1).to_bytes(LENGTH_BYTES, "big"))
            parts.append(value)
    return b"".join(parts)


def decode_changes(data: bytes) -> Iterator[Change]:
    """The changes of `encode_changes`. Refuses bytes that end in the middle of a change."""
    at = 0
    while at < len(data):
        key, at = _read(data, at, int.from_bytes(data[at : at + LENGTH_BYTES], "big"))
        size = int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        value, at = _read(data, at, max(size - 1, 0))
        yield key, value if size else None


def _read(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    start = at + LENGTH_BYTES
    end = start + size
    if end > len(data):
        raise ValueError(f"change set ends at byte {len(data)}, in the middle of a change that ends at {end}")
    return data[start:end], end
