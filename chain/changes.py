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
    return b"".join(encode_change(key, value) for key, value in changes)


def encode_change(key: bytes, value: bytes | None) -> bytes:
    """One change as bytes."""
    size = len(key).to_bytes(LENGTH_BYTES, "big")
    if value is None:
        return size + key + bytes(LENGTH_BYTES)
    return size + key + (len(value) + 1).to_bytes(LENGTH_BYTES, "big") + value


def decode_changes(data: bytes) -> Iterator[Change]:
    """The changes of `encode_changes`. Refuses bytes that end in the middle of a change."""
    changes, rest = read_changes(data)
    if rest:
        raise ValueError(f"change set ends after {len(data)} bytes, in the middle of a change")
    yield from changes


def read_changes(data: bytes) -> tuple[list[Change], bytes]:
    """The changes that are whole, and the beginning of the next one."""
    changes: list[Change] = []
    at = 0
    while True:
        key_end = _find_end(data, at, 0)
        value_end = _find_end(data, key_end, 1) if key_end <= len(data) else key_end
        if value_end > len(data):
            return changes, data[at:]
        if value_end == at:
            return changes, b""
        key, size = data[at + LENGTH_BYTES : key_end], data[key_end : key_end + LENGTH_BYTES]
        changes.append((key, data[key_end + LENGTH_BYTES : value_end] if any(size) else None))
        at = value_end


def _find_end(data: bytes, at: int, offset: int) -> int:
    """Where the part that begins at `at` ends; beyond the data when its length is not all there."""
    if at == len(data) and not offset:
        return at
    length = data[at : at + LENGTH_BYTES]
    if len(length) < LENGTH_BYTES:
        return len(data) + 1
    return at + LENGTH_BYTES + max(int.from_bytes(length, "big") - offset, 0)
