"""The contexts that a worker makes over a model, by their shape: how many cells, sequences, rows and results.

One description for everybody: the worker makes its contexts from it, the probe tries them out without
allocating, and the estimate reckons them. What is reserved is therefore what is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mlnode.poc import CELLS_PER_SEQUENCE, SEQUENCES, TOKENS_PER_NONCE

KvType = Literal["f16", "q8_0", "q4_0"]
"""How keys and values are kept. The quantised ones take 0.53 and 0.28 of the memory of f16."""

KV_BLOCKS: Final[Mapping[str, tuple[int, int]]] = {"f16": (1, 2), "q8_0": (32, 34), "q4_0": (32, 18)}
"""By type: elements in a block, bytes of a block. A head's keys and values are whole blocks."""


@dataclass(frozen=True, slots=True)
class ContextShape:
    """What a context is made for."""

    n_cells: int
    """Tokens that all sequences hold together."""
    n_sequences: int
    n_ubatch: int
    """Rows evaluated in one go."""
    n_outputs: int
    """Rows that one decode may ask logits or hidden states of. Asking for more would abort the process."""
    unified: bool = True
    """All sequences share the cells. Otherwise each has its own equal part, and nothing of another sequence
    touches its arithmetic."""
    kv_type: KvType = "f16"
    flash_attention: bool = True
    """Where the model and the device can."""

    @property
    def n_batch(self) -> int:
        """Rows of one decode."""
        return max(self.n_ubatch, self.n_sequences)


def serving_context(n_ctx: int, slots: int, n_ubatch: int, kv_type: KvType = "f16") -> ContextShape:
    """For `slots` requests of `n_ctx` tokens each."""
    return ContextShape(n_ctx * slots, slots, n_ubatch, slots, kv_type=kv_type)


EMBEDDING_CELLS = CELLS_PER_SEQUENCE * SEQUENCES
"""Tokens of one text that is embedded at most, and of all that are read together."""
_EMBEDDING_LOGITS = 2**20


def embedding_context(n_vocab: int) -> ContextShape:
    """For embeddings: no more cells than proof of compute has, whose place it takes. llama.cpp computes the
    logits of every row along, so that a large vocabulary leaves fewer rows."""
    rows = min(64, max(SEQUENCES, _EMBEDDING_LOGITS // max(1, n_vocab)))
    return ContextShape(EMBEDDING_CELLS, rows, rows, rows)


def poc_context(sequences: int = SEQUENCES) -> ContextShape:
    """For proof of compute: the same for everybody, whatever the settings are."""
    rows = sequences * TOKENS_PER_NONCE
    return ContextShape(CELLS_PER_SEQUENCE * sequences, sequences, rows, sequences, unified=False)
