"""The head of a GGUF file: what a model is, without loading it.

A bounds-checked reader that skips what it does not need (a vocabulary of 262,144 strings among it) and trusts
no number in the file: every count and length is held against the file's size before anything is read or
reserved. Only the fields of `Header` leave this module. Given an open file; opens none itself.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from mlnode.ggml import compute_row_bytes, is_repacked
from mlnode.recurrence import Recurrence, find_recurrence
from mlnode.windows import find_windowed_layers

KEY_BYTES_MAX = 65_535
"""Longest key, as GGUF defines it."""

TEMPLATE_BYTES_MAX = 1024 * 1024
"""Longest string value that is kept; known chat templates are below 20 kB."""

ENTRIES_MAX = 1_000_000
"""Keys, and tensors, at most: two orders of magnitude above the largest model known."""

LAYERS_MAX = 4096
SIZE_MAX = 2**32 - 1
DIMENSIONS_MAX = 4

_CHUNK_BYTES = 256 * 1024
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS: Final[Mapping[int, struct.Struct]] = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    _BOOL: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
"""GGUF's scalar types by number."""


class GgufError(Exception):
    """The file cannot be a model we can serve.

    Codes: `NOT_GGUF` (another kind of file), `CORRUPT` (damaged or cut off), `UNSUPPORTED` (a version or
    tensor type that we do not know)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of its model. Zero or empty where the file is silent."""

    version: int
    architecture: str
    name: str
    file_type: int
    """llama.cpp's number of the quantisation mix (0 F32, 1 F16, 15 Q4_K_M, ...)."""
    n_ctx_train: int
    """Tokens the model was trained to see."""
    n_layers: int
    n_embd: int
    n_ff: int
    n_head: int
    n_head_kv: tuple[int, ...]
    """Key-value heads of each layer; 0 where a layer has a recurrent state instead."""
    key_length: int
    """Elements of one head's key."""
    value_length: int
    sliding_window: int
    """Tokens that a sliding-window layer looks back; 0: there are none."""
    n_vocab: int
    has_chat_template: bool
    n_tensors: int
    tensor_bytes: int
    """Sum over the tensors of this file (of this shard)."""
    n_shards: int
    """Files that the model is split into; 1 when it is whole."""
    windowed: tuple[bool, ...] = ()
    """For each layer whether it looks back through the sliding window only."""
    repacked_bytes: int = 0
    """Of `tensor_bytes`: matrices of which llama.cpp makes a second copy for its CPU kernels (x86-64)."""
    n_ff_active: int = 0
    """Width of the feed-forward part that one token passes: all chosen experts together."""
    recurrence: Recurrence = Recurrence()


@dataclass(slots=True)
class _Values:
    """The key-value part, as far as it is kept."""

    scalars: dict[str, int | float | bool | str] = field(default_factory=dict)
    arrays: dict[str, tuple[int | float | bool, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def integer(self, key: str, default: int = 0) -> int:
        value = self.scalars.get(key, default)
        return value if isinstance(value, int) else default

    def text(self, key: str) -> str:
        value = self.scalars.get(key, "")
        return value if isinstance(value, str) else ""


class _Cursor:
    """Reads a file forward in chunks; anything past the end is `CORRUPT`."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._chunk = b""
        self._start = 0
        self._at = 0

    @property
    def position(self) -> int:
        return self._start + self._at

    @property
    def remaining(self) -> int:
        return self._size - self.position

    def take(self, n: int) -> bytes:
        if n > self.remaining:
            raise GgufError("CORRUPT", f"the file ends at byte {self._size}, inside its header")
        if self._at + n > len(self._chunk):
            self._refill(n)
        data = self._chunk[self._at : self._at + n]
        self._at += n
        return data

    def skip(self, n: int) -> None:
        if n > self.remaining:
            raise GgufError("CORRUPT", f"the file ends at byte {self._size}, inside its header")
        self._at += n
        if self._at > len(self._chunk):
            self._refill(0)

    def skip_strings(self, count: int) -> None:
        """Pass over `count` strings: the one hot loop of this module, kept inside the chunk."""
        unpack = struct.Struct("<Q").unpack_from
        chunk, at = self._chunk, self._at
        last = len(chunk) - 8
        for _ in range(count):
            if at > last:
                self._at = len(chunk)
                self.skip(at - len(chunk))
                self._refill(8)
                chunk, at = self._chunk, 0
                last = len(chunk) - 8
            at += 8 + unpack(chunk, at)[0]
        self._at = 0
        self.skip(at)

    def unsigned(self, bits: int) -> int:
        return int.from_bytes(self.take(bits // 8), "little")

    def _refill(self, n: int) -> None:
        self._start += self._at
        self._at = 0
        self._file.seek(self._start)
        self._chunk = self._file.read(max(n, _CHUNK_BYTES))
        if len(self._chunk) < n:
            raise GgufError("CORRUPT", f"the file ends at byte {self._size}, inside its header")


def read_header(file: BinaryIO, size_bytes: int) -> Header:
    """The header of an open file of `size_bytes`. Raises `GgufError` for everything that is no sound GGUF,
    a file cut off inside its tensors included."""
    cursor = _Cursor(file, size_bytes)
    if size_bytes < 4 or cursor.take(4) != b"GGUF":
        raise GgufError("NOT_GGUF", "the file does not begin with the letters GGUF")
    version = cursor.unsigned(32)
    if version not in (2, 3):
        raise GgufError("UNSUPPORTED", f"GGUF version {version} is not known; versions 2 and 3 are")
    n_tensors, n_keys = cursor.unsigned(64), cursor.unsigned(64)
    _check_count(n_tensors, cursor, "tensors")
    _check_count(n_keys, cursor, "keys")
    values = _read_values(cursor, n_keys)
    tensors = _read_tensors(cursor, n_tensors, values.integer("general.alignment", 32))
    return _describe(version, values, n_tensors, *tensors)


def _check_count(count: int, cursor: _Cursor, what: str) -> None:
    """An entry takes at least 13 bytes, so that no count can make us work for more than the file holds."""
    if count > min(ENTRIES_MAX, cursor.remaining // 13):
        raise GgufError("CORRUPT", f"the file announces {count} {what}, more than it can hold")


def _read_values(cursor: _Cursor, count: int) -> _Values:
    values = _Values()
    for _ in range(count):
        key = _read_text(cursor, KEY_BYTES_MAX)
        if key in values.scalars or key in values.counts:
            raise GgufError("CORRUPT", f"the key {key!r} stands in the file twice")
        kind = cursor.unsigned(32)
        if kind == _ARRAY:
            _read_array(cursor, key, values)
        else:
            values.scalars[key] = _read_scalar(cursor, kind)
    return values


def _read_scalar(cursor: _Cursor, kind: int) -> int | float | bool | str:
    if kind == _STRING:
        return _read_text(cursor, TEMPLATE_BYTES_MAX)
    return _unpack(_scalar(kind), cursor.take(_scalar(kind).size))


def _read_array(cursor: _Cursor, key: str, values: _Values) -> None:
    """Strings and long arrays are counted and skipped; short arrays of numbers (one per layer) are kept."""
    kind, count = cursor.unsigned(32), cursor.unsigned(64)
    values.counts[key] = count
    if kind == _STRING:
        if count > cursor.remaining // 8:
            raise GgufError("CORRUPT", f"the array {key!r} is longer than the file")
        cursor.skip_strings(count)
        return
    scalar = _scalar(kind)
    if count > cursor.remaining // scalar.size:
        raise GgufError("CORRUPT", f"the array {key!r} is longer than the file")
    if count > 4096:
        cursor.skip(count * scalar.size)
        return
    values.arrays[key] = tuple(_unpack(scalar, cursor.take(scalar.size)) for _ in range(count))


def _scalar(kind: int) -> struct.Struct:
    scalar = _SCALARS.get(kind)
    if scalar is None:
        raise GgufError("CORRUPT", f"a value has the unknown type {kind}")
    return scalar


def _unpack(scalar: struct.Struct, data: bytes) -> int | float | bool:
    value: int | float | bool = scalar.unpack(data)[0]
    return value


def _read_text(cursor: _Cursor, limit: int) -> str:
    length = cursor.unsigned(64)
    if length > min(limit, cursor.remaining):
        raise GgufError(
            "CORRUPT", f"a text of {length} bytes is longer than the file or the limit of {limit}"
        )
    return cursor.take(length).decode("utf-8", "replace")


def _read_tensors(cursor: _Cursor, count: int, alignment: int) -> tuple[int, int]:
    """Bytes of all tensors, and of those that are repacked; each must lie inside the file."""
    if not 1 <= alignment <= 2**20:
        raise GgufError("CORRUPT", f"the alignment {alignment} is out of range")
    total = repacked = end = 0
    for _ in range(count):
        name = _read_text(cursor, KEY_BYTES_MAX)
        elements, row = _read_shape(cursor, name)
        kind, offset = cursor.unsigned(32), cursor.unsigned(64)
        n_bytes = _tensor_bytes(name, kind, elements, row)
        total += n_bytes
        if is_repacked(name, kind, elements // row):
            repacked += n_bytes
        end = max(end, offset + n_bytes)
    data_start = -(-cursor.position // alignment) * alignment
    if count and data_start + end > cursor.position + cursor.remaining:
        missing = data_start + end - cursor.position - cursor.remaining
        raise GgufError("CORRUPT", f"the file is cut off: {missing} bytes of its tensors are missing")
    return total, repacked


def _read_shape(cursor: _Cursor, name: str) -> tuple[int, int]:
    """Elements in all, and elements of one row."""
    n_dims = cursor.unsigned(32)
    if not 1 <= n_dims <= DIMENSIONS_MAX:
        raise GgufError("CORRUPT", f"the tensor {name!r} has {n_dims} dimensions")
    shape = [cursor.unsigned(64) for _ in range(n_dims)]
    elements = 1
    for length in shape:
        elements *= length
    if not 0 < elements < 2**62:
        raise GgufError("CORRUPT", f"the tensor {name!r} has the impossible shape {shape}")
    return elements, shape[0]


def _tensor_bytes(name: str, kind: int, elements: int, row: int) -> int:
    row_bytes = compute_row_bytes(kind, row)
    if row_bytes is None:
        raise GgufError(
            "UNSUPPORTED", f"the tensor {name!r} has the type {kind} or a row of {row}: not known"
        )
    return elements // row * row_bytes


def _describe(
    version: int, values: _Values, n_tensors: int, tensor_bytes: int, repacked_bytes: int
) -> Header:
    architecture = values.text("general.architecture")
    if not architecture:
        raise GgufError("CORRUPT", "the file names no architecture: it holds no model")

    def number(key: str, default: int = 0) -> int:
        return _check_size(key, values.integer(f"{architecture}.{key}", default))

    def largest(key: str) -> int:
        return number(key, max(_read_sizes(values, f"{architecture}.{key}"), default=0))

    n_layers, n_embd = number("block_count"), number("embedding_length")
    if n_layers > LAYERS_MAX:
        raise GgufError("CORRUPT", f"the file announces {n_layers} layers, more than any model has")
    n_head = max(1, largest("attention.head_count"))
    listed = _read_sizes(values, f"{architecture}.attention.head_count_kv")
    n_head_kv = listed or (number("attention.head_count_kv", n_head),) * n_layers
    recurrence = find_recurrence(architecture, n_layers, listed, number)
    per_head = n_embd // n_head
    n_ff = largest("feed_forward_length")
    n_ff_experts = number("expert_used_count") * number("expert_feed_forward_length", n_ff)
    pattern_key = f"{architecture}.attention.sliding_window_pattern"
    window = number("attention.sliding_window")
    pattern = values.arrays.get(pattern_key) or values.scalars.get(pattern_key)
    return Header(
        version=version,
        architecture=architecture,
        name=values.text("general.name"),
        file_type=values.integer("general.file_type"),
        n_ctx_train=number("context_length"),
        n_layers=n_layers,
        n_embd=n_embd,
        n_ff=n_ff,
        n_head=n_head,
        n_head_kv=recurrence.keep_attention(n_head_kv),
        key_length=number("attention.key_length", per_head),
        value_length=number("attention.value_length", per_head),
        sliding_window=window,
        n_vocab=values.counts.get("tokenizer.ggml.tokens") or number("vocab_size"),
        has_chat_template=bool(values.text("tokenizer.chat_template")),
        n_tensors=n_tensors,
        tensor_bytes=tensor_bytes,
        n_shards=max(1, values.integer("split.count", 1)),
        windowed=find_windowed_layers(
            architecture, n_layers, window, None if isinstance(pattern, str | float) else pattern
        ),
        repacked_bytes=repacked_bytes,
        n_ff_active=max(n_ff, n_ff_experts),
        recurrence=recurrence,
    )


def _read_sizes(values: _Values, key: str) -> tuple[int, ...]:
    """An array with a size for each layer; empty where there is none."""
    return tuple(_check_size(key, value) for value in values.arrays.get(key, ()))


def _check_size(key: str, value: int | float | bool) -> int:
    if not isinstance(value, int) or not 0 <= value <= SIZE_MAX:
        raise GgufError("CORRUPT", f"{key} is {value}, which no model can be")
    return value
