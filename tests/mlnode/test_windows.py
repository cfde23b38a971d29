"""Which layers look back through a window, as the file or its architecture says."""

import pytest

from mlnode.windows import find_windowed_layers

Y, N = True, False


@pytest.mark.parametrize(
    ("architecture", "layers", "window", "pattern", "windowed"),
    [
        ("gemma3", 7, 512, None, (Y, Y, Y, Y, Y, N, Y)),
        ("gemma3", 4, 512, 2, (Y, N, Y, N)),
        ("gemma3", 4, 512, [Y, N, N, Y], (Y, N, N, Y)),
        ("gemma3", 4, 512, [Y, N], (N, N, N, N)),
        ("gemma3", 2, 512, 0, (Y, Y)),
        ("gemma3", 3, 0, None, (N, N, N)),
        ("smallthinker", 5, 512, None, (N, Y, Y, Y, N)),
        ("gemma4", 2, 512, None, (N, N)),
        ("gemma4", 2, 512, [Y, N], (Y, N)),
        ("llama", 2, 512, 2, (N, N)),
    ],
)
def test_layers_with_a_window_are_found(
    architecture: str, layers: int, window: int, pattern: int | list[bool] | None, windowed: tuple[bool, ...]
) -> None:
    assert find_windowed_layers(architecture, layers, window, pattern) == windowed
