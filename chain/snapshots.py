"""Whole states as bytes, for machines that begin with one instead of running every block since genesis.

A snapshot is the stream of all entries in key order - framed as in a change set, without compression - cut
into chunks of one size. Its metadata are the head of its block, the hashes, and the SHA-256 of each chunk; so
every machine makes the same bytes of the same state, and each chunk is checked as it comes:

    head of the block ‖ app hash ‖ results hash ‖ SHA-256 of the chunks    each with its length before it

A machine keeps the states with which the last two epochs took effect. Keeping one costs no more than a list
of its entries, which never change; bytes are made when somebody asks.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import islice

from chain.block import Header
from chain.changes import encode_change, read_changes
from chain.errors import Fatal, Refusal
from chain.header import decode_header, encode_header, join_fields, split_fields
from chain.layout import decode_value
from chain.merkle import MerkleTree
from chain.records import Record
from chain.store import Store

FORMAT = 1
CHUNK_BYTES = 8 * 1024 * 1024
"""Size of every chunk but the last; below the 16 MB that consensus engines carry."""
KEPT = 2
"""Epochs whose first state is kept."""
HASH_BYTES = 32

Entries = Iterable[tuple[bytes, bytes]]


class Snapshot(Record, frozen=True):
    """A snapshot as ABCI names it."""

    height: int
    format: int
    chunks: int
    """How many chunks it has."""
    hash: bytes
    """SHA-256 of the metadata."""
    metadata: bytes


class Metadata(Record, frozen=True):
    """What a machine needs to know besides the entries."""

    header: Header
    """Head of the last block."""
    app_hash: bytes
    """State after it."""
    results_hash: bytes
    """Results of it."""
    chunk_hashes: tuple[bytes, ...]


class Offer(IntEnum):
    """Answer to an offered snapshot, numbered as in ABCI."""

    ACCEPT = 1
    ABORT = 2
    REJECT = 3
    REJECT_FORMAT = 4


class Applied(IntEnum):
    """Answer to a chunk, numbered as in ABCI."""

    ACCEPT = 1
    RETRY = 3
    """It is another chunk than expected; fetch that one again."""
    REJECT_SNAPSHOT = 5
    """All chunks are as announced, and do not give the state that was announced."""


class Taken:
    """A state that is kept: its entries as they were, made into chunks on demand."""

    def __init__(
        self,
        header: Header,
        app_hash: bytes,
        results_hash: bytes,
        read: Callable[[], Entries],
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        self.header = header
        self.app_hash = app_hash
        self._results_hash = results_hash
        self._read = read
        self._chunk_bytes = chunk_bytes
        self._described: Snapshot | None = None

    def read_chunks(self) -> Iterator[bytes]:
        """The chunks, one after the other; no more than one is held."""
        return cut((encode_change(key, value) for key, value in self._read()), self._chunk_bytes)

    def describe(self) -> Snapshot:
        """What others are told; the chunks are made once for it."""
        if self._described is None:
            hashes = tuple(hashlib.sha256(chunk).digest() for chunk in self.read_chunks())
            self._described = self.announce(hashes)
        return self._described

    def announce(self, chunk_hashes: tuple[bytes, ...]) -> Snapshot:
        """What others are told, by whoever has made the chunks already."""
        metadata = encode_metadata(Metadata(self.header, self.app_hash, self._results_hash, chunk_hashes))
        digest = hashlib.sha256(metadata).digest()
        return Snapshot(self.header.height, FORMAT, len(chunk_hashes), digest, metadata)

    def load_chunk(self, index: int) -> bytes:
        """One chunk; empty when there is none."""
        return next(islice(self.read_chunks(), index, None), b"")


class Arriving:
    """A snapshot on its way in, chunk by chunk."""

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.store = Store()
        self.tree = MerkleTree()
        self._next = 0
        self._rest = b""
        self._last_key = b""

    @property
    def is_whole(self) -> bool:
        """Whether every chunk has come."""
        return self._next == len(self.metadata.chunk_hashes)

    def apply(self, index: int, chunk: bytes) -> Applied:
        """Takes the next chunk; after the last one, store and tree are the state."""
        hashes = self.metadata.chunk_hashes
        if self.is_whole or index != self._next or hashlib.sha256(chunk).digest() != hashes[index]:
            return Applied.RETRY
        try:
            take_up(self.store, self.tree, self.read(chunk))
        except (Fatal, Refusal, ValueError):
            return Applied.REJECT_SNAPSHOT
        is_wrong = self.is_whole and self.tree.root() != self.metadata.app_hash
        return Applied.REJECT_SNAPSHOT if is_wrong else Applied.ACCEPT

    def read(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The entries that are complete with the next chunk. Raises ValueError for what is no stream of
        entries in key order.
        """
        self._next += 1
        changes, self._rest = read_changes(self._rest + chunk)
        if self.is_whole and self._rest:
            raise ValueError("the stream ends in the middle of an entry")
        for key, value in changes:
            if value is None or key <= self._last_key:
                raise ValueError("the stream is not in key order, or deletes a key")
            self._last_key = key
            yield key, value


def take_up(store: Store, tree: MerkleTree, entries: Entries) -> None:
    """Puts encoded entries into a state."""
    for key, data in entries:
        store.set(key, decode_value(key, data))
        tree.update([(key, data)])


def read_offer(offered: Snapshot, app_hash: bytes) -> tuple[Offer, Arriving | None]:
    """Whether an offered snapshot can be begun; `app_hash` is the one that is trusted for its height."""
    if offered.format != FORMAT:
        return Offer.REJECT_FORMAT, None
    if hashlib.sha256(offered.metadata).digest() != offered.hash:
        return Offer.REJECT, None
    try:
        metadata = decode_metadata(offered.metadata)
    except (ValueError, IndexError):
        return Offer.REJECT, None
    announced = (metadata.header.height, len(metadata.chunk_hashes), metadata.app_hash)
    if announced != (offered.height, offered.chunks, app_hash):
        return Offer.REJECT, None
    return Offer.ACCEPT, Arriving(metadata)


def encode_metadata(metadata: Metadata) -> bytes:
    """Metadata as bytes."""
    chunk_hashes = b"".join(metadata.chunk_hashes)
    fields = (encode_header(metadata.header), metadata.app_hash, metadata.results_hash, chunk_hashes)
    return join_fields(fields)


def decode_metadata(data: bytes) -> Metadata:
    """The metadata in the bytes. Raises ValueError for anything but their own form."""
    header, app_hash, results_hash, hashes = split_fields(data)
    chunk_hashes = tuple(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
    metadata = Metadata(decode_header(header), app_hash, results_hash, chunk_hashes)
    if encode_metadata(metadata) != data or len(hashes) % HASH_BYTES:
        raise ValueError("the metadata of the snapshot cannot be read")
    return metadata


def cut(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The pieces one behind the other, cut into parts of one size; the last may be shorter."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)
