"""Tiny models with random weights and recurrent memory: Mamba, and a hybrid of it with attention (Jamba).

Tokens, embeddings and output are those of the other tiny models, so that they answer in words, too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader, GGUFWriter

from mlnode.io.made_gguf import write_tiny_gguf

FloatArray = npt.NDArray[np.float32]
CONV, HEAD_DIM = 4, 16


def write_recurrent_gguf(
    path: Path,
    *,
    architecture: str = "mamba",
    layers: int = 2,
    dim: int = 64,
    d_state: int = 16,
    n_vocab: int = 512,
    n_ctx_train: int = 8192,
    seed: int = 0,
) -> None:
    """`architecture` is `mamba`, `mamba2`, or `jamba`, where every second layer is attention."""
    plain = path.with_suffix(".plain")
    write_tiny_gguf(plain, seed=seed, layers=1, dim=dim, n_vocab=n_vocab)
    reader = GGUFReader(plain)
    plain.unlink()
    heads = [dim // HEAD_DIM // 2 * (layer % 2) for layer in range(layers)]
    writer = GGUFWriter(path, architecture)
    writer.add_name(architecture)
    writer.add_context_length(n_ctx_train)
    writer.add_embedding_length(dim)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * dim if architecture == "jamba" else 0)
    writer.add_head_count(dim // HEAD_DIM if architecture == "jamba" else 0)
    if architecture == "jamba":
        writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_ssm_conv_kernel(CONV)
    writer.add_ssm_inner_size(2 * dim)
    writer.add_ssm_state_size(d_state)
    writer.add_ssm_time_step_rank(_rank(architecture, dim))
    if architecture == "mamba2":
        writer.add_ssm_group_count(1)
    writer.add_tokenizer_model("llama")
    for key in ("tokens", "scores", "token_type"):
        writer.add_array(f"tokenizer.ggml.{key}", reader.fields[f"tokenizer.ggml.{key}"].contents())
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    for name in ("token_embd.weight", "output_norm.weight", "output.weight"):
        writer.add_tensor(name, np.array(tensors[name]))
    random = np.random.default_rng(seed)
    for layer in range(layers):
        for name, values in _layer(random, architecture, dim, d_state, heads[layer]):
            writer.add_tensor(f"blk.{layer}.{name}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _rank(architecture: str, dim: int) -> int:
    """Of the time steps; Mamba 2 has as many as heads."""
    return 2 * dim // HEAD_DIM if architecture == "mamba2" else dim // HEAD_DIM


def _layer(
    random: np.random.Generator, architecture: str, dim: int, d_state: int, heads: int
) -> Iterator[tuple[str, FloatArray]]:
    def matrix(*shape: int) -> FloatArray:
        return random.normal(0, 2.0 * shape[-1] ** -0.5, shape).astype(np.float32)

    yield "attn_norm.weight", np.ones(dim, np.float32)
    if architecture == "mamba2":
        yield from _mamba2(matrix, dim, d_state)
        return
    if architecture == "jamba" and heads:
        for name, rows in (("q", dim), ("k", heads * HEAD_DIM), ("v", heads * HEAD_DIM), ("output", dim)):
            yield f"attn_{name}.weight", matrix(rows, dim)
    else:
        yield from _mamba(matrix, dim, d_state, normed=architecture == "jamba")
    if architecture == "jamba":
        yield "ffn_norm.weight", np.ones(dim, np.float32)
        yield "ffn_gate.weight", matrix(2 * dim, dim)
        yield "ffn_up.weight", matrix(2 * dim, dim)
        yield "ffn_down.weight", matrix(dim, 2 * dim)


def _mamba(matrix: Any, dim: int, d_state: int, *, normed: bool) -> Iterator[tuple[str, FloatArray]]:
    inner, rank = 2 * dim, _rank("mamba", dim)
    yield "ssm_in.weight", matrix(2 * inner, dim)
    yield "ssm_conv1d.weight", matrix(inner, CONV)
    yield "ssm_conv1d.bias", np.zeros(inner, np.float32)
    yield "ssm_x.weight", matrix(rank + 2 * d_state, inner)
    yield "ssm_dt.weight", matrix(inner, rank)
    yield "ssm_dt.bias", np.full(inner, -3, np.float32)
    yield "ssm_a", -np.tile(np.linspace(0.1, 4, d_state, dtype=np.float32), (inner, 1))
    yield "ssm_d", np.ones(inner, np.float32)
    yield "ssm_out.weight", matrix(dim, inner)
    if normed:
        yield "ssm_dt_norm.weight", np.ones(rank, np.float32)
        yield "ssm_b_norm.weight", np.ones(d_state, np.float32)
        yield "ssm_c_norm.weight", np.ones(d_state, np.float32)


def _mamba2(matrix: Any, dim: int, d_state: int) -> Iterator[tuple[str, FloatArray]]:
    inner, rank = 2 * dim, _rank("mamba2", dim)
    mixed = inner + 2 * d_state
    yield "ssm_in.weight", matrix(inner + mixed + rank, dim)
    yield "ssm_conv1d.weight", matrix(mixed, CONV)
    yield "ssm_conv1d.bias", np.zeros(mixed, np.float32)
    yield "ssm_dt.bias", np.full(rank, -3, np.float32)
    yield "ssm_a", -np.linspace(0.1, 4, rank, dtype=np.float32).reshape(rank, 1)
    yield "ssm_d", np.ones((rank, 1), np.float32)
    yield "ssm_norm.weight", np.ones((1, inner), np.float32)
    yield "ssm_out.weight", matrix(dim, inner)
