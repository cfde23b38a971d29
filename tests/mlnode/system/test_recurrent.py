"""A node with recurrent and hybrid models: answers, swaps, vectors and proof of compute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mlnode.recurrent_gguf import write_recurrent_gguf
from tests.mlnode.system.commanding import KEY, STAGE, TOKEN, Broker
from tests.mlnode.system.nodes import WAIT_S, Node, http, launch
from tests.mlnode.system.recount import Recount

MODELS = ("mamba.gguf", "jamba.gguf")
PROMPT = "tell me the way to the water " * 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recurrent-models")
    for name in MODELS:
        write_recurrent_gguf(folder / name, architecture=name.removesuffix(".gguf"), n_ctx_train=2048)
    return folder


@pytest.fixture(scope="module")
def node(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """With room for one of them."""
    flags = ("--control-token", TOKEN, "--vram-budget-mb", "75", "--vram-margin-mb", "20")
    node = launch(tmp_path_factory.mktemp("recurrent"), folder, *flags, ctx_size=1024)
    yield node
    node.clean_up()


def ask(node: Node, model: str) -> tuple[str, int]:
    """An answer, and how much of its prompt came from an earlier one."""
    answer = node.complete(model, prompt=PROMPT, max_tokens=12)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body["choices"][0]["text"], body["usage"]["prompt_tokens_details"]["cached_tokens"]


def test_answers_are_the_same_after_swaps_and_go_on_from_what_was_kept(node: Node) -> None:
    first = {model: ask(node, model) for model in MODELS}
    assert len({text for text, _ in first.values()}) == 2
    for model in MODELS:
        text, n_cached = ask(node, model)
        assert text == first[model][0]
        assert n_cached > 64
    status = node.status()
    assert status["evictions_total"] == 3
    assert status["errors_total"] == 0


@pytest.mark.parametrize("model", MODELS)
def test_what_it_really_takes_is_within_its_reservation(node: Node, model: str) -> None:
    ask(node, model)
    instance = node.instance(model)
    assert 0 < instance["measured_vram_mb"] <= instance["est_vram_mb"]


@pytest.mark.parametrize("model", MODELS)
def test_vectors_are_made(node: Node, model: str) -> None:
    body = {"model": model, "input": ["the day", "the day", "water"]}
    answer = http.post(f"{node.url}/v1/embeddings", json=body, timeout=WAIT_S).raise_for_status().json()
    one, same, other = (entry["embedding"] for entry in answer["data"])
    assert sum(a * b for a, b in zip(one, same, strict=True)) == pytest.approx(1)
    assert sum(a * b for a, b in zip(one, other, strict=True)) < 0.999


@pytest.mark.parametrize("model", MODELS)
def test_nonces_are_validated_as_another_process_computes_them(node: Node, folder: Path, model: str) -> None:
    broker = Broker(node)
    broker.up(model)
    broker.get_ready_to_validate()
    recount = Recount(folder / model, STAGE.block_hash, KEY)
    distances = dict(enumerate(recount.distances(200)))
    recount.close()
    claim = {nonce: value for nonce, value in distances.items() if value < STAGE.r_target_micro}
    checked = broker.validate(list(claim), list(claim.values()), model=model)
    assert (checked.n_invalid, list(checked.dist_micro)) == (0, list(claim.values()))
    assert len(claim) > 3
    broker.stop()
