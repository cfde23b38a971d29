"""What proof of compute knows of a model file: its SHA-256, and the profile of its hidden states.

Both are computed once and kept in a folder. Neither is worth a whole new start when it is interrupted: the
file is hashed piece by piece.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlnode.io.llama import FloatArray
from mlnode.io.model import EngineError

DIGEST_PIECE_BYTES = 64 * 1024 * 1024
"""Hashed in one step: some hundredths of a second from memory, half a second from a slow disk."""

_FORMAT = b"meshkeeper poc profile 1\n"


@dataclass(frozen=True, slots=True)
class Profile:
    """Mean and deviation of each dimension of a model's hidden states over the nonces of its own stage."""

    mean: FloatArray
    deviation: FloatArray

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        return _FORMAT + self.mean.astype("<f4").tobytes() + self.deviation.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, n_embd: int) -> "Profile | None":
        """None when the bytes are no profile of that width."""
        if len(data) != len(_FORMAT) + 8 * n_embd or not data.startswith(_FORMAT):
            return None
        values = np.frombuffer(data, "<f4", offset=len(_FORMAT)).astype(np.float32)
        sound = bool(np.isfinite(values).all() and (values[n_embd:] > 0).all())
        return cls(values[:n_embd], values[n_embd:]) if sound else None

    @classmethod
    def over(cls, states: FloatArray) -> "Profile":
        """Of hidden states, one in each row."""
        wide = states.astype(np.float64)
        deviation = np.maximum(wide.std(axis=0), 1e-6)
        return cls(wide.mean(axis=0).astype(np.float32), deviation.astype(np.float32))


class Kept:
    """The folder where profiles and digests are kept; without one nothing is."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read_profile(self, digest: bytes, n_embd: int) -> Profile | None:
        """The profile of the file with this SHA-256, wherever it lies."""
        data = self._read(f"{digest.hex()[:32]}.profile")
        return Profile.from_bytes(data, n_embd)

    def keep_profile(self, digest: bytes, profile: Profile) -> None:
        self._keep(f"{digest.hex()[:32]}.profile", profile.to_bytes())

    def read_digest(self, identity: str) -> bytes | None:
        """The SHA-256 of the file that had this identity when it was hashed."""
        digest = self._read(f"{identity}.digest")
        return digest if len(digest) == hashlib.sha256().digest_size else None

    def keep_digest(self, identity: str, digest: bytes) -> None:
        self._keep(f"{identity}.digest", digest)

    def _read(self, name: str) -> bytes:
        """Empty when there is nothing, or it cannot be read."""
        try:
            return (self._folder / name).read_bytes() if self._folder else b""
        except OSError:
            return b""

    def _keep(self, name: str, data: bytes) -> None:
        """Written whole or not at all. What cannot be kept costs time, nothing else."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = self._folder / f"{name}.{os.getpid()}.part"
            partial.write_bytes(data)
            partial.replace(self._folder / name)
        except OSError as error:
            print(f"{name} of proof of compute is not kept: {error}", flush=True)


class Digest:
    """A file's SHA-256, one piece at a time."""

    def __init__(self, path: Path, kept: Kept) -> None:
        self._path = path
        self._kept = kept
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._identity = ""
        self.value = b""
        """Empty until it is known."""

    def step(self) -> None:
        """Read what is kept, or hash one more piece. Raises `EngineError` when the file cannot be read."""
        try:
            if self._file is None:
                self._open()
            elif piece := self._file.read(DIGEST_PIECE_BYTES):
                self._hash.update(piece)
            else:
                self._finish()
        except OSError as error:
            raise EngineError("FILE_UNREADABLE", f"{self._path} cannot be read: {error.strerror}") from error

    def _open(self) -> None:
        file = self._path.open("rb")
        self._identity = _identify(os.fstat(file.fileno()))
        known = self._kept.read_digest(self._identity)
        if known is None:
            self._file = file
        else:
            file.close()
            self.value = known

    def _finish(self) -> None:
        assert self._file is not None
        unchanged = _identify(os.fstat(self._file.fileno())) == self._identity
        self._file.close()
        self.value = self._hash.digest()
        if unchanged:
            self._kept.keep_digest(self._identity, self.value)


def _identify(stat: os.stat_result) -> str:
    """A name for a file's content without reading it: the change time cannot be set by hand."""
    facts = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
