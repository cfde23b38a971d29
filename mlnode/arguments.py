"""The engine's arguments as a command carries them: "--key value" or "--key=value", in order.

Four are understood, named as llama.cpp's server names them. Any other is refused rather than ignored: whoever
sends it counts on its effect.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from mlnode.errors import ArgumentInvalid
from mlnode.instance import LoadParams

SLOTS_MAX = 64
CTX_MAX = 2**22
THREADS_MAX = 1024
LAYERS_MAX = 100_000

_FIELDS: Final[Mapping[str, tuple[int, int, Callable[[LoadParams, int], LoadParams]]]] = {
    "--ctx-size": (16, CTX_MAX, lambda params, value: replace(params, n_ctx=value)),
    "--parallel": (1, SLOTS_MAX, lambda params, value: replace(params, slots=value)),
    "--threads": (1, THREADS_MAX, lambda params, value: replace(params, n_threads=value)),
    "--n-gpu-layers": (-1, LAYERS_MAX, lambda params, value: replace(params, n_gpu_layers=value)),
}
"""By key: smallest and largest value, and what it sets. -1 layers means all."""


def apply_arguments(params: LoadParams, args: Sequence[str]) -> LoadParams:
    """The parameters with the arguments applied, later ones winning. Raises `ArgumentInvalid`."""
    for key, value in _pairs(args):
        if key not in _FIELDS:
            raise ArgumentInvalid(f"The argument {key!r} is not known; known are {', '.join(_FIELDS)}.")
        low, high, setter = _FIELDS[key]
        params = setter(params, _integer(key, value, low, high))
    return params


def _pairs(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(args)
    for word in rest:
        key, equals, value = word.partition("=")
        if not key.startswith("--"):
            raise ArgumentInvalid(f"{word!r} stands where a key like --ctx-size is expected.")
        if not equals:
            value = next(rest, "")
        yield key, value


def _integer(key: str, value: str, low: int, high: int) -> int:
    try:
        number = int(value)
    except ValueError:
        raise ArgumentInvalid(f"{key} wants an integer, not {value!r}.") from None
    if not low <= number <= high:
        raise ArgumentInvalid(f"{key} must be from {low} to {high}, not {number}.")
    return number
