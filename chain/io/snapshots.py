"""Snapshots as files: written while the chain goes on, read by a machine that begins with one.

    magic ‖ chunks, one behind the other ‖ metadata ‖ length of the metadata, 8 bytes

The length stands at the end, so that a snapshot is written in one pass, with one chunk in memory. A file has
its name only when it is whole.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from chain.app import App
from chain.codec import encode
from chain.errors import Refusal
from chain.genesis import GenesisState
from chain.io.refused import Refused
from chain.io.sql import Database, DatabaseRefused, Stored
from chain.snapshots import (
    CHUNK_BYTES,
    FORMAT,
    Applied,
    Arriving,
    Metadata,
    Offer,
    Snapshot,
    Taken,
    decode_metadata,
)

FOLDER = "snapshots"
MAGIC = b"meshkeeper/snapshot\n"
LENGTH_BYTES = 8
NAME = re.compile("([0-9]{12})[.]snapshot")


class SnapshotRefused(Refused):
    """A snapshot that cannot be used, in one sentence for the operator."""


def take_stored(stored: Stored, chunk_bytes: int = CHUNK_BYTES) -> Taken:
    """The state of a database, as something to write down. Refuses one without a block."""
    if stored.header is None:
        raise SnapshotRefused("the chain has no block yet; its genesis document begins it as well")
    entries = stored.entries
    return Taken(
        stored.header,
        stored.app_hash,
        stored.results_hash,
        lambda: ((key, entries[key]) for key in sorted(entries)),
        chunk_bytes,
    )


def write_snapshot(taken: Taken, path: Path) -> Snapshot:
    """Write a state down; a file of that name is replaced."""
    unfinished = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(MAGIC)
            hashes = []
            for chunk in taken.read_chunks():
                file.write(chunk)
                hashes.append(hashlib.sha256(chunk).digest())
            snapshot = taken.announce(tuple(hashes))
            file.write(snapshot.metadata + len(snapshot.metadata).to_bytes(LENGTH_BYTES, "big"))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise SnapshotRefused(f"cannot write {path}: {error.strerror}") from error
    return snapshot


def keep_snapshot(taken: Taken, folder: Path, keep: int) -> Path:
    """Write a state into a folder of snapshots and leave the newest ones there."""
    for unfinished in folder.glob("*.tmp"):
        unfinished.unlink(missing_ok=True)
    path = folder / f"{taken.header.height:012}.snapshot"
    write_snapshot(taken, path)
    for old in list_snapshots(folder)[keep:]:
        old.unlink(missing_ok=True)
    return path


def forget_above(folder: Path, height: int) -> None:
    """Delete the snapshots of later heights."""
    for path in list_snapshots(folder):
        if read_metadata(path).header.height > height:
            path.unlink(missing_ok=True)


def list_snapshots(folder: Path) -> list[Path]:
    """The files in a folder of snapshots, newest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if NAME.fullmatch(path.name)), reverse=True)


def read_metadata(path: Path) -> Metadata:
    """What a file says of itself. Refuses one that is no snapshot."""
    with _open(path) as file:
        return _read_metadata(file, path)[0]


def restore_snapshot(path: Path, app_hash: bytes, genesis: GenesisState, database: Database) -> Metadata:
    """Begin a database with the state of a file, after all of it has been checked. With an app hash that is
    trusted, the file must give that one; without it must give its own.
    """
    if database.load() is not None:
        raise DatabaseRefused("there is a chain in this database already; choose another --home or database")
    with _open(path) as file:
        metadata, data = _read_metadata(file, path)
        if metadata.header.chain_id != genesis.chain_id:
            raise SnapshotRefused(
                f"{path} is of chain {metadata.header.chain_id!r}, the genesis document names "
                f"{genesis.chain_id!r}; take the snapshot or the document of the same chain"
            )
        if app_hash and metadata.app_hash != app_hash:
            raise SnapshotRefused(
                f"{path} has the app hash {metadata.app_hash.hex()}, trusted is {app_hash.hex()}"
            )
        _check(file, metadata, data, path)
        begun = _begin(genesis)
        entries = _read_entries(file, metadata, data)
        database.adopt(encode(genesis), begun, metadata, entries)
    return metadata


def _check(file: BinaryIO, metadata: Metadata, data: bytes, path: Path) -> None:
    """Take the whole snapshot up, as any machine would; what does not give its app hash is refused."""
    app = App("")
    digest = hashlib.sha256(data).digest()
    snapshot = Snapshot(metadata.header.height, FORMAT, len(metadata.chunk_hashes), digest, data)
    if app.offer_snapshot(snapshot, metadata.app_hash) != Offer.ACCEPT:
        raise SnapshotRefused(f"{path} contradicts itself")
    for index, chunk in enumerate(_read_chunks(file, metadata, data)):
        applied = app.apply_snapshot_chunk(index, chunk)
        if applied == Applied.RETRY:
            raise SnapshotRefused(f"chunk {index} of {path} is damaged; fetch the file again")
        if applied != Applied.ACCEPT:
            raise SnapshotRefused(f"{path} does not give the app hash {metadata.app_hash.hex()}")
    if app.info().app_hash != metadata.app_hash:
        raise SnapshotRefused(f"{path} does not give the app hash {metadata.app_hash.hex()}")


def _begin(genesis: GenesisState) -> bytes:
    """App hash of the state that the genesis document describes."""
    try:
        return App("").init_chain(genesis).app_hash
    except Refusal as refusal:
        raise SnapshotRefused(f"the genesis document cannot begin a chain: {refusal}") from refusal


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SnapshotRefused(f"cannot read {path}: {error.strerror}") from error


def _read_metadata(file: BinaryIO, path: Path) -> tuple[Metadata, bytes]:
    """The metadata, and their bytes."""
    try:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("no magic")
        end = file.seek(-LENGTH_BYTES, os.SEEK_END)
        length = int.from_bytes(file.read(LENGTH_BYTES), "big")
        file.seek(end - length)
        data = file.read(length)
        return decode_metadata(data), data
    except (OSError, ValueError, IndexError) as error:
        raise SnapshotRefused(f"{path} is no snapshot, or not a whole one") from error


def _read_chunks(file: BinaryIO, metadata: Metadata, data: bytes) -> Iterator[bytes]:
    """The chunks, cut as they were announced: all of one size but the last."""
    size = file.seek(0, os.SEEK_END) - LENGTH_BYTES - len(data) - len(MAGIC)
    count = len(metadata.chunk_hashes)
    file.seek(len(MAGIC))
    for index in range(count):
        yield file.read(CHUNK_BYTES if index < count - 1 else size - CHUNK_BYTES * (count - 1))


def _read_entries(file: BinaryIO, metadata: Metadata, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a file that has been checked."""
    arriving = Arriving(metadata)
    for chunk in _read_chunks(file, metadata, data):
        yield from arriving.read(chunk)
