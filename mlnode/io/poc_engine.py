"""The arithmetic of proof of compute on the loaded model: nonces in, integer distances out.

The shape of the work is part of the protocol: always `SEQUENCES` sequences of equal length side by side in an
empty context, all tokens but the last in one decode, the last ones in another; a short group is padded with
repetitions. llama.cpp picks other kernels for other numbers of rows, and the hidden states of a quantised
model then differ by far more than rounding. Threads, processes and what ran before change nothing.

From the hidden state on there is one rounding step: each dimension is standardised with the model's profile
and rounded to a fixed-point integer. Everything after it is exact.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlnode.contexts import poc_context
from mlnode.io.callbacks import AbortFlag
from mlnode.io.llama import DECODE_ABORTED, DECODE_OK, Context, EngineError, FloatArray, Model
from mlnode.poc import (
    CALIBRATION_NONCES,
    DIMS,
    PROJECTIONS_MAX,
    SEQUENCES,
    TOKENS_PER_NONCE,
    Stage,
    compute_calibration_stage,
    compute_distance_micro,
    compute_nonce_tokens,
    compute_sign_bits,
)

STANDARD_MAX = 64
"""A standardised value is cut off at this many deviations."""

_FRACTION = 2**16
_SHIFT = 8
_DIGEST_CHUNK = 1024 * 1024
_FORMAT = b"meshkeeper poc profile 1\n"

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Profile:
    """Mean and deviation of each dimension of a model's hidden states over the calibration nonces."""

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


@dataclass(frozen=True, slots=True)
class Projection:
    """The random signs of one stage, as ±1: `DIMS` x `n_embd`, and the target's `DIMS`."""

    signs: IntArray
    target: IntArray


class Interrupted(Exception):
    """The decode was cancelled; nothing of it counts."""


class PocEngine:
    """Distances of nonces on one model. Belongs to the engine's thread."""

    def __init__(
        self, model: Model, path: Path, cache_dir: Path | None, abort: AbortFlag, n_threads: int
    ) -> None:
        self._model = model
        self._path = path
        self._cache_dir = cache_dir
        self._context = Context(model, poc_context(), n_threads=n_threads, abort=abort)
        self._profile: Profile | None = None
        self._projections: dict[Stage, Projection] = {}
        self.steps = 0

    def set_threads(self, n_threads: int) -> None:
        self._context.set_threads(n_threads)

    def close(self) -> None:
        """Free the context. Nothing may be asked of the engine afterwards."""
        self._context.close()

    def profile(self, request: int) -> Profile:
        """The model's profile: kept, read from the cache, or computed (some seconds on a large model)."""
        if self._profile is None:
            self._profile = self._load_profile(request)
        return self._profile

    def compute_distances(self, stage: Stage, nonces: Sequence[int], request: int) -> list[int]:
        """Distances in millionths, one for each of at most `SEQUENCES` nonces. `request` can be cancelled."""
        profile, projection = self.profile(request), self._projection(stage)
        hidden = self._hidden(stage, nonces, request)
        standard = (hidden.astype(np.float64) - profile.mean) / profile.deviation
        fixed = np.rint(np.clip(standard, -STANDARD_MAX, STANDARD_MAX) * _FRACTION).astype(np.int64)
        vectors = (fixed @ projection.signs.T) >> _SHIFT
        dots = vectors @ projection.target
        norms = (vectors * vectors).sum(axis=1)
        return [compute_distance_micro(int(dot), int(norm)) for dot, norm in zip(dots, norms, strict=True)]

    def _hidden(self, stage: Stage, nonces: Sequence[int], request: int) -> FloatArray:
        """Hidden states at the last position, in the order of the nonces."""
        if not 0 < len(nonces) <= SEQUENCES:
            raise ValueError(f"between 1 and {SEQUENCES} nonces go into one decode")
        padded = [*nonces, *[nonces[0]] * (SEQUENCES - len(nonces))]
        tokens = np.array(
            [compute_nonce_tokens(stage, nonce, self._model.n_vocab) for nonce in padded], np.int32
        )
        self._context.clear()
        self._decode(tokens[:, :-1], 0, request, last=False)
        self._decode(tokens[:, -1:], TOKENS_PER_NONCE - 1, request, last=True)
        self.steps += 1
        hidden = np.stack([self._context.hidden(row) for row in range(len(nonces))])
        if not np.isfinite(hidden).all():
            raise EngineError("ENGINE", "the model computed no usable hidden states")
        return hidden

    def _decode(self, tokens: npt.NDArray[np.int32], start: int, request: int, *, last: bool) -> None:
        """Columns of all sequences, `start` being the first one's position. Only the last column's rows have
        results: llama.cpp computes the vocabulary's logits along with every hidden state it gives out."""
        sequences, length = tokens.shape
        code = self._context.decode(
            tokens.reshape(-1),
            np.tile(np.arange(start, start + length, dtype=np.int32), sequences),
            np.repeat(np.arange(sequences, dtype=np.int32), length),
            range(sequences) if last else (),
            frozenset((request,)),
            hidden=last,
        )
        if code == DECODE_ABORTED:
            raise Interrupted
        if code != DECODE_OK:
            raise EngineError("ENGINE", f"llama.cpp refused the nonces with code {code}")

    def _projection(self, stage: Stage) -> Projection:
        """The stage's signs, kept for the last few stages."""
        if stage not in self._projections:
            while len(self._projections) >= PROJECTIONS_MAX:
                del self._projections[next(iter(self._projections))]
            self._projections[stage] = make_projection(stage, self._model.n_embd)
        return self._projections[stage]

    def _load_profile(self, request: int) -> Profile:
        kept = self._cache_dir / f"{self._cache_key()}.profile" if self._cache_dir else None
        if kept is not None and kept.is_file():
            profile = Profile.from_bytes(kept.read_bytes(), self._model.n_embd)
            if profile is not None:
                return profile
        profile = self._calibrate(request)
        if kept is not None:
            _keep(kept, profile.to_bytes())
        return profile

    def _calibrate(self, request: int) -> Profile:
        stage = compute_calibration_stage(compute_file_digest(self._path))
        parts = [
            self._hidden(stage, range(start, start + SEQUENCES), request)
            for start in range(0, CALIBRATION_NONCES, SEQUENCES)
        ]
        states = np.concatenate(parts).astype(np.float64)
        deviation = np.maximum(states.std(axis=0), 1e-6)
        return Profile(states.mean(axis=0).astype(np.float32), deviation.astype(np.float32))

    def _cache_key(self) -> str:
        """Names the file's content, wherever it lies; the hash of a file is a small part of its load."""
        return compute_file_digest(self._path).hex()[:32]


def make_projection(stage: Stage, n_embd: int) -> Projection:
    """The signs as integers."""
    bits = np.unpackbits(np.frombuffer(compute_sign_bits(stage, n_embd), np.uint8))
    signs = bits.astype(np.int64) * 2 - 1
    matrix = signs[: DIMS * n_embd].reshape(DIMS, n_embd)
    return Projection(matrix, signs[DIMS * n_embd : DIMS * n_embd + DIMS])


def compute_file_digest(path: Path) -> bytes:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _keep(path: Path, data: bytes) -> None:
    """Write the cache entry whole or not at all. A cache that cannot be written costs time, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        print(f"the PoC profile is not kept: {error}", flush=True)
