"""What a node learns of its models in quiet times, and remembers."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mlnode.system.nodes import Node, wait_until

Start = Callable[..., Node]


@pytest.fixture
def folder(models_dir: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "few"
    folder.mkdir()
    shutil.copy(models_dir / "a.gguf", folder / "a.gguf")
    return folder


def records(cache: Path) -> list[dict[str, int]]:
    return [json.loads(path.read_text()) for path in sorted((cache / "sizes").glob("*.json"))]


def test_a_model_is_probed_in_quiet_times_measured_by_its_load_and_remembered(
    start_node: Start, folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    node = start_node("--probe", "--cache-dir", str(cache), models=folder)
    (probed,) = wait_until(lambda: records(cache), "the probe")
    assert probed["measured_mb"] == 0
    wait_until(lambda: node.instance()["est_vram_mb"] == probed["probed_mb"], "the exact need")
    assert node.complete().status_code == 200
    measured_mb = node.instance()["measured_vram_mb"]
    assert 0 < measured_mb <= probed["probed_mb"] + 8
    wait_until(lambda: records(cache)[0]["measured_mb"] == measured_mb, "the measured need on disk")
    assert node.end() == 0

    path = next((cache / "sizes").glob("*.json"))
    path.write_text(json.dumps({**records(cache)[0], "measured_mb": 999}))
    again = start_node("--probe", "--cache-dir", str(cache), models=folder)
    assert again.instance()["est_vram_mb"] == 999, "known from the first moment"
    assert '"probed"' not in again.log()


def test_a_file_that_llama_cpp_refuses_is_not_judged_by_the_probe(
    start_node: Start, folder: Path, tmp_path: Path
) -> None:
    """Its header is sound; what is said of it comes from a load, not from a probe that may fail for its own
    reasons."""
    data = (folder / "a.gguf").read_bytes()
    (folder / "odd.gguf").write_bytes(data.replace(b"blk.0.ffn_up.weight", b"blk.0.ffn_xx.weight"))
    node = start_node("--probe", "--cache-dir", str(tmp_path / "cache"), models=folder)
    wait_until(lambda: '"not probed"' in node.log() and '"probed"' in node.log(), "both probes")
    assert node.state("odd.gguf") == "unloaded"
    assert node.complete("odd.gguf").status_code == 500
    assert node.complete("a.gguf").status_code == 200
