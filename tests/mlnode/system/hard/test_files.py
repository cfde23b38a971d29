"""Model files that change under their model: renamed over, cut, written to, removed, and back again."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.mlnode.system.hard.clients import CTX_SIZE, code_of, streaming, wait_idle
from tests.mlnode.system.nodes import Node, http, launch, read_broken, wait_until


@pytest.fixture(scope="module")
def folder(hard_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models, of which two have the same size and other weights."""
    folder = tmp_path_factory.mktemp("changing") / "models"
    shutil.copytree(hard_models, folder)
    assert (folder / "twin.gguf").stat().st_size == (folder / "slow.gguf").stat().st_size
    return folder


@pytest.fixture(scope="module")
def node(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = launch(tmp_path_factory.mktemp("files"), folder, "--slots", "2", ctx_size=CTX_SIZE)
    yield node
    assert "Traceback" not in node.log()
    node.clean_up()


@pytest.fixture(autouse=True)
def restored(node: Node, folder: Path, hard_models: Path) -> Iterator[None]:
    """Each test finds the files whole and known to the node."""
    for model in ("a.gguf", "slow.gguf"):
        shutil.copy(hard_models / model, folder / "new")
        os.replace(folder / "new", folder / model)
    http.post(f"{node.url}/models/reload")
    for model in ("a.gguf", "slow.gguf", "twin.gguf"):
        wait_until(lambda name=model: node.complete(name, max_tokens=1).status_code == 200, model)
    yield
    wait_idle(node)


def ask(node: Node, model: str) -> str:
    return str(node.complete(model, max_tokens=20).raise_for_status().json()["choices"][0]["text"])


def test_a_file_replaced_by_another_serves_the_old_answers_to_their_end_and_then_the_new(
    node: Node, folder: Path
) -> None:
    old = ask(node, "slow.gguf")
    with streaming(node, "slow.gguf", max_tokens=1500) as lines, ThreadPoolExecutor(1) as pool:
        shutil.copy(folder / "a.gguf", folder / "new")
        os.replace(folder / "new", folder / "slow.gguf")
        wait_until(lambda: node.state("slow.gguf") == "draining", "the change seen")
        behind = pool.submit(ask, node, "slow.gguf")
        assert list(lines)[-1] == "data: [DONE]"
        assert behind.result() == ask(node, "a.gguf") != old


def test_a_file_cut_under_its_model_is_a_crash_then_a_refusal_and_no_storm(node: Node, folder: Path) -> None:
    with streaming(node, "slow.gguf") as lines, streaming(node, "a.gguf", max_tokens=1000) as others:
        os.truncate(folder / "slow.gguf", 4096)
        assert "worker_lost" in read_broken(lines)[-1]
        assert list(others)[-1] == "data: [DONE]"
    wait_until(lambda: code_of(node.complete("slow.gguf")) == "model_broken", "the damage known")
    loads = node.status()["loads_total"]
    assert [code_of(node.complete("slow.gguf")) for _ in range(10)] == ["model_broken"] * 10
    assert node.status()["loads_total"] == loads


def test_a_file_written_to_under_its_model_gives_no_wrong_answer_once_that_is_seen(
    node: Node, folder: Path
) -> None:
    right = ask(node, "twin.gguf")
    assert ask(node, "slow.gguf") != right
    with streaming(node, "slow.gguf") as lines:
        with (folder / "slow.gguf").open("r+b") as file:
            file.write((folder / "twin.gguf").read_bytes())
        assert "worker_lost" in read_broken(lines)[-1]
    wait_until(lambda: node.complete("slow.gguf").status_code == 200, "the new content")
    assert ask(node, "slow.gguf") == right


def test_a_file_that_is_removed_ends_its_answers_well_and_may_come_back(
    node: Node, folder: Path, hard_models: Path
) -> None:
    before = ask(node, "slow.gguf")
    with streaming(node, "slow.gguf", max_tokens=1000) as lines:
        (folder / "slow.gguf").unlink()
        wait_until(lambda: node.complete("slow.gguf").status_code == 404, "the loss seen")
        assert list(lines)[-1] == "data: [DONE]"
    shutil.copy(hard_models / "slow.gguf", folder / "slow.gguf")
    wait_until(lambda: node.complete("slow.gguf").status_code == 200, "the file back")
    assert ask(node, "slow.gguf") == before


def test_an_idle_model_whose_file_was_replaced_answers_from_the_new_one(node: Node, folder: Path) -> None:
    old = ask(node, "a.gguf")
    shutil.copy(folder / "b.gguf", folder / "new")
    os.replace(folder / "new", folder / "a.gguf")
    changed = http.post(f"{node.url}/models/reload").json()
    assert "a.gguf" in str(changed) or ask(node, "a.gguf") != old
    assert ask(node, "a.gguf") == ask(node, "b.gguf") != old
