"""How much memory a model will take, from its header: an estimate to reserve by, before anything is loaded.

The largest parts are exact: tensors and key-value cells. The buffers of the computation are bounded from the
shapes. What a load really took is measured afterwards and counts from then on when it is more.
"""

from dataclasses import dataclass

from mlnode.gguf import Header
from mlnode.poc import CELLS_PER_SEQUENCE, DIMS, PROJECTIONS_MAX, SEQUENCES, TOKENS_PER_NONCE

MIB = 1024 * 1024

PROCESS_BYTES = 60 * MIB
"""Interpreter, libraries and heap of a worker: measured 48 MiB resident with a model of half a megabyte."""

PIECES_BYTES_PER_TOKEN = 200
"""The vocabulary as llama.cpp keeps it: texts, scores and two maps."""

_CELL_BLOCK = 256
_SWA_PERIOD = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "olmo2": 4}
"""Architectures with sliding windows in all layers but each n-th. Others are reckoned without: never less."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by use."""

    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    overhead_bytes: int
    poc_bytes: int
    """The second context, for proof of compute. It is made when it is first needed, on any model that is
    loaded and at a time when nothing can be evicted for it, so that it is reserved from the beginning."""

    @property
    def total_mb(self) -> int:
        """The sum in MiB, rounded up."""
        serving = self.weights_bytes + self.kv_bytes + self.compute_bytes + self.overhead_bytes
        return -(-(serving + self.poc_bytes) // MIB)


def compute_estimate(
    header: Header, n_ctx: int, slots: int, n_ubatch: int, weights_bytes: int = 0
) -> Estimate:
    """Memory of one instance with `slots` requests of `n_ctx` tokens each. `weights_bytes` replaces the
    header's sum where a model is split over several files."""
    n_ctx = min(n_ctx, header.n_ctx_train or n_ctx)
    return Estimate(
        weights_bytes=max(weights_bytes, header.tensor_bytes),
        kv_bytes=compute_kv_bytes(header, n_ctx, slots, n_ubatch),
        compute_bytes=compute_compute_bytes(header, slots, n_ubatch),
        overhead_bytes=PROCESS_BYTES + PIECES_BYTES_PER_TOKEN * header.n_vocab,
        poc_bytes=compute_poc_bytes(header),
    )


def compute_kv_bytes(header: Header, n_ctx: int, slots: int, n_ubatch: int) -> int:
    """Keys and values of all cells at 16 bits: full layers hold every token, windowed ones only a window for
    each slot and one micro-batch, both in blocks of 256 cells."""
    full_cells = _padded(n_ctx * slots)
    swa_cells = min(full_cells, _padded(header.sliding_window * slots + n_ubatch))
    period = _SWA_PERIOD.get(header.architecture, 0) if header.sliding_window else 0
    per_head = 2 * (header.key_length + header.value_length)
    return sum(
        heads * per_head * (swa_cells if period and (layer + 1) % period else full_cells)
        for layer, heads in enumerate(header.n_head_kv)
    )


def compute_poc_bytes(header: Header) -> int:
    """Cells and buffers of the context for proof of compute, and the signs of the kept projections."""
    cells = compute_kv_bytes(header, CELLS_PER_SEQUENCE, SEQUENCES, SEQUENCES * CELLS_PER_SEQUENCE)
    buffers = compute_compute_bytes(header, SEQUENCES, SEQUENCES * TOKENS_PER_NONCE)
    return cells + buffers + 8 * PROJECTIONS_MAX * DIMS * header.n_embd


def compute_compute_bytes(header: Header, slots: int, n_ubatch: int) -> int:
    """Upper bound of the graph's buffers: the logits of one row per slot, twice (graph and output), and the
    activations of a micro-batch."""
    logits = 4 * header.n_vocab * slots
    activations = 4 * n_ubatch * (8 * header.n_embd + 3 * header.n_ff)
    return 2 * logits + activations


def _padded(cells: int) -> int:
    return -(-cells // _CELL_BLOCK) * _CELL_BLOCK
