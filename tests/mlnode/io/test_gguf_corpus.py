"""A hundred and more damaged models in one folder: each gets an entry that says what it is, and nothing else
happens to the front. Those that look sound are shown to llama.cpp too."""

import random
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlnode.estimate import compute_estimate
from mlnode.io.files import scan_models
from mlnode.io.prober import ProbeFailed, Prober, Question

SEED = 20260
HEAD_BYTES = 9_000
"""Of the tiny model: keys, vocabulary, descriptions of tensors."""
EXTREMES = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1)


def damage(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents, the same for the same seed."""
    dice = random.Random(SEED)
    for at in (4, 8, 16):
        for value in EXTREMES:
            width = 4 if at == 4 else 8
            yield f"count-{at}-{value}", put(data, at, value, width)
    for number in range(40):
        at = dice.randrange(24, HEAD_BYTES - 8)
        yield f"length-{number}", put(data, at, dice.choice(EXTREMES), dice.choice((4, 8)))
    for number in range(30):
        flipped = bytearray(data)
        for _ in range(dice.randrange(1, 9)):
            flipped[dice.randrange(HEAD_BYTES)] ^= 1 << dice.randrange(8)
        yield f"flip-{number}", bytes(flipped)
    for number in range(15):
        yield f"cut-{number}", data[: dice.randrange(len(data))]
    for key in (b"llama.block_count", b"llama.embedding_length", b"llama.attention.head_count"):
        at = data.index(key) + len(key) + 4
        for value in (0, 3, 2**31, 2**32 - 1):
            yield f"{key.decode()}-{value}", put(data, at, value, 4)
    for number in range(6):
        noise = dice.randbytes(4096)
        at = dice.randrange(len(data) // 2, len(data) - len(noise))
        yield f"body-{number}", data[:at] + noise + data[at + len(noise) :]
    yield "zeros", data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
    yield "longer", data + dice.randbytes(777)
    yield "empty", b""


def put(data: bytes, at: int, value: int, width: int) -> bytes:
    return data[:at] + (value % 2 ** (8 * width)).to_bytes(width, "little") + data[at + width :]


@pytest.fixture(scope="module")
def folder(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for name, content in damage(tiny_path.read_bytes()):
        (folder / f"{name}.gguf").write_bytes(content)
    (folder / "sound.gguf").write_bytes(tiny_path.read_bytes())
    return folder


def test_every_file_gets_an_entry_with_a_header_or_a_sentence(folder: Path) -> None:
    began_s = time.process_time()
    files = scan_models(folder)
    assert len(files) == len(list(folder.iterdir())) > 120
    assert time.process_time() - began_s < 60, "no count makes it work for more than the file holds"
    for file in files:
        assert (file.header is None) == bool(file.problem), file.id
        if file.header is not None:
            estimate = compute_estimate(file.header, 4096, 4, 128, file.size_bytes)
            assert estimate.kv_bytes + estimate.weights_bytes > 0, file.id
            assert estimate.total_mb > 0, file.id
    refused = {file.id for file in files if file.problem}
    assert {f"cut-{number}.gguf" for number in range(15)} <= refused
    assert "empty.gguf" in refused and "sound.gguf" not in refused


def test_what_looks_sound_is_sized_or_refused_by_llama_cpp(folder: Path) -> None:
    """And when llama.cpp dies of one, the next is asked all the same."""
    prober = Prober()
    sized = []
    for file in scan_models(folder):
        if file.header is None:
            continue
        question = Question(path=file.path, n_ctx=256, slots=1, n_ubatch=64)
        try:
            assert prober.ask(question).buffers
            sized.append(file.id)
        except ProbeFailed as failed:
            assert str(failed)
    prober.close()
    assert {"sound.gguf", "zeros.gguf", "longer.gguf"} <= set(sized)
    assert {f"body-{number}.gguf" for number in range(6)} <= set(sized), "weights are not looked at"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_sizes_that_are_no_numbers_are_refused(value: float, tiny_path: Path, tmp_path: Path) -> None:
    data = tiny_path.read_bytes()
    key = b"llama.attention.head_count_kv"
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IIQf", 9, 6, 1, value)
    n_keys = struct.unpack_from("<Q", data, 16)[0]
    path = tmp_path / "nan.gguf"
    path.write_bytes(data[:16] + struct.pack("<Q", n_keys + 1) + entry + data[24:] + bytes(64))
    (file,) = scan_models(tmp_path)
    assert file.header is None
    assert "no model can be" in file.problem
