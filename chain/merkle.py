"""The app hash: one hash over the whole state, kept up to date change by change, with proofs.

Every room (first byte of a key) has a tree of its own, and the app hash is a tree over the rooms:

    app hash        8 levels, one for each bit of the room byte
    └── room        H(2 ‖ room byte ‖ room root)
        └── room root   the first 16 levels, one for each of the first bits of SHA-256(key)
            └── bucket      H(0 ‖ SHA-256(key) ‖ SHA-256(value) ‖ …), sorted; at most 32 entries
                            a fuller bucket splits on the next bit, and so on
    inner node      H(1 ‖ left ‖ right)
    empty           32 zero bytes: a subtree without entries, at any level

H is SHA-256. The hash depends on the entries alone, never on the order in which they came. One change costs
about 16 hashes however large the state is. A proof shows one key's value, or that the key is absent.
"""

from collections.abc import Iterable
from hashlib import sha256

from chain.records import Record

EMPTY = bytes(32)
"""Root of a subtree without entries."""
TOP_LEVELS = 16
"""Levels of a room's tree above its buckets."""
ROOM_LEVELS = 8
"""Levels above the rooms."""
BUCKET_ENTRIES_MAX = 32
"""Entries in a bucket; a fuller one splits, so that chosen keys cannot make one bucket large."""
EMPTY_PAIR = EMPTY + EMPTY
_BUCKET, _NODE, _ROOM = b"\x00", b"\x01", b"\x02"

Change = tuple[bytes, bytes | None]
"""A key and its new value, or None when it is deleted."""
Undo = tuple[int, bytes, bytes | None]
"""A room, the hash of a key in it, and the hash of the value before, or None."""


def _sha256(data: bytes) -> bytes:
    return sha256(data).digest()


class Proof(Record, frozen=True):
    """Shows what the state holds under one key, to whom knows the app hash."""

    bucket: tuple[tuple[bytes, bytes], ...]
    """Hashes of key and value of all entries in the key's bucket, sorted."""
    siblings: tuple[bytes, ...]
    """Hashes beside the way from the bucket up to the room's root; 16, more when the bucket was split."""
    room_siblings: tuple[bytes, ...]
    """Hashes beside the way from the room up to the app hash; 8."""


class Proven(Record, frozen=True):
    """What the state held under a key, and the proof of it."""

    height: int
    app_hash: bytes
    """State after the block of that height: what the proof is to be verified against."""
    value: bytes | None
    """Encoded value; None for none."""
    proof: Proof


def verify(app_hash: bytes, key: bytes, value: bytes | None, proof: Proof) -> bool:
    """Whether the proof shows that the key has the value, or for None that it has none."""
    key_hash = _sha256(key)
    path = int.from_bytes(key_hash, "big")
    depth = len(proof.siblings)
    if not TOP_LEVELS <= depth <= 256 or len(proof.room_siblings) != ROOM_LEVELS or not key:
        return False
    if not _is_bucket(proof.bucket, path, depth):
        return False
    if dict(proof.bucket).get(key_hash) != (None if value is None else _sha256(value)):
        return False
    root = _climb(_bucket_hash(proof.bucket), path >> (256 - depth), proof.siblings)
    return _climb(_room_hash(key[0], root), key[0], proof.room_siblings) == app_hash


class MerkleTree:
    """The hashes of one state."""

    def __init__(self) -> None:
        self._rooms: dict[int, _Room] = {}
        self._levels: list[dict[int, bytes]] = []

    def update(self, changes: Iterable[Change]) -> list[Undo]:
        """Takes changes in. Returns what `revert` needs to take them back."""
        hashed = [(key[0], _sha256(key), None if value is None else _sha256(value)) for key, value in changes]
        return self.revert(hashed)

    def revert(self, undo: Iterable[Undo]) -> list[Undo]:
        """Takes back what `update` did: the last one first."""
        by_room: dict[int, list[tuple[bytes, bytes | None]]] = {}
        for room, key_hash, value_hash in undo:
            by_room.setdefault(room, []).append((key_hash, value_hash))
        if by_room:
            self._levels = []
        before: list[Undo] = []
        for room, changed in by_room.items():
            tree = self._rooms.setdefault(room, _Room())
            before.extend((room, key_hash, value_hash) for key_hash, value_hash in tree.update(changed))
        before.reverse()
        return before

    def root(self) -> bytes:
        """The app hash."""
        return self._room_levels()[-1].get(0, EMPTY)

    def prove(self, key: bytes) -> Proof:
        """A proof of what is under the key, also when there is nothing."""
        bucket, siblings = self._rooms.get(key[0], _Room()).prove(_sha256(key))
        levels, at, room_siblings = self._room_levels(), key[0], []
        for level in levels[:-1]:
            room_siblings.append(level.get(at ^ 1, EMPTY))
            at >>= 1
        return Proof(bucket, siblings, tuple(room_siblings))

    def _room_levels(self) -> list[dict[int, bytes]]:
        if not self._levels:
            self._levels = self._build_levels()
        return self._levels

    def _build_levels(self) -> list[dict[int, bytes]]:
        level = {room: _room_hash(room, tree.root()) for room, tree in sorted(self._rooms.items())}
        levels = [level]
        for _ in range(ROOM_LEVELS):
            level = {
                at: _node_hash(level.get(2 * at, EMPTY), level.get(2 * at + 1, EMPTY))
                for at in dict.fromkeys(below >> 1 for below in level)
            }
            levels.append(level)
        return levels


class _Room:
    """The tree of one room. Nodes of the top levels are numbered 1 for the root, 2n and 2n + 1 below n; their
    hashes lie one behind the other, so that the two below a node are one piece of 64 bytes.
    """

    def __init__(self) -> None:
        self._top = bytearray(32 << TOP_LEVELS + 1)
        self._buckets: dict[int, _Leaf | _Split] = {}

    def root(self) -> bytes:
        return self._get_top(1)

    def update(self, changes: Iterable[tuple[bytes, bytes | None]]) -> list[tuple[bytes, bytes | None]]:
        before = []
        touched: dict[int, None] = {}
        for key_hash, value_hash in changes:
            at = int.from_bytes(key_hash[:2], "big")
            bucket = self._buckets.get(at) or _Leaf()
            before.append((key_hash, bucket.get(key_hash, TOP_LEVELS)))
            self._buckets[at] = bucket.put(key_hash, value_hash, TOP_LEVELS)
            touched[at] = None
        self._rehash(touched)
        return before

    def _rehash(self, touched: dict[int, None]) -> None:
        top = self._top
        for at in touched:
            bucket = self._buckets[at]
            if not bucket.count:
                del self._buckets[at]
            at |= 1 << TOP_LEVELS
            top[32 * at : 32 * at + 32] = bucket.root()
        level = dict.fromkeys((at | 1 << TOP_LEVELS) >> 1 for at in touched)
        while level and 0 not in level:
            for at in level:
                pair = top[64 * at : 64 * at + 64]
                # as _pair_hash, without the calls: the innermost loop of every block
                top[32 * at : 32 * at + 32] = EMPTY if pair == EMPTY_PAIR else sha256(_NODE + pair).digest()
            level = dict.fromkeys(at >> 1 for at in level)

    def _get_top(self, at: int) -> bytes:
        return bytes(self._top[32 * at : 32 * at + 32])

    def prove(self, key_hash: bytes) -> tuple[tuple[tuple[bytes, bytes], ...], tuple[bytes, ...]]:
        bucket = self._buckets.get(int.from_bytes(key_hash[:2], "big")) or _Leaf()
        siblings: list[bytes] = []
        depth = TOP_LEVELS
        while isinstance(bucket, _Split):
            siblings.insert(0, bucket.sides[1 - _bit(key_hash, depth)].root())
            bucket = bucket.sides[_bit(key_hash, depth)]
            depth += 1
        at = int.from_bytes(key_hash[:2], "big") | 1 << TOP_LEVELS
        while at > 1:
            siblings.append(self._get_top(at ^ 1))
            at >>= 1
        return bucket.entries(), tuple(siblings)


class _Leaf:
    """A bucket that holds its entries."""

    __slots__ = ("_hashes", "_root")

    def __init__(self, hashes: dict[bytes, bytes] | None = None) -> None:
        self._hashes = hashes if hashes is not None else {}
        self._root: bytes | None = None

    @property
    def count(self) -> int:
        return len(self._hashes)

    def get(self, key_hash: bytes, _depth: int) -> bytes | None:
        return self._hashes.get(key_hash)

    def put(self, key_hash: bytes, value_hash: bytes | None, depth: int) -> "_Leaf | _Split":
        self._root = None
        if value_hash is None:
            self._hashes.pop(key_hash, None)
        else:
            self._hashes[key_hash] = value_hash
        return self if len(self._hashes) <= BUCKET_ENTRIES_MAX else _split(self._hashes, depth)

    def entries(self) -> tuple[tuple[bytes, bytes], ...]:
        return tuple(sorted(self._hashes.items()))

    def root(self) -> bytes:
        if self._root is None:
            hashes = self._hashes
            flat = b"".join([part for key in sorted(hashes) for part in (key, hashes[key])])
            self._root = sha256(_BUCKET + flat).digest() if flat else EMPTY
        return self._root


class _Split:
    """A bucket that grew too full: two buckets, told apart by the next bit."""

    __slots__ = ("_root", "sides")

    def __init__(self, left: "_Leaf | _Split", right: "_Leaf | _Split") -> None:
        self.sides = [left, right]
        self._root: bytes | None = None

    @property
    def count(self) -> int:
        return self.sides[0].count + self.sides[1].count

    def get(self, key_hash: bytes, depth: int) -> bytes | None:
        return self.sides[_bit(key_hash, depth)].get(key_hash, depth + 1)

    def put(self, key_hash: bytes, value_hash: bytes | None, depth: int) -> "_Leaf | _Split":
        self._root = None
        side = _bit(key_hash, depth)
        self.sides[side] = self.sides[side].put(key_hash, value_hash, depth + 1)
        return self if self.count > BUCKET_ENTRIES_MAX else _Leaf(dict(self.entries()))

    def entries(self) -> tuple[tuple[bytes, bytes], ...]:
        return self.sides[0].entries() + self.sides[1].entries()

    def root(self) -> bytes:
        if self._root is None:
            self._root = _node_hash(self.sides[0].root(), self.sides[1].root())
        return self._root


def _split(hashes: dict[bytes, bytes], depth: int) -> "_Leaf | _Split":
    if len(hashes) <= BUCKET_ENTRIES_MAX:
        return _Leaf(hashes)
    sides: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})
    for key_hash, value_hash in hashes.items():
        sides[_bit(key_hash, depth)][key_hash] = value_hash
    return _Split(_split(sides[0], depth + 1), _split(sides[1], depth + 1))


def _bit(key_hash: bytes, depth: int) -> int:
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1


def _bucket_hash(entries: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return _sha256(_BUCKET + b"".join(key + value for key, value in entries)) if entries else EMPTY


def _node_hash(left: bytes, right: bytes) -> bytes:
    return _pair_hash(left + right)


def _pair_hash(pair: bytes | bytearray) -> bytes:
    return EMPTY if pair == EMPTY_PAIR else _sha256(_NODE + pair)


def _room_hash(room: int, root: bytes) -> bytes:
    return EMPTY if root == EMPTY else _sha256(_ROOM + bytes([room]) + root)


def _climb(node_hash: bytes, path: int, siblings: tuple[bytes, ...]) -> bytes:
    for sibling in siblings:
        pair = (sibling, node_hash) if path & 1 else (node_hash, sibling)
        node_hash = _node_hash(*pair)
        path >>= 1
    return node_hash


def _is_bucket(entries: tuple[tuple[bytes, bytes], ...], path: int, depth: int) -> bool:
    keys = [key_hash for key_hash, _ in entries]
    return (
        len(entries) <= BUCKET_ENTRIES_MAX
        and all(len(key) == len(value) == 32 for key, value in entries)
        and keys == sorted(dict.fromkeys(keys))
        and all(int.from_bytes(key, "big") >> (256 - depth) == path >> (256 - depth) for key in keys)
    )
