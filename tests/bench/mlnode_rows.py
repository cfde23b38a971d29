"""Proof of compute against bare llama.cpp on the same model, with one thread."""

import ctypes
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import llama_cpp
import numpy as np

from mlnode.io.callbacks import AbortFlag
from mlnode.io.model import Model
from mlnode.io.poc_engine import PocEngine
from mlnode.poc import SEQUENCES, TOKENS_PER_NONCE, Stage
from tests.bench.engine_rows import LOG
from tests.bench.servers import find_model

Rate = Callable[[], float]
GROUPS = 6


def load(path: Path) -> Model:
    """The model in this process."""
    return Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=LOG)


def prepare_nonces(n_threads: int = 1) -> tuple[Rate, Rate]:
    """Nonces a second, against a bare prefill of as many sequences of as many tokens."""
    path = find_model()
    model = load(path)
    engine = PocEngine(model, path, Path(tempfile.mkdtemp(prefix="bench-")), AbortFlag(), n_threads)
    engine.profile(0)
    stage = Stage(b"bench", b"bench")
    return (lambda: _mine(engine, stage)), (lambda: _prefill_bare(model, n_threads))


def prepare_nonces_two_threads() -> tuple[Rate, Rate]:
    """The same with two threads each."""
    return prepare_nonces(2)


def _mine(engine: PocEngine, stage: Stage) -> float:
    began = time.perf_counter()
    for first in range(0, GROUPS * SEQUENCES, SEQUENCES):
        engine.compute_distances(stage, range(first, first + SEQUENCES), 0)
    return GROUPS * SEQUENCES / (time.perf_counter() - began)


def _prefill_bare(model: Model, n_threads: int) -> float:
    n = SEQUENCES * TOKENS_PER_NONCE
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_outputs_max = n, n, n, 1
    params.n_threads = params.n_threads_batch = n_threads
    context = llama_cpp.llama_init_from_model(model.pointer, params)
    tokens = np.random.default_rng(1).integers(10, model.n_vocab, (GROUPS, n))
    began = time.perf_counter()
    for row in tokens:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        ids = (ctypes.c_int32 * n)(*(int(token) for token in row))
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(ids, n)) == 0
    spent = time.perf_counter() - began
    llama_cpp.llama_free(context)
    return GROUPS * SEQUENCES / spent
