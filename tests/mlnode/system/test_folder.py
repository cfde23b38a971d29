"""The models' folder of a running node: what comes, goes and is asked to be looked at."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mlnode.system.nodes import Node, http, wait_until

Start = Callable[..., Node]


@pytest.fixture
def folder(models_dir: Path, tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    shutil.copy(models_dir / "a.gguf", made / "a.gguf")
    return made


def names(node: Node) -> set[str]:
    return {entry["id"] for entry in http.get(f"{node.url}/models").json()["models"]}


def test_a_file_copied_into_the_folder_is_served_and_one_removed_is_not(
    start_node: Start, folder: Path
) -> None:
    node = start_node(models=folder)
    shutil.copy(folder / "a.gguf", folder / "b.gguf")
    wait_until(lambda: "b.gguf" in names(node), "the new model")
    assert node.complete("b.gguf").status_code == 200
    (folder / "b.gguf").unlink()
    wait_until(lambda: "b.gguf" not in names(node), "the end of it")
    assert node.complete("b.gguf").status_code == 404


def test_the_folder_is_looked_at_when_asked_for(start_node: Start, folder: Path) -> None:
    node = start_node("--watch", "off", models=folder)
    shutil.copy(folder / "a.gguf", folder / "b.gguf")
    found = http.post(f"{node.url}/models/reload").raise_for_status().json()
    assert found == {"added": ["b.gguf"], "removed": [], "changed": []}
    shutil.copy(folder / "a.gguf", folder / "c.gguf")
    assert names(node) == {"a.gguf", "b.gguf"}
    node.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "c.gguf" in names(node), "the look at SIGHUP")
