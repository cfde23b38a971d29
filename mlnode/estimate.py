"""How much memory a model will take, from its header: an estimate to reserve by, before anything is loaded.

Tensors, key-value cells and recurrent states are exact, as llama.cpp lays them out. The buffers of the
computation are bounded from the shapes, a little above what it works out for the usual architectures. The
probe (`io/probe.py`) knows them exactly, and what a load really took is measured afterwards; both count when
they are there.
"""

from dataclasses import dataclass

from mlnode.contexts import KV_BLOCKS, ContextShape, KvType, embedding_context, poc_context, serving_context
from mlnode.gguf import Header
from mlnode.poc import DIMS, PROJECTIONS_MAX

MIB = 1024 * 1024

PROCESS_BYTES = 32 * MIB
"""Interpreter and heap of a worker without the libraries, which all workers share: measured 22 to 27 MiB."""

VOCABULARY_BYTES_PER_TOKEN = 200
"""The vocabulary as llama.cpp keeps it (texts, scores and two maps: measured 116), and the spellings of the
tokens that a worker has written."""

_CELL_BLOCK = 256
_MASK_BYTES = 2
_INPUT_FLOATS = 16
"""Positions, cell numbers and the like, for each row."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by use."""

    weights_bytes: int
    """The file."""
    copies_bytes: int
    """Copies that llama.cpp makes of some matrices for the CPU."""
    kv_bytes: int
    compute_bytes: int
    """Buffers of the computation and of its results."""
    overhead_bytes: int
    """Process and vocabulary."""
    cache_bytes: int
    """States of prompts that may come again."""
    poc_bytes: int
    """The second context, for proof of compute or for embeddings, which are never there together. It is made
    when it is first needed, on any model that is loaded and at a time when nothing can be evicted for it, so
    that it is reserved from the beginning."""

    n_layers: int

    @property
    def total_mb(self) -> int:
        """In the host's memory: the sum in MiB, rounded up."""
        kept = self.weights_bytes + self.copies_bytes + self.kv_bytes + self.cache_bytes + self.poc_bytes
        return -(-(kept + self.compute_bytes + self.overhead_bytes) // MIB)

    def compute_gpu_mb(self, n_gpu_layers: int) -> int:
        """On GPUs, with so many layers there (-1: all): MiB, rounded up. The process, its vocabulary and what
        it keeps of prompts stay in the host's memory."""
        there, layers = self.weights_bytes + self.kv_bytes + self.poc_bytes, self.n_layers + 1
        moved = layers if n_gpu_layers < 0 else min(layers, n_gpu_layers)
        return -(-(there * moved // layers + self.compute_bytes) // MIB)


def compute_estimate(
    header: Header,
    n_ctx: int,
    slots: int,
    n_ubatch: int,
    weights_bytes: int = 0,
    kv_type: KvType = "f16",
    prefix_cache_mb: int = 0,
) -> Estimate:
    """Memory of one instance with `slots` requests of `n_ctx` tokens each. `weights_bytes` replaces the
    header's sum where a model is split over several files."""
    n_ctx = min(n_ctx, header.n_ctx_train or n_ctx)
    shape = serving_context(n_ctx, slots, n_ubatch, kv_type)
    kv_bytes = compute_kv_bytes(header, shape)
    return Estimate(
        weights_bytes=max(weights_bytes, header.tensor_bytes),
        copies_bytes=header.repacked_bytes,
        kv_bytes=kv_bytes,
        compute_bytes=compute_compute_bytes(header, shape) + compute_output_bytes(header, shape),
        overhead_bytes=PROCESS_BYTES + VOCABULARY_BYTES_PER_TOKEN * header.n_vocab,
        cache_bytes=compute_cache_bytes(kv_bytes, prefix_cache_mb),
        poc_bytes=max(compute_poc_bytes(header), compute_embedding_bytes(header)),
        n_layers=header.n_layers,
    )


def compute_kv_bytes(header: Header, shape: ContextShape) -> int:
    """Keys and values of all cells. Exact: full layers hold every token, windowed ones only a window for each
    sequence and one micro-batch; sequences with cells of their own have so many each, in blocks of 256.
    Recurrent layers hold one state for each sequence."""
    block, block_bytes = KV_BLOCKS[shape.kv_type]
    full, windowed = _cells(header, shape)
    per_head = (header.key_length + header.value_length) * block_bytes
    cells = sum(
        heads * (windowed if layer < len(header.windowed) and header.windowed[layer] else full)
        for layer, heads in enumerate(header.n_head_kv)
    )
    return cells * per_head // block + 4 * header.recurrence.n_sequence * shape.n_sequences


def compute_cache_bytes(kv_bytes: int, prefix_cache_mb: int) -> int:
    """Memory for states of prompts: what the setting says, and four contexts like this one at most."""
    return min(prefix_cache_mb * MIB, 4 * kv_bytes)


def compute_compute_bytes(header: Header, shape: ContextShape) -> int:
    """The graph's buffers. The most that is held at once are the activations of one layer with the masks
    (which token sees which cell), or the last hidden states and the logits of the rows asked for."""
    rows = _rows(shape)
    outputs = min(rows, shape.n_outputs)
    masks = _MASK_BYTES * rows * _mask_cells(header, shape)
    layer = masks + 4 * max(rows * _row_floats(header, shape), _recurrent_floats(header, shape, rows))
    logits = 4 * (outputs * header.n_vocab + (3 * rows + outputs) * header.n_embd)
    return max(layer, logits)


def _row_floats(header: Header, shape: ContextShape) -> int:
    """What one row holds in the widest place of a layer: its feed-forward part, or its attention."""
    queries = max(header.n_embd, header.n_head * header.key_length)
    keys = max(header.n_head_kv, default=0) * header.key_length
    forward = 3 * max(header.n_ff, header.n_ff_active) + 3 * header.n_embd + queries
    attention = 2 * header.n_embd + 3 * queries + 2 * keys
    unpacked = queries + 2 * keys if shape.kv_type != "f16" else 0
    return max(forward, attention) + unpacked + _INPUT_FLOATS


def _recurrent_floats(header: Header, shape: ContextShape, rows: int) -> int:
    """What a recurrent layer holds: its rows, and each sequence's state before and after."""
    recurrence = header.recurrence
    if not recurrence.layers:
        return 0
    row = recurrence.n_row + (_row_floats(header, shape) if recurrence.shares_layers else 0)
    return rows * (row + 2 * _INPUT_FLOATS) + shape.n_sequences * recurrence.n_beside


def compute_output_bytes(header: Header, shape: ContextShape) -> int:
    """Results: one row of logits for each sequence."""
    return 4 * shape.n_sequences * header.n_vocab


def compute_poc_bytes(header: Header) -> int:
    """Cells and buffers of the context for proof of compute, and the signs of the kept projections."""
    shape = poc_context()
    buffers = compute_compute_bytes(header, shape) + compute_output_bytes(header, shape)
    return compute_kv_bytes(header, shape) + buffers + 8 * PROJECTIONS_MAX * DIMS * header.n_embd


def compute_embedding_bytes(header: Header) -> int:
    """Cells and buffers of the context for embeddings."""
    shape = embedding_context(header.n_vocab)
    buffers = compute_compute_bytes(header, shape) + compute_output_bytes(header, shape)
    return compute_kv_bytes(header, shape) + buffers


def _cells(header: Header, shape: ContextShape) -> tuple[int, int]:
    """Cells of a full and of a windowed layer, all sequences together."""
    parts = 1 if shape.unified else shape.n_sequences
    full = _padded(_padded(shape.n_cells) // parts)
    rows = min(shape.n_cells, shape.n_batch)
    looked_back = header.sliding_window * (shape.n_sequences if shape.unified else 1)
    return full * parts, _padded(min(full, looked_back + rows)) * parts


def _rows(shape: ContextShape) -> int:
    """Rows of the largest graph: as many for each sequence."""
    rows = min(shape.n_cells, shape.n_batch)
    return -(-rows // shape.n_sequences) * shape.n_sequences


def _mask_cells(header: Header, shape: ContextShape) -> int:
    """Cells that one row's masks speak of; none without attention."""
    if not any(header.n_head_kv):
        return 0
    parts = 1 if shape.unified else shape.n_sequences
    full, windowed = _cells(header, shape)
    return (full + (windowed if any(header.windowed) else 0)) // parts


def _padded(cells: int) -> int:
    return -(-cells // _CELL_BLOCK) * _CELL_BLOCK
