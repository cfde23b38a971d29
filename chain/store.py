"""The state as an ordered map in memory, with branches that are kept or dropped whole.

A `Store` maps keys (bytes, compared byte by byte) to immutable values (dataclasses, integers, text). A
branch is a store laid over its parent: it sees the parent's entries, keeps its own changes to itself, and
either hands them down with `write` or is forgotten. The machine lays one branch for a block, one for a
transaction's ante, one for its messages.

A `Map` is a typed collection inside a store: its prefix keeps it apart from the others, and its key parts
are encoded so that byte order is the order of the parts. Iteration is always in key order.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Any, Generic, TypeVar

from sortedcontainers import SortedList

from chain.errors import ErrInvalidKey

Value = TypeVar("Value")
KeyPart = str | int
KEYS_MAX = 65_536
"""Keys whose encoding is remembered. It depends on the parts alone, so remembering only saves time."""
KEY_NUMBER_MAX = 2**64 - 1
"""Largest number in a key."""
ABSENT = object()
"""Marks a key that a branch has deleted."""


class Store:
    """An ordered map, or a branch over one. Not safe for several threads: one owner, as everywhere.

    A branch sorts its keys when somebody asks for their order: most branches are written before that.
    """

    __slots__ = ("_entries", "_fresh", "_keys", "_parent", "layers")

    def __init__(self, parent: "Store | None" = None) -> None:
        self._parent = parent
        self._entries: dict[bytes, Any] = {}
        self._keys: Any = SortedList() if parent is None else []
        self._fresh: list[bytes] = []
        self.layers: tuple[dict[bytes, Any], ...] = (self._entries, *(parent.layers if parent else ()))
        """Entries of this store and of those below it, topmost first. To be read only."""

    def get(self, key: bytes) -> Any | None:
        """The value under a key, or None."""
        for entries in self.layers:
            value = entries.get(key)
            if value is not None:
                return None if value is ABSENT else value
        return None

    def set(self, key: bytes, value: Any) -> None:
        """Puts a value under a key. None is not a value."""
        if value is None:
            raise ValueError("None is not a value; delete the key instead")
        if key not in self._entries:
            self._fresh.append(key)
        self._entries[key] = value

    def delete(self, key: bytes) -> None:
        """Removes a key; nothing happens when it is not there."""
        if self._parent is not None:
            self.set(key, ABSENT)
        elif key in self._entries:
            self._sort().remove(key)
            del self._entries[key]

    def iterate(
        self, prefix: bytes = b"", start: bytes | None = None, end: bytes | None = None
    ) -> Iterator[tuple[bytes, Any]]:
        """Entries whose key has the prefix, in key order, from `start` on and before `end` when given.

        The keys are collected first, so the caller may change the store while it iterates.
        """
        ends = [key for key in (_find_end(prefix), end) if key is not None]
        for key in self._collect(max(prefix, start or b""), min(ends, default=None)):
            value = self.get(key)
            if value is not None:
                yield key, value

    def freeze(self) -> dict[bytes, Any]:
        """The entries of a store without a parent, as they are now, in no order. Values never change, so this
        costs a list of references.
        """
        return dict(self._entries)

    def walk(self, prefix: bytes, start: bytes = b"", reverse: bool = False) -> Iterator[tuple[bytes, Any]]:
        """The same, each entry looked up when its turn comes, so that a few of many cost little: the store
        must not change meanwhile. Backwards, `start` is the greatest key.
        """
        first, end = (prefix, start + b"\0" if start else None) if reverse else (max(prefix, start), None)
        ends = [key for key in (_find_end(prefix), end) if key is not None]
        last = None
        for key in merge(*self._range_over(first, min(ends, default=None), reverse), reverse=reverse):
            value = None if key == last else self.get(key)
            last = key
            if value is not None:
                yield key, value

    def branch(self) -> "Store":
        """A store laid over this one."""
        return Store(self)

    def lay_over(self, entries: dict[bytes, Any]) -> "Store":
        """A branch that has these changes; None stands for a deleted key."""
        branch = Store(self)
        for key, value in entries.items():
            branch.set(key, ABSENT if value is None else value)
        return branch

    def write(self) -> None:
        """Hands a branch's changes down to its parent and empties the branch."""
        parent = self._parent
        if parent is None:
            raise ValueError("only a branch can be written")
        for key, value in self._entries.items():
            if value is ABSENT:
                parent.delete(key)
            else:
                parent.set(key, value)
        self._entries.clear()
        self._keys.clear()
        self._fresh.clear()

    def count_changes(self) -> int:
        """How many entries a branch changes."""
        return len(self._entries)

    def changes(self) -> list[tuple[bytes, Any | None]]:
        """What a branch changes, in key order; None stands for a deleted key."""
        return [(key, None if self._entries[key] is ABSENT else self._entries[key]) for key in self._sort()]

    def _sort(self) -> Any:
        """The keys in order."""
        if self._fresh:
            if self._parent is None:
                self._keys.update(self._fresh)
            else:
                self._keys.extend(self._fresh)
                self._keys.sort()
            self._fresh.clear()
        return self._keys

    def _range_over(self, first: bytes, end: bytes | None, reverse: bool) -> list[Iterator[bytes]]:
        """For this store and each one below, its keys from `first` on and before `end`."""
        keys = self._sort()
        if self._parent is None:
            return [keys.irange(first, end, (True, False), reverse)]
        own = keys[bisect_left(keys, first) : None if end is None else bisect_left(keys, end)]
        return [iter(own[::-1] if reverse else own), *self._parent._range_over(first, end, reverse)]

    def _collect(self, first: bytes, end: bytes | None) -> list[bytes]:
        """Keys from `first` on and before `end`, of this store and those below, deleted ones included."""
        below = self._parent._collect(first, end) if self._parent is not None else []
        if not self._entries:
            return below
        keys = self._sort()
        if self._parent is None:
            return list(keys.irange(first, end, (True, False)))
        own = keys[bisect_left(keys, first) : None if end is None else bisect_left(keys, end)]
        return sorted(dict.fromkeys(below + own)) if own and below else own or below


def _find_end(prefix: bytes) -> bytes | None:
    """The first key behind all that have the prefix; None when nothing can come behind them."""
    short = prefix.rstrip(b"\xff")
    return short[:-1] + bytes((short[-1] + 1,)) if short else None


@dataclass(frozen=True, slots=True)
class Map(Generic[Value]):
    """A typed collection: values of one type under keys of fixed parts."""

    prefix: bytes
    """Two bytes: the room and the collection. No two collections share it."""
    name: str
    """Name of the collection, for documents and differences: "nodes/participants"."""
    key: tuple[type, ...]
    """Types of the key's parts, each str or int."""
    value: type[Value]
    """Type of the values: a record, int, str or bytes."""

    def get(self, store: Store, *parts: KeyPart) -> Value | None:
        """The value under the key, or None."""
        key = _encode_key(self.prefix, parts)
        for entries in store.layers:
            value = entries.get(key)
            if value is not None:
                return None if value is ABSENT else value
        return None

    def has(self, store: Store, *parts: KeyPart) -> bool:
        """Whether there is a value under the key."""
        return self.get(store, *parts) is not None

    def set(self, store: Store, value: Value, *parts: KeyPart) -> None:
        """Puts a value under the key."""
        store.set(_encode_key(self.prefix, parts), value)

    def delete(self, store: Store, *parts: KeyPart) -> None:
        """Removes the key; nothing happens when it is not there."""
        store.delete(_encode_key(self.prefix, parts))

    def values(self, store: Store, *parts: KeyPart) -> Iterator[Value]:
        """Values whose key begins with the parts, in key order."""
        for _, value in store.iterate(self.encode(*parts)):
            yield value

    def items(self, store: Store, *parts: KeyPart) -> Iterator[tuple[tuple[KeyPart, ...], Value]]:
        """Keys (as parts) and values whose key begins with the parts, in key order."""
        for key, value in store.iterate(self.encode(*parts)):
            yield self.decode(key), value

    def items_before(self, store: Store, end: int) -> Iterator[tuple[tuple[KeyPart, ...], Value]]:
        """Keys and values whose first part, a number, is below `end`, in key order."""
        for key, value in store.iterate(self.prefix, end=self.encode(end)):
            yield self.decode(key), value

    def find_first(self, store: Store, start: int) -> int | None:
        """The smallest first part, a number, that is at least `start`; None when there is none."""
        for key, _ in store.walk(self.prefix, self.encode(start)):
            return int(self.decode(key)[0])
        return None

    def encode(self, *parts: KeyPart) -> bytes:
        """The key, or the beginning of one: text ends with NUL, integers are 8 bytes, big-endian."""
        return _encode_key(self.prefix, parts)

    def decode(self, key: bytes) -> tuple[KeyPart, ...]:
        """The parts of a key."""
        parts: list[KeyPart] = []
        rest = key[len(self.prefix) :]
        for kind in self.key:
            if kind is int:
                parts.append(int.from_bytes(rest[:8], "big"))
                rest = rest[8:]
            else:
                text, _, rest = rest.partition(b"\0")
                parts.append(text.decode())
        return tuple(parts)


@lru_cache(KEYS_MAX)
def _encode_key(prefix: bytes, parts: tuple[KeyPart, ...]) -> bytes:
    key = prefix
    for part in parts:
        if isinstance(part, int):
            if not 0 <= part <= KEY_NUMBER_MAX:
                raise ErrInvalidKey(part=part, why="a number is negative or too large")
            key += part.to_bytes(8, "big")
        else:
            text = part.encode()
            if b"\0" in text:
                raise ErrInvalidKey(part=part[:128], why="text cannot hold NUL")
            key += text + b"\0"
    return key
