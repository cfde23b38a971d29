"""Models of any shape with weights of zero: what matters is how much memory they take."""

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter


def write_shaped_gguf(
    path: Path,
    *,
    architecture: str = "llama",
    layers: int = 2,
    n_embd: int = 64,
    n_ff: int = 128,
    n_head: int = 4,
    n_head_kv: int = 4,
    head_dim: int = 16,
    n_vocab: int = 512,
    n_ctx_train: int = 8192,
    window: int = 0,
    pattern: int | list[bool] | None = None,
) -> None:
    """`architecture` is `llama`, or `gemma3` for windows: `window` tokens in all layers but each sixth, or as
    `pattern` says."""
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(n_ctx_train)
    writer.add_embedding_length(n_embd)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(n_ff)
    writer.add_head_count(n_head)
    writer.add_head_count_kv(n_head_kv)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(n_vocab)
    writer.add_tokenizer_model("no_vocab")
    if window:
        writer.add_sliding_window(window)
    if pattern is not None:
        writer.add_sliding_window_pattern(pattern)  # type: ignore[arg-type]
    gemma = architecture == "gemma3"
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (n_vocab, n_embd),
        "output_norm.weight": (n_embd,),
        "output.weight": (n_vocab, n_embd),
    }
    for layer in range(layers):
        block = f"blk.{layer}."
        shapes |= {
            block + "attn_norm.weight": (n_embd,),
            block + "attn_q.weight": (n_head * head_dim, n_embd),
            block + "attn_k.weight": (n_head_kv * head_dim, n_embd),
            block + "attn_v.weight": (n_head_kv * head_dim, n_embd),
            block + "attn_output.weight": (n_embd, n_head * head_dim),
            block + "ffn_norm.weight": (n_embd,),
            block + "ffn_gate.weight": (n_ff, n_embd),
            block + "ffn_up.weight": (n_ff, n_embd),
            block + "ffn_down.weight": (n_embd, n_ff),
        }
        if gemma:
            shapes |= {
                block + "attn_q_norm.weight": (head_dim,),
                block + "attn_k_norm.weight": (head_dim,),
                block + "post_attention_norm.weight": (n_embd,),
                block + "post_ffw_norm.weight": (n_embd,),
            }
    for name, shape in shapes.items():
        kind: Any = np.float32 if len(shape) == 1 else np.float16
        writer.add_tensor(name, np.zeros(shape, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
