"""The header reader against sound, damaged and hostile files."""

import io
import struct
from pathlib import Path

import pytest
from gguf.constants import GGML_QUANT_SIZES
from hypothesis import given
from hypothesis import strategies as st

from mlnode.ggml import BLOCKS
from mlnode.gguf import GgufError, Header, read_header


def read(data: bytes) -> Header:
    return read_header(io.BytesIO(data), len(data))


def test_a_made_model_is_described(tiny_path: Path) -> None:
    header = read(tiny_path.read_bytes())
    assert (header.architecture, header.name, header.version, header.file_type) == ("llama", "tiny", 3, 0)
    assert (header.n_layers, header.n_embd, header.n_ff, header.n_vocab) == (2, 64, 128, 512)
    assert (header.n_head, header.n_head_kv, header.key_length, header.value_length) == (4, (4, 4), 16, 16)
    assert (header.n_ctx_train, header.n_tensors, header.has_chat_template) == (2048, 21, False)
    assert header.tensor_bytes == 4 * (2 * 512 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64) + 64)


def test_the_block_sizes_are_those_of_ggml() -> None:
    assert {int(kind): tuple(sizes) for kind, sizes in GGML_QUANT_SIZES.items()} == BLOCKS


@pytest.mark.parametrize("data", [b"", b"GG", b"PK\x03\x04" * 100, b"hello world, this is no model"])
def test_another_kind_of_file_is_named_so(data: bytes) -> None:
    with pytest.raises(GgufError) as caught:
        read(data)
    assert caught.value.code == "NOT_GGUF"


def test_an_unknown_version_is_unsupported() -> None:
    with pytest.raises(GgufError) as caught:
        read(b"GGUF" + struct.pack("<IQQ", 9, 0, 0))
    assert caught.value.code == "UNSUPPORTED"


@pytest.mark.parametrize(("tensors", "keys"), [(2**60, 0), (0, 2**60), (1, 0), (0, 1)])
def test_counts_beyond_the_file_are_refused_at_once(tensors: int, keys: int) -> None:
    with pytest.raises(GgufError) as caught:
        read(b"GGUF" + struct.pack("<IQQ", 3, tensors, keys))
    assert caught.value.code == "CORRUPT"


def test_a_file_without_an_architecture_is_no_model() -> None:
    with pytest.raises(GgufError, match="architecture"):
        read(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))


def test_every_truncation_is_noticed(tiny_path: Path) -> None:
    data = tiny_path.read_bytes()
    for length in [*range(0, 9000, 61), len(data) // 2, len(data) - 1]:
        with pytest.raises(GgufError):
            read(data[:length])


@given(st.data())
def test_a_damaged_header_is_read_or_refused_but_nothing_else(tiny_path: Path, data: st.DataObject) -> None:
    whole = bytearray(tiny_path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 12_000))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole))
    except GgufError as error:
        assert error.code in ("NOT_GGUF", "CORRUPT", "UNSUPPORTED")


def test_a_string_array_that_runs_past_the_end_is_refused() -> None:
    key = struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, 3)
    with pytest.raises(GgufError) as caught:
        read(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key + struct.pack("<Q", 2**62) + bytes(64))
    assert caught.value.code == "CORRUPT"
