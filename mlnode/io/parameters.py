"""llama.cpp's parameters for models and contexts: the one place where they are chosen.

The worker loads with them, and the probe tries with the same ones what a load would take.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp

from mlnode.contexts import ContextShape

_KV_TYPES = {
    "f16": llama_cpp.GGML_TYPE_F16,
    "q8_0": llama_cpp.GGML_TYPE_Q8_0,
    "q4_0": llama_cpp.GGML_TYPE_Q4_0,
}
LAYERS_ALL = 9999
"""More layers than any model has."""


def make_model_params(
    *,
    n_gpu_layers: int,
    use_mmap: bool,
    check_tensors: bool,
    tensor_split: Sequence[float] = (),
    no_alloc: bool = False,
) -> Any:
    """`n_gpu_layers` -1: all of them. `tensor_split`: each visible device's share of the layers; empty:
    llama.cpp decides. With `no_alloc` only sizes are worked out; llama.cpp maps no file then."""
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = n_gpu_layers if n_gpu_layers >= 0 else LAYERS_ALL
    mapped = use_mmap and not no_alloc
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP if mapped else llama_cpp.LLAMA_LOAD_MODE_NONE
    params.check_tensors = check_tensors and not no_alloc
    params.no_alloc = no_alloc
    _split(params, tensor_split)
    return params


def _split(params: Any, shares: Sequence[float]) -> None:
    """llama.cpp reads as many shares as it knows devices at most. Parameters keep what they point to."""
    if len(shares) < 2:
        return
    params.split_mode = llama_cpp.LLAMA_SPLIT_MODE_LAYER
    room = max(len(shares), llama_cpp.llama_max_devices())
    params.tensor_split = (ctypes.c_float * room)(*shares)


def make_context_params(shape: ContextShape, n_threads: int) -> Any:
    """Everything but the abort callback, which changes no size."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = shape.n_cells, shape.n_batch, shape.n_batch
    params.n_seq_max, params.n_outputs_max = shape.n_sequences, shape.n_outputs
    params.n_threads = params.n_threads_batch = n_threads
    kinds = (llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED, llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO)
    params.flash_attn_type = kinds[shape.flash_attention]
    params.swa_full, params.kv_unified, params.no_perf = False, shape.unified, True
    params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
    params.type_k = params.type_v = _KV_TYPES[shape.kv_type]
    return params
