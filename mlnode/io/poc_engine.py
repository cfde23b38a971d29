"""The arithmetic of proof of compute on the loaded model: nonces in, integer distances out.

The shape of the work is part of the protocol: always groups of 8 sequences of equal length side by side in an
empty context, all tokens but the last in one decode, the last ones in another; a short group is padded with
repetitions. llama.cpp picks other kernels for other numbers of rows, and the hidden states of a quantised
model then differ by far more than rounding. Threads, processes and what ran before change nothing.

From the hidden state on there is one rounding step: each dimension is standardised with the model's profile
and rounded to a fixed-point integer. Everything after it is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlnode.contexts import ContextShape, poc_context
from mlnode.io.callbacks import AbortFlag
from mlnode.io.llama import DECODE_ABORTED, DECODE_OK, Context, FloatArray
from mlnode.io.model import EngineError, Model
from mlnode.io.poc_profile import Digest, Kept, Profile
from mlnode.poc import (
    DIMS,
    PROFILE_NONCES,
    PROJECTIONS_MAX,
    TOKENS_PER_NONCE,
    Stage,
    compute_distance_micro,
    compute_nonce_tokens,
    compute_profile_stage,
    compute_sign_bits,
)

STANDARD_MAX = 64
"""A standardised value is cut off at this many deviations."""

_FRACTION = 2**16
_SHIFT = 8

IntArray = npt.NDArray[np.int64]


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
        self,
        model: Model,
        path: Path,
        cache_dir: Path | None,
        abort: AbortFlag,
        n_threads: int,
        shape: ContextShape | None = None,
    ) -> None:
        """`shape`: another than the protocol's is for measuring what other kernels do to the distances."""
        shape = shape or poc_context()
        self._model = model
        self._kept = Kept(cache_dir)
        self._digest = Digest(path, self._kept)
        self._context = Context(model, shape, n_threads=n_threads, abort=abort)
        self._profile: Profile | None = None
        self._states: list[FloatArray] = []
        """Hidden states of the profile's first nonces, until there are all."""
        self._projections: dict[Stage, Projection] = {}
        self.width = shape.n_sequences
        """Nonces that one decode takes."""
        self.steps = 0

    @property
    def file_digest(self) -> bytes:
        """The file's SHA-256, once the profile is at hand."""
        return self._digest.value

    def set_threads(self, n_threads: int) -> None:
        self._context.set_threads(n_threads)

    def close(self) -> None:
        """Free the context. Nothing may be asked of the engine afterwards."""
        self._context.close()

    def profile(self, request: int) -> Profile:
        """The model's profile: kept, read, or computed (some seconds on a large model)."""
        while not self.prepare_once(frozenset((request,))):
            pass
        assert self._profile is not None
        return self._profile

    def prepare_once(self, requests: frozenset[int]) -> bool:
        """One step towards the profile, of a tenth of a second or one decode; True when it is at hand. After
        an interruption the next call goes on with what was computed before."""
        if self._profile is not None:
            return True
        if self._digest.value:
            self._compute_profile_part(requests)
        else:
            self._digest.step()
            if self._digest.value:
                self._profile = self._kept.read_profile(self._digest.value, self._model.n_embd)
        self.steps += 1
        return self._profile is not None

    def _compute_profile_part(self, requests: frozenset[int]) -> None:
        stage = compute_profile_stage(self._digest.value)
        first = sum(len(part) for part in self._states)
        nonces = range(first, min(first + self.width, PROFILE_NONCES))
        self._states.append(self._hidden([(stage, nonce) for nonce in nonces], requests))
        if nonces.stop == PROFILE_NONCES:
            self._profile = Profile.over(np.concatenate(self._states))
            self._states.clear()
            self._kept.keep_profile(self._digest.value, self._profile)

    def compute_distances(self, stage: Stage, nonces: Sequence[int], request: int) -> list[int]:
        """Distances in millionths, one for each of at most `width` nonces. `request` can be cancelled."""
        self.profile(request)
        return self.compute_mixed([(stage, nonce) for nonce in nonces], frozenset((request,)))

    def compute_mixed(self, work: Sequence[tuple[Stage, int]], requests: frozenset[int]) -> list[int]:
        """Distances in millionths of at most `width` nonces of any stages, once the profile is at hand: a
        sequence has cells of its own, so that its neighbours change no bit. It is interrupted when all of
        `requests` are cancelled."""
        profile = self._profile
        assert profile is not None
        hidden = self._hidden(work, requests)
        self.steps += 1
        standard = (hidden.astype(np.float64) - profile.mean) / profile.deviation
        fixed = np.rint(np.clip(standard, -STANDARD_MAX, STANDARD_MAX) * _FRACTION).astype(np.int64)
        distances = [0] * len(work)
        for stage in dict.fromkeys(stage for stage, _ in work):
            rows = [row for row, (other, _) in enumerate(work) if other == stage]
            for row, distance in zip(rows, self._project(stage, fixed[rows]), strict=True):
                distances[row] = distance
        return distances

    def _project(self, stage: Stage, fixed: IntArray) -> list[int]:
        projection = self._projection(stage)
        vectors = (fixed @ projection.signs.T) >> _SHIFT
        dots = vectors @ projection.target
        norms = (vectors * vectors).sum(axis=1)
        return [compute_distance_micro(int(dot), int(norm)) for dot, norm in zip(dots, norms, strict=True)]

    def _hidden(self, work: Sequence[tuple[Stage, int]], requests: frozenset[int]) -> FloatArray:
        """Hidden states at the last position, in the order of the work."""
        if not 0 < len(work) <= self.width:
            raise ValueError(f"between 1 and {self.width} nonces go into one decode")
        padded = [*work, *[work[0]] * (self.width - len(work))]
        n_vocab = self._model.n_vocab
        tokens = np.array([compute_nonce_tokens(stage, nonce, n_vocab) for stage, nonce in padded], np.int32)
        self._context.clear()
        self._decode(tokens[:, :-1], 0, requests, last=False)
        self._decode(tokens[:, -1:], TOKENS_PER_NONCE - 1, requests, last=True)
        hidden = np.stack([self._context.hidden(row) for row in range(len(work))])
        if not np.isfinite(hidden).all():
            raise EngineError("ENGINE", "the model computed no usable hidden states")
        return hidden

    def _decode(
        self, tokens: npt.NDArray[np.int32], start: int, requests: frozenset[int], *, last: bool
    ) -> None:
        """Columns of all sequences, `start` being the first one's position. Only the last column's rows have
        results: llama.cpp computes the vocabulary's logits along with every hidden state it gives out."""
        sequences, length = tokens.shape
        code = self._context.decode(
            tokens.reshape(-1),
            np.tile(np.arange(start, start + length, dtype=np.int32), sequences),
            np.repeat(np.arange(sequences, dtype=np.int32), length),
            range(sequences) if last else (),
            requests,
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


def make_projection(stage: Stage, n_embd: int) -> Projection:
    """The signs as integers."""
    bits = np.unpackbits(np.frombuffer(compute_sign_bits(stage, n_embd), np.uint8))
    signs = bits.astype(np.int64) * 2 - 1
    matrix = signs[: DIMS * n_embd].reshape(DIMS, n_embd)
    return Projection(matrix, signs[DIMS * n_embd : DIMS * n_embd + DIMS])
