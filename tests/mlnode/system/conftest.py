"""Models for the nodes, and nodes that are gone after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.nodes import Node, launch


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small models, a slow one, a broken one, and what is no model."""
    folder = tmp_path_factory.mktemp("node-models")
    for seed, name in enumerate("abc"):
        write_tiny_gguf(folder / f"{name}.gguf", seed=seed, name=name)
    write_tiny_gguf(folder / "slow.gguf", seed=9, layers=4, dim=256, n_ctx_train=4096, name="slow")
    (folder / "broken.gguf").write_bytes((folder / "a.gguf").read_bytes()[:5000])
    (folder / "notes.txt").write_text("not a model")
    return folder


@pytest.fixture(scope="session")
def shared_node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One node for the questions that change nothing."""
    flags = ("--default-model", "a.gguf", "--alias", "a.gguf=nick", "--max-body-bytes", "20000")
    node = launch(tmp_path_factory.mktemp("shared"), models_dir, *flags)
    yield node
    node.clean_up()


@pytest.fixture(scope="module")
def hosting_node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One node for what goes wrong with requests, with room for long answers and a short line."""
    flags = ("--max-queue-depth", "1", "--slots", "2")
    node = launch(tmp_path_factory.mktemp("hosting"), models_dir, *flags, ctx_size=4096)
    yield node
    node.clean_up()


@pytest.fixture
def start_node(models_dir: Path, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def start(*flags: str, models: Path = models_dir, ctx_size: int = 512) -> Node:
        home = tmp_path / f"home{len(nodes)}"
        home.mkdir()
        nodes.append(launch(home, models, *flags, ctx_size=ctx_size))
        return nodes[-1]

    yield start
    for node in nodes:
        node.clean_up()
