"""What recurrent layers keep of a sequence: a state of fixed size, instead of keys and values that grow.

As llama.cpp lays it out: always in F32, one state for each sequence of a context. Which layers are recurrent
is decided as it decides. Where it is not known here, a layer is reckoned to be both, recurrent and attention:
a reservation too large, no more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ALL: Final = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
"""Architectures without any attention."""

INTERVALS: Final = frozenset({"qwen3next", "qwen35", "qwen35moe"})
"""Architectures of which the last layer of each interval is attention, the others recurrent."""
_INTERVAL: Final = 4


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrent layers of a model, all alike."""

    layers: tuple[bool, ...] = ()
    """For each layer whether it is recurrent."""
    attention: tuple[bool, ...] = ()
    """For each layer whether it has keys and values."""
    n_shift: int = 0
    """Numbers that a layer keeps of a sequence's last tokens."""
    n_state: int = 0
    """Numbers that a layer keeps of all tokens of a sequence."""
    n_row: int = 0
    """Numbers that one token takes while it passes a layer, at most."""
    n_beside: int = 0
    """Numbers that one sequence takes beside its tokens while they pass a layer."""

    @property
    def n_sequence(self) -> int:
        """Numbers that all layers keep of one sequence."""
        return sum(self.layers) * (self.n_shift + self.n_state)

    @property
    def shares_layers(self) -> bool:
        """Whether a layer is attention, too."""
        return any(recurrent and full for recurrent, full in zip(self.layers, self.attention, strict=True))

    def keep_attention(self, heads: tuple[int, ...]) -> tuple[int, ...]:
        """Key-value heads by layer, none where a layer has a state instead."""
        if len(heads) != len(self.attention):
            return heads
        return tuple(n * full for n, full in zip(heads, self.attention, strict=True))


def find_recurrence(
    architecture: str, n_layers: int, heads: tuple[int, ...], number: Callable[[str, int], int]
) -> Recurrence:
    """`heads`: key-value heads by layer as the file lists them, empty where it does not. `number` gives a
    value of the file by its key without the architecture, or the default."""
    n_embd = number("embedding_length", 0)
    conv, inner, state = (number(f"ssm.{key}", 0) for key in ("conv_kernel", "inner_size", "state_size"))
    head, shortconv, kda = (number(key, 0) for key in ("wkv.head_size", "shortconv.l_cache", "kda.head_dim"))
    mixed = inner + 2 * number("ssm.group_count", 0) * state
    n_shift, n_state = max(0, conv - 1) * mixed, state * inner
    n_row, n_beside = 3 * inner + 3 * mixed + number("ssm.time_step_rank", 0) + n_embd, n_state + 2 * n_shift
    if head:
        n_shift, n_state = number("token_shift_count", 2) * n_embd, head * n_embd
        n_row, n_beside = 19 * n_embd, 2 * (n_state + n_shift)
    elif shortconv:
        n_shift, n_state = (shortconv - 1) * n_embd, 0
        n_row, n_beside = 8 * n_embd, 2 * n_shift
    elif kda:
        wide = kda * number("attention.head_count", 1)
        n_shift, n_state = 3 * (max(1, conv) - 1 or 3) * wide, kda * wide
        n_row, n_beside = 19 * wide + n_embd, 2 * (n_state + n_shift)
    if not n_shift + n_state:
        return Recurrence()
    layers, attention = _find_layers(architecture, n_layers, heads, number)
    return Recurrence(layers, attention, n_shift, n_state, n_row, n_beside)


def _find_layers(
    architecture: str, n_layers: int, heads: tuple[int, ...], number: Callable[[str, int], int]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """For each layer whether it is recurrent, and whether it is attention."""
    every, none = (True,) * n_layers, (False,) * n_layers
    if architecture in ALL:
        return every, none
    if architecture in INTERVALS and (interval := number("full_attention_interval", _INTERVAL)) > 0:
        attention = tuple(layer % interval == interval - 1 for layer in range(n_layers))
    elif 0 in heads and len(heads) == n_layers:
        attention = tuple(count > 0 for count in heads)
    else:
        return every, every
    return tuple(not full for full in attention), attention
