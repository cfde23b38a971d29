"""Will it fit, on several GPUs."""

from pathlib import Path

from mlnode.instance import LoadParams
from mlnode.io.fitting import Fit, examine, find_file, render_fit
from mlnode.io.gpu import CONTEXT_MB, Gpu

from .conftest import World


def fit(path: Path) -> Fit:
    params = LoadParams(n_ctx=512, slots=1, n_threads=1, n_gpu_layers=-1)
    return examine(find_file(str(path), path.parent), params, Gpu(), 0, 64)


def test_a_model_lies_on_one_gpu_or_is_spread_over_several(world: World, tiny_path: Path) -> None:
    own = CONTEXT_MB + 64
    world.tell(f"device {own + 20} 0", f"device {own + 4000} 0")
    one = fit(tiny_path)
    assert one.rooms_mb == [20, 4000]
    assert one.shares_mb == (0, one.parts.total_mb)
    half = one.parts.total_mb // 2 + 2
    world.tell(f"device {own + half} 0", f"device {own + half} 0")
    spread = fit(tiny_path)
    assert spread.shares_mb is not None and min(spread.shares_mb) > 0
    assert sum(spread.shares_mb) == spread.parts.total_mb
    assert any("It would lie on 2 devices" in line for line in render_fit(spread) if isinstance(line, str))
    world.tell(f"device {own + 4} 0", f"device {own + 4} 0")
    assert fit(tiny_path).shares_mb is None
