"""ggml's tensor types: how many bytes a row of elements takes."""

from collections.abc import Mapping
from typing import Final

BLOCKS: Final[Mapping[int, tuple[int, int]]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 40),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
    40: (64, 36),  # NVFP4
    41: (128, 18),  # Q1_0
}
"""By type number: elements in a block, bytes of a block."""


def compute_row_bytes(kind: int, n_elements: int) -> int | None:
    """Bytes of a row; None for an unknown type, or a row that is no whole number of blocks."""
    block, block_bytes = BLOCKS.get(kind, (0, 0))
    if block == 0 or n_elements % block:
        return None
    return n_elements // block * block_bytes


REPACKED: Final = frozenset({2, 10, 12, 20, 39})
"""Types that llama.cpp lays out anew for its matrix kernels on x86-64: Q4_0, Q2_K, Q4_K, IQ4_NL, MXFP4."""

_ROWS_TOGETHER = 8


def is_repacked(name: str, kind: int, n_rows: int) -> bool:
    """Whether the CPU computes with a copy of this tensor. Embeddings are looked up, not multiplied."""
    return kind in REPACKED and n_rows % _ROWS_TOGETHER == 0 and "embd" not in name
