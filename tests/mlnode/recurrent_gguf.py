"""Tiny models with random weights and recurrent memory: Mamba, RWKV, and hybrids (Jamba, LFM2).

Tokens, embeddings and output are those of the other tiny models, so that they answer in words, too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGUFReader, GGUFWriter

from mlnode.io.made_gguf import write_tiny_gguf

FloatArray = npt.NDArray[np.float32]
CONV, HEAD_DIM, LORA = 4, 16, 8
WKV_HEAD_DIM = 64
"""Of every RWKV that there is; with shorter ones llama.cpp's kernel for the CPU computes no numbers."""
HYBRIDS = ("jamba", "lfm2")


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
    spoiled: int | None = None,
) -> None:
    """`architecture` is `mamba`, `mamba2` or `rwkv7`, or `jamba` or `lfm2`, where every second layer is
    attention. The token `spoiled` is no number."""
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
    writer.add_feed_forward_length(2 * dim if architecture in (*HYBRIDS, "rwkv7") else 0)
    writer.add_head_count(dim // HEAD_DIM if architecture in HYBRIDS else 0)
    if architecture in HYBRIDS:
        writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_sizes(writer, architecture, dim, d_state)
    writer.add_tokenizer_model("llama")
    for key in ("tokens", "scores", "token_type"):
        writer.add_array(f"tokenizer.ggml.{key}", reader.fields[f"tokenizer.ggml.{key}"].contents())
    tensors = {tensor.name: tensor.data for tensor in reader.tensors}
    norm = "token_embd_norm.weight" if architecture == "lfm2" else "output_norm.weight"
    embeddings = np.array(tensors["token_embd.weight"])
    if spoiled is not None:
        embeddings[spoiled] = np.nan
    writer.add_tensor("token_embd.weight", embeddings)
    writer.add_tensor("output.weight", np.array(tensors["output.weight"]))
    writer.add_tensor(norm, np.ones(dim, np.float32))
    if architecture == "rwkv7":
        for name in ("token_embd_norm.weight", "token_embd_norm.bias", "output_norm.bias"):
            writer.add_tensor(name, np.full(dim, name.endswith("weight"), np.float32))
    random = np.random.default_rng(seed)
    for layer in range(layers):
        for name, values in _layer(
            random, architecture, dim, d_state, heads[layer] if architecture in HYBRIDS else 0
        ):
            writer.add_tensor(f"blk.{layer}.{name}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_sizes(writer: GGUFWriter, architecture: str, dim: int, d_state: int) -> None:
    if architecture == "rwkv7":
        writer.add_layer_norm_eps(1e-5)
        writer.add_wkv_head_size(WKV_HEAD_DIM)
        writer.add_decay_lora_rank(LORA)
        writer.add_iclr_lora_rank(LORA)
        writer.add_value_residual_mix_lora_rank(LORA)
        writer.add_gate_lora_rank(LORA)
        return
    if architecture == "lfm2":
        writer.add_shortconv_l_cache(CONV)
        return
    writer.add_ssm_conv_kernel(CONV)
    writer.add_ssm_inner_size(2 * dim)
    writer.add_ssm_state_size(d_state)
    writer.add_ssm_time_step_rank(_rank(architecture, dim))
    if architecture == "mamba2":
        writer.add_ssm_group_count(1)


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
    if architecture == "rwkv7":
        yield from _rwkv7(matrix, dim)
        return
    if heads:
        if architecture == "lfm2":
            yield "attn_q_norm.weight", np.ones(HEAD_DIM, np.float32)
            yield "attn_k_norm.weight", np.ones(HEAD_DIM, np.float32)
        for name, rows in (("q", dim), ("k", heads * HEAD_DIM), ("v", heads * HEAD_DIM), ("output", dim)):
            yield f"attn_{name}.weight", matrix(rows, dim)
    elif architecture == "lfm2":
        yield "shortconv.conv.weight", matrix(dim, CONV)
        yield "shortconv.in_proj.weight", matrix(3 * dim, dim)
        yield "shortconv.out_proj.weight", matrix(dim, dim)
    else:
        yield from _mamba(matrix, dim, d_state, normed=architecture == "jamba")
    if architecture in HYBRIDS:
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


def _rwkv7(matrix: Any, dim: int) -> Iterator[tuple[str, FloatArray]]:
    def flat(value: float, *shape: int) -> FloatArray:
        return np.full(shape or (dim,), value, np.float32)

    for name in ("attn_norm", "attn_norm_2", "time_mix_ln"):
        if name != "attn_norm":
            yield f"{name}.weight", flat(1)
        yield f"{name}.bias", flat(0)
    for name in "wavg":
        if name != "g":
            yield f"time_mix_{name}0.weight", flat(0)
        yield f"time_mix_{name}1.weight", matrix(LORA, dim)
        yield f"time_mix_{name}2.weight", matrix(dim, LORA)
    yield "time_mix_lerp_fused.weight", flat(0.5, 6, 1, 1, dim)
    for name in "kk", "ka", "rk":
        yield f"time_mix_{name[0]}_{name[1]}.weight", flat(1)
    for name in "key", "value", "receptance", "output":
        yield f"time_mix_{name}.weight", matrix(dim, dim)
    yield "channel_mix_lerp_k.weight", flat(0.5, 1, 1, dim)
    yield "channel_mix_key.weight", matrix(2 * dim, dim)
    yield "channel_mix_value.weight", matrix(dim, 2 * dim)
