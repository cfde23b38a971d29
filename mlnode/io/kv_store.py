"""Keys and values of prompts on disk, from one worker of a model to the next one.

A file is written whole or not at all, is read by workers with the same model file and parameters only, and
is checked before it is used: what is damaged or foreign is as good as absent. Files are a cache: any of them
may vanish at any time.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

MAGIC = b"MESHKV1\n"
SUFFIX = ".kv"
HEADER_BYTES_MAX = 64 * 1024 * 1024
"""Room for a prompt of sixteen million tokens."""


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    fingerprint: str
    tokens: bytes
    n_bytes: int
    digest: bytes
    """SHA-256 of the state."""


@dataclass(frozen=True, slots=True)
class KvStore:
    """The files of one model in a folder that the models of a node share."""

    folder: Path
    bytes_max: int
    """Of all files in the folder together; the oldest go first."""
    fingerprint: str
    """Names model file, library and parameters: states are of use only where it is the same."""

    def list(self) -> Iterator[tuple[bytes, int]]:
        """Tokens and size of each state of this model, the oldest first."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}"), key=_age):
            with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError), path.open("rb") as file:
                header = _read_header(file)
                if header.fingerprint == self.fingerprint:
                    yield header.tokens, header.n_bytes

    def read(self, tokens: bytes) -> bytes | None:
        """The state after these tokens, if it is there and whole. It counts as used now."""
        path = self._path(tokens)
        try:
            with path.open("rb") as file:
                header = _read_header(file)
                state = file.read()
            same = header.tokens == tokens and header.fingerprint == self.fingerprint
            if not same or hashlib.sha256(state).digest() != header.digest:
                raise ValueError("damaged")
            os.utime(path)
        except (OSError, msgspec.MsgspecError, ValueError):
            self.drop(tokens)
            return None
        return state

    def write(self, tokens: bytes, state: bytes | memoryview) -> None:
        """Keep a state, and make room for it. A full disk keeps nothing."""
        if len(state) > self.bytes_max:
            return
        header = _Header(self.fingerprint, tokens, len(state), hashlib.sha256(state).digest())
        encoded = msgspec.msgpack.encode(header)
        path = self._path(tokens)
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(MAGIC + len(encoded).to_bytes(8, "little") + encoded)
                file.write(state)
            fresh.rename(path)
            self._make_room()
        except OSError:
            fresh.unlink(missing_ok=True)

    def drop(self, tokens: bytes) -> None:
        """Delete a state."""
        with contextlib.suppress(OSError):
            self._path(tokens).unlink()

    def _path(self, tokens: bytes) -> Path:
        name = hashlib.sha256(self.fingerprint.encode() + b"\0" + tokens).hexdigest()
        return self.folder / f"{name[:40]}{SUFFIX}"

    def _make_room(self) -> None:
        """Delete the oldest files until the rest fits."""
        sizes = {path: _size(path) for path in sorted(self.folder.glob(f"*{SUFFIX}"), key=_age)}
        total = sum(sizes.values())
        for path, size in sizes.items():
            if total <= self.bytes_max:
                return
            path.unlink(missing_ok=True)
            total -= size


def _read_header(file: BinaryIO) -> _Header:
    """The header, leaving the file at the state's first byte. Raises `ValueError` for anything else."""
    start = file.read(len(MAGIC) + 8)
    n_bytes = int.from_bytes(start[len(MAGIC) :], "little")
    if not start.startswith(MAGIC) or n_bytes > HEADER_BYTES_MAX:
        raise ValueError("this is no kept state")
    return msgspec.msgpack.decode(file.read(n_bytes), type=_Header)


def empty(folder: Path) -> None:
    """Make the folder, for nobody else's eyes, and delete every state in it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            path.unlink()


def make_fingerprint(path: Path, *parameters: object) -> str:
    """A name for a model file as it is now, together with these parameters."""
    status = path.stat()
    file = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return hashlib.sha256(repr((file, parameters)).encode()).hexdigest()


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
