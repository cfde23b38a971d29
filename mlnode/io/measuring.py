"""Measures a model for proof of compute in this process, so that its first epoch does not wait for it."""

import contextlib
import io
import time
from dataclasses import dataclass
from pathlib import Path

from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.llama import Model
from mlnode.io.loading import read_model_header
from mlnode.io.poc_engine import PocEngine
from mlnode.poc import SEQUENCES, Stage

TRIAL_NONCES = 4 * SEQUENCES
"""Enough for a rate within a tenth or so."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model can do for proof of compute."""

    profile_digest: str
    nonces_per_s: float


def measure_model(path: Path, cache_dir: Path) -> Measured:
    """Computes and keeps the model's profile, then times a few nonces. Raises `EngineError`."""
    read_model_header(path)
    with contextlib.redirect_stdout(io.StringIO()):  # llama.cpp's chatter is for a worker's log
        return _measure(path, cache_dir)


def _measure(path: Path, cache_dir: Path) -> Measured:
    log = EngineLog()
    model = Model(path, n_gpu_layers=-1, use_mmap=True, check_tensors=False, log=log)
    engine = PocEngine(model, path, cache_dir, AbortFlag(), 1)
    digest = engine.profile(0).digest
    stage = Stage(b"measure", b"measure")
    began_s = time.monotonic()
    for first in range(0, TRIAL_NONCES, SEQUENCES):
        engine.compute_distances(stage, range(first, first + SEQUENCES), 0)
    return Measured(digest, TRIAL_NONCES / (time.monotonic() - began_s))
