"""Small llama models with random weights, made here: for tests, and where no real model can be had.

They compute like any other model (attention, rotary positions, gated feed-forward) and say nothing sensible,
in words. Same arguments, same bytes. The recipe: `output.weight` is not tied to the embeddings, or the model
would repeat its last token for ever; the rows of all tokens but words are zero there, so that the likeliest
token is always a word; the pieces are common English words with falling scores.
"""

import struct
from collections.abc import Iterator
from hashlib import shake_256
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
FileType = Literal["F32", "F16"]

ALIGNMENT = 32
HEAD_DIM = 16

_TEXT = """
the of and to a in is it you that he was for on are with as I his they be at one have this from or had by
hot but some what there we can out other were all your when up use word how said an each she which do
their time if will way about many then them would write like so these her long make thing see him two has
look more day could go come did my sound no most number who over know water than call first people may
down side been now find any new work part take get place made live where after back little only round man
year came show every good me give our under name very through just form much great think say help low
line before turn cause same mean differ move right boy old too does tell sentence set three want air well
also play small end put home read hand port large spell add even land here must big high such follow act
why ask men change went light kind off need house picture try us again animal point mother world near
build self earth father head stand own page should country found answer school grow study still learn
plant cover food sun four thought let keep eye never last door between city tree cross since hard start
might story saw far sea draw left late run while press close night real life few stop open seem together
next white children begin got walk example ease paper often always music those both mark book letter
until mile river car feet care second group carry took rain eat room friend began idea fish mountain
north once base hear horse cut sure watch color face wood main enough plain girl usual young ready above
ever red list though feel talk bird soon body dog family direct pose leave song measure state product
black short
"""
WORDS = tuple(_TEXT.split())

_SPECIAL = ("<unk>", "<s>", "</s>")
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_FIRST_PIECE = len(_SPECIAL) + 256
_LETTERS = ("\u2581", *map(chr, range(33, 127)))
_N_LETTERS = len(_LETTERS)

N_VOCAB_MIN = _FIRST_PIECE + _N_LETTERS + 30
"""Special tokens, bytes, printable ASCII, and a few words."""


def write_tiny_gguf(
    path: Path,
    *,
    seed: int = 0,
    layers: int = 2,
    dim: int = 64,
    n_vocab: int = 512,
    n_ctx_train: int = 2048,
    file_type: FileType = "F32",
    name: str = "tiny",
    chat_template: str = "",
    parts: int = 1,
) -> None:
    """Write a model of `layers` blocks of width `dim` (a multiple of 16) to `path`, whole or not at all.

    `n_vocab` tokens (at least `N_VOCAB_MIN`): three special ones, 256 bytes, then letters and words. An empty
    `chat_template` leaves the model without one. Of `parts` files, `path` is the first."""
    if dim % HEAD_DIM or dim <= 0 or layers <= 0:
        raise ValueError(f"dim must be a positive multiple of {HEAD_DIM} and layers positive")
    pieces = _pieces(n_vocab)
    keys = _keys(name, layers, dim, n_ctx_train, file_type, pieces, chat_template)
    tensors = list(_tensors(seed, layers, dim, len(pieces), file_type))
    if parts == 1:
        _write(path, _container(keys, tensors))
        return
    share = -(-len(tensors) // parts)
    for number in range(parts):
        split = [_key("split.no", _u16(number)), _key("split.count", _u16(parts))]
        split.append(_key("split.tensors.count", struct.pack("<Ii", 5, len(tensors))))
        part = _container([*split, *keys][: None if number == 0 else 3], tensors[number * share :][:share])
        _write(path.with_name(path.name.replace("-00001-", f"-{number + 1:05}-")), part)


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.replace(path)


def _pieces(n_vocab: int) -> list[str]:
    """Special tokens, bytes, then the pieces: letters first (so that every text splits), then words with and
    without the space before them."""
    counted = [f"\u2581w{number}" for number in range(max(0, n_vocab))]
    if n_vocab < N_VOCAB_MIN:
        raise ValueError(f"n_vocab must be at least {N_VOCAB_MIN}")
    unique = list(dict.fromkeys([*_LETTERS, *_word_pieces(), *counted]))
    return [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *unique[: n_vocab - _FIRST_PIECE]]


def _word_pieces() -> list[str]:
    return ["\u2581" + word for word in WORDS] + [word for word in WORDS if len(word) > 1]


def _tensors(
    seed: int, layers: int, dim: int, n_vocab: int, file_type: FileType
) -> Iterator[tuple[str, npt.NDArray[np.float32 | np.float16]]]:
    """Names and values. Matrices have rows = outputs, in the file's type; norms are ones in F32."""
    ff = 2 * dim

    def matrix(name: str, rows: int, columns: int, scale: float) -> npt.NDArray[np.float32 | np.float16]:
        return _random(seed, name, rows, columns, scale).astype(
            np.float16 if file_type == "F16" else np.float32
        )

    ones = np.ones(dim, np.float32)
    yield "token_embd.weight", matrix("token_embd.weight", n_vocab, dim, 1.0)
    for layer in range(layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", ones
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield block + part + ".weight", matrix(f"{block}{part}.weight", dim, dim, 2.0 * dim**-0.5)
        yield block + "ffn_norm.weight", ones
        yield block + "ffn_gate.weight", matrix(block + "ffn_gate.weight", ff, dim, 2.0 * dim**-0.5)
        yield block + "ffn_up.weight", matrix(block + "ffn_up.weight", ff, dim, 2.0 * dim**-0.5)
        yield block + "ffn_down.weight", matrix(block + "ffn_down.weight", dim, ff, 2.0 * ff**-0.5)
    yield "output_norm.weight", ones
    output = matrix("output.weight", n_vocab, dim, 2.0 * dim**-0.5)
    output[: _FIRST_PIECE + _N_LETTERS] = 0
    output[_FIRST_PIECE + _N_LETTERS + len(_word_pieces()) :] = 0
    yield "output.weight", output


def _random(seed: int, name: str, rows: int, columns: int, scale: float) -> FloatArray:
    """Nearly normal numbers of deviation `scale`: each the sum of four random bytes, from SHAKE-256."""
    stream = shake_256(f"meshkeeper tiny model {seed} {name}".encode()).digest(4 * rows * columns)
    sums = np.frombuffer(stream, np.uint8).reshape(rows, columns, 4).sum(axis=2, dtype=np.int32)
    deviation = np.float32((4 * (256**2 - 1) / 12) ** 0.5)
    values: FloatArray = (sums - np.int32(510)).astype(np.float32) * (np.float32(scale) / deviation)
    return values


def _keys(
    name: str,
    layers: int,
    dim: int,
    n_ctx_train: int,
    file_type: FileType,
    pieces: list[str],
    chat_template: str,
) -> list[bytes]:
    n_special = len(_SPECIAL)
    kinds = [_UNKNOWN, _CONTROL, _CONTROL] + [_BYTE] * 256 + [_NORMAL] * (len(pieces) - _FIRST_PIECE)
    scores = [0.0] * _FIRST_PIECE + [_score(piece, at) for at, piece in enumerate(pieces[_FIRST_PIECE:])]
    assert pieces[:n_special] == list(_SPECIAL)
    keys = [
        _key("general.architecture", _text("llama")),
        _key("general.name", _text(name)),
        _key("general.file_type", _u32(1 if file_type == "F16" else 0)),
        _key("llama.context_length", _u32(n_ctx_train)),
        _key("llama.embedding_length", _u32(dim)),
        _key("llama.block_count", _u32(layers)),
        _key("llama.feed_forward_length", _u32(2 * dim)),
        _key("llama.attention.head_count", _u32(dim // HEAD_DIM)),
        _key("llama.attention.layer_norm_rms_epsilon", struct.pack("<If", 6, 1e-5)),
        _key("llama.vocab_size", _u32(len(pieces))),
        _key("tokenizer.ggml.model", _text("llama")),
        _key("tokenizer.ggml.tokens", _array(8, [_bare(piece) for piece in pieces])),
        _key("tokenizer.ggml.scores", _array(6, [struct.pack("<f", score) for score in scores])),
        _key("tokenizer.ggml.token_type", _array(5, [struct.pack("<i", kind) for kind in kinds])),
        _key("tokenizer.ggml.unknown_token_id", _u32(0)),
        _key("tokenizer.ggml.bos_token_id", _u32(1)),
        _key("tokenizer.ggml.eos_token_id", _u32(2)),
    ]
    return [*keys, _key("tokenizer.chat_template", _text(chat_template))] if chat_template else keys


def _score(piece: str, at: int) -> float:
    """The tokenizer joins the pair of highest score first; longer pieces win, earlier ones break ties."""
    return len(piece) - at / 10_000


def _container(keys: list[bytes], tensors: list[tuple[str, npt.NDArray[np.float32 | np.float16]]]) -> bytes:
    """GGUF version 3: magic, counts, keys, tensor descriptions, padding, tensor data."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys)
    infos, data, offset = [], [], 0
    for name, values in tensors:
        shape = values.shape[::-1]
        kind = 1 if values.dtype == np.float16 else 0
        dims = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos.append(_bare(name) + dims + struct.pack("<IQ", kind, offset))
        data.append(_padded(values.tobytes()))
        offset += len(data[-1])
    return _padded(head + b"".join(infos)) + b"".join(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def _bare(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _key(key: str, value: bytes) -> bytes:
    return _bare(key) + value


def _text(value: str) -> bytes:
    return struct.pack("<I", 8) + _bare(value)


def _u16(value: int) -> bytes:
    return struct.pack("<IH", 2, value)


def _u32(value: int) -> bytes:
    return struct.pack("<II", 4, value)


def _array(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IIQ", 9, kind, len(items)) + b"".join(items)
