"""Models for the hard cases, and what they weigh."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.hard.clients import CTX_SIZE
from tests.mlnode.system.nodes import Node, launch

MARGIN_MB = 20


@pytest.fixture(scope="session")
def hard_models(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four small models of one size, and two, of one size too, whose long answers take many seconds."""
    folder = tmp_path_factory.mktemp("hard-models")
    for name in "abc":
        shutil.copy(models_dir / f"{name}.gguf", folder)
    write_tiny_gguf(folder / "d.gguf", seed=4, name="d")
    for seed, name in ((9, "slow"), (10, "twin")):
        write_tiny_gguf(
            folder / f"{name}.gguf", seed=seed, layers=4, dim=256, n_ctx_train=CTX_SIZE, name="slow"
        )
    return folder


@pytest.fixture
def copied_models(hard_models: Path, tmp_path: Path) -> Path:
    """A folder that a test may spoil."""
    folder = tmp_path / "models"
    shutil.copytree(hard_models, folder)
    return folder


@pytest.fixture(scope="session")
def needs_mb(hard_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What a node takes each of the models to need, with one slot."""
    node = launch(tmp_path_factory.mktemp("sizes"), hard_models, ctx_size=CTX_SIZE)
    needs = {entry["model"]: entry["est_vram_mb"] for entry in node.status()["instances"]}
    node.clean_up()
    return needs


@pytest.fixture
def start_hard(hard_models: Path, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Start a node on the models; `room_mb`: what it may give to them."""
    nodes: list[Node] = []

    def start(*flags: str, models: Path = hard_models, room_mb: int = 0) -> Node:
        home = tmp_path / f"home{len(nodes)}"
        home.mkdir()
        memory = (*("--vram-budget-mb", str(room_mb + MARGIN_MB)), *("--vram-margin-mb", str(MARGIN_MB)))
        nodes.append(launch(home, models, *flags, *(memory if room_mb else ()), ctx_size=CTX_SIZE))
        return nodes[-1]

    yield start
    for node in nodes:
        node.clean_up()


@pytest.fixture(scope="module")
def roomy_node(hard_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with room for everything, for a file's tests."""
    node = launch(
        tmp_path_factory.mktemp("roomy"), hard_models, "--slots", "2", "--patience-s", "1", ctx_size=CTX_SIZE
    )
    yield node
    node.clean_up()
