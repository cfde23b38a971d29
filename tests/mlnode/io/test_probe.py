"""What a load would take: the formula against llama.cpp's own reckoning, and both against real loads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlnode.contexts import ContextShape, KvType, poc_context, serving_context
from mlnode.estimate import compute_compute_bytes, compute_kv_bytes, compute_output_bytes
from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.llama import Context
from mlnode.io.model import Model
from mlnode.io.opening import read_model_header
from mlnode.io.probe import Probe, measure_context
from mlnode.io.prober import Answer, Question
from tests.mlnode.recurrent_gguf import write_recurrent_gguf
from tests.mlnode.shaped_gguf import write_shaped_gguf

MIB = 2**20
SHAPES: dict[str, dict[str, Any]] = {
    "every head has keys": {},
    "grouped": {"n_embd": 512, "n_ff": 1536, "n_head": 8, "n_head_kv": 2, "head_dim": 64, "n_vocab": 4096},
    "one for all": {"n_embd": 256, "n_ff": 1024, "n_head": 8, "n_head_kv": 1, "head_dim": 128, "layers": 3},
    "windows": {"architecture": "gemma3", "n_embd": 256, "head_dim": 64, "layers": 7, "window": 512},
    "listed windows": {
        "architecture": "gemma3",
        "head_dim": 64,
        "layers": 4,
        "window": 1024,
        "pattern": [True, False, False, True],
    },
    "large vocabulary": {"head_dim": 32, "n_vocab": 65536},
}
CONTEXTS = (
    serving_context(100, 1, 128),
    serving_context(512, 1, 128),
    serving_context(4096, 1, 128),
    serving_context(4096, 1, 512),
    serving_context(1000, 3, 128),
    serving_context(8192, 4, 128),
    serving_context(4096, 8, 64),
    serving_context(2048, 16, 128),
    poc_context(),
)
QUANTISED = (serving_context(4096, 2, 128, "q8_0"), serving_context(8192, 1, 128, "q4_0"))


def check_formula(path: Path, contexts: tuple[ContextShape, ...], log: EngineLog) -> None:
    """Cells to the byte; computing never below, and above by a sixteenth and 1.5 MiB at most."""
    header = read_model_header(path)
    log.attach()
    model = Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=log, no_alloc=True)
    for shape in contexts:
        sizes, output = measure_context(model, shape, log)
        kv, compute = sum(s[1] for s in sizes.values()), sum(s[2] for s in sizes.values())
        assert compute_kv_bytes(header, shape) == kv, shape
        assert compute <= compute_compute_bytes(header, shape) <= compute * 1.0625 + 1.5 * MIB, shape
        assert abs(compute_output_bytes(header, shape) - output) <= 0.01 * MIB, "told in hundredths of a MiB"
    weights = sum(s[0] for s in sizes.values())
    assert weights == pytest.approx(header.tensor_bytes, abs=4096)


@pytest.mark.parametrize("name", SHAPES)
def test_the_formula_is_true_for_every_shape(name: str, tmp_path: Path, log: EngineLog) -> None:
    path = tmp_path / "shaped.gguf"
    write_shaped_gguf(path, **SHAPES[name])
    whole_blocks = read_model_header(path).key_length % 32 == 0
    check_formula(path, CONTEXTS + (QUANTISED if whole_blocks else ()), log)


RECURRENT: dict[str, dict[str, Any]] = {
    "mamba": {"architecture": "mamba", "layers": 3},
    "wide mamba": {"architecture": "mamba", "dim": 256, "d_state": 64},
    "mamba 2": {"architecture": "mamba2", "dim": 256, "d_state": 128},
    "jamba": {"architecture": "jamba", "layers": 5},
    "rwkv": {"architecture": "rwkv7", "dim": 128},
    "short convolutions": {"architecture": "lfm2", "layers": 3},
    "wide jamba": {"architecture": "jamba", "dim": 256, "n_vocab": 4096},
}


@pytest.mark.parametrize("name", RECURRENT)
def test_the_formula_is_true_for_recurrent_states(name: str, tmp_path: Path, log: EngineLog) -> None:
    path = tmp_path / "recurrent.gguf"
    write_recurrent_gguf(path, **RECURRENT[name])
    check_formula(path, CONTEXTS, log)


@pytest.mark.parametrize("name", ["mamba 2", "rwkv", "jamba"])
def test_a_real_load_with_states_takes_what_the_probe_says(name: str, tmp_path: Path, log: EngineLog) -> None:
    path = tmp_path / "recurrent.gguf"
    write_recurrent_gguf(path, **RECURRENT[name])
    check_load(path, log, 4, "f16")


def test_the_formula_is_true_for_a_real_model(real_path: Path, log: EngineLog) -> None:
    check_formula(real_path, CONTEXTS + QUANTISED, log)


@pytest.mark.parametrize("name", ["grouped", "windows"])
def test_a_real_load_takes_what_the_probe_says(name: str, tmp_path: Path, log: EngineLog) -> None:
    path = tmp_path / "shaped.gguf"
    write_shaped_gguf(path, **SHAPES[name])
    check_load(path, log, 4)


def test_a_real_models_load_takes_what_the_probe_says(real_path: Path, log: EngineLog) -> None:
    answer = check_load(real_path, log, 2)
    header = read_model_header(real_path)
    assert answer.buffers["CPU_REPACK"].weights == header.repacked_bytes


def check_load(path: Path, log: EngineLog, slots: int, kv_type: KvType = "q8_0") -> Answer:
    log.attach()
    question = Question(path=str(path), n_ctx=1024, slots=slots, n_ubatch=128, kv_type=kv_type)
    answer = Probe(log).answer(question)
    assert not answer.error
    model = Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=log)
    log.forget()
    shape = serving_context(1024, slots, 128, kv_type)
    context = Context(model, shape, n_threads=1, abort=AbortFlag())
    kv, states, compute = (log.buffer_bytes(use) for use in ("KV", "RS", "compute"))
    context.close()
    rounding = 0.02 * MIB
    assert sum(part.kv for part in answer.buffers.values()) == pytest.approx(kv + states, abs=rounding)
    assert sum(part.compute for part in answer.buffers.values()) == pytest.approx(compute, abs=rounding)
    return answer


def ask(question: Question) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mlnode.io.probe"]
    asked = msgspec.json.encode(question) + b"\n"
    return subprocess.run(command, input=asked, capture_output=True, timeout=60)


def test_the_process_answers_with_one_line(tiny_path: Path) -> None:
    done = ask(Question(path=str(tiny_path), n_ctx=512, slots=2, n_ubatch=64))
    (line,) = done.stdout.splitlines()
    answer = msgspec.json.decode(line, type=Answer)
    assert (done.returncode, answer.error, answer.n_ctx, answer.n_vocab) == (0, "", 512, 512)
    assert answer.buffers["CPU"].kv == 2 * 512 * 2 * 2 * 64 * 2
    assert answer.buffers["CPU"].weights == pytest.approx(591_104, abs=2048)
    assert answer.buffers["CPU"].poc > 0
    assert 0 < answer.resident < 64 * MIB


@pytest.mark.parametrize("damage", ["missing", "cut", "noise"])
def test_a_bad_file_is_said_to_be_one(damage: str, tiny_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    data = tiny_path.read_bytes()
    if damage != "missing":
        path.write_bytes(data[: len(data) // 2] if damage == "cut" else b"\x07" * 4096)
    done = ask(Question(path=str(path), n_ctx=512, slots=1, n_ubatch=64))
    assert done.returncode == 0
    assert json.loads(done.stdout)["error"]


def test_heads_that_are_no_whole_blocks_are_refused_quantised(tiny_path: Path, log: EngineLog) -> None:
    log.attach()
    question = Question(path=str(tiny_path), n_ctx=512, slots=1, n_ubatch=64, kv_type="q8_0")
    assert "take --kv-type f16" in Probe(log).answer(question).error
