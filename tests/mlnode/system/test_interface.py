"""The OpenAPI document, and requests made from it against a running node."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.mlnode.system.nodes import Node, http, launch

EXAMPLES = int(os.environ.get("MESHKEEPER_HTTP_EXAMPLES", "30"))
"""Requests to each path, right and wrong ones each."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ASKING = ("/infer", "/v1/completions", "/v1/chat/completions", "/v1/embeddings")
LOOKING = ("/healthz", "/status", "/metrics", "/models", "/v1/models", "/v1/models/{name}", "/openapi.json")
PLAIN = {"max_tokens", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty"}
PLAIN |= {"repeat_penalty", "repeat_last_n", "seed", "stop", "ignore_eos", "stream", "stream_options"}
TALK = [{"role": "user", "content": "the day"}]
MODES = {"right": schemathesis.GenerationMode.POSITIVE, "wrong": schemathesis.GenerationMode.NEGATIVE}


@pytest.fixture(scope="module")
def node(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    flags = ("--default-model", "a.gguf", "--preload", "a.gguf", "--slots", "4")
    node = launch(tmp_path_factory.mktemp("interface"), models_dir, *flags, ctx_size=128)
    yield node
    node.clean_up()


@pytest.fixture(scope="module")
def interface(node: Node) -> Any:
    return schemathesis.openapi.from_url(f"{node.url}/openapi.json")


def test_every_route_is_in_the_document_and_nothing_else(node: Node) -> None:
    paths = http.get(f"{node.url}/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in ("get", "post", "put"):
            answer = http.request(method, node.url + path.replace("{name}", "nobody"), timeout=10)
            unknown = answer.status_code in (404, 405) and answer.json()["error"]["code"] == "no_route"
            assert unknown != (method in methods), (method, path, answer.status_code)


def simplify(path: str, body: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """A body for a model that is there; and where not `whole`, without what excludes each other or needs a
    meaning: else next to none would be answered."""
    kept = body if whole else {key: value for key, value in body.items() if key in PLAIN}
    said = {"/v1/embeddings": {"input": ["the day", "x"]}, "/v1/chat/completions": {"messages": TALK}}
    return {**kept, "model": "a.gguf", **({} if whole else said.get(path, {"prompt": "the day"}))}


def call(interface: Any, path: str, method: str, mode: str) -> set[int]:
    """Try a path; the statuses that were seen."""
    operation = interface[path][method]
    seen: set[int] = set()
    numbers = count()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy(generation_mode=MODES[mode]))
    def run(case: Any) -> None:
        if isinstance(case.body, dict) and mode == "right":
            case.body = simplify(path, case.body, whole=next(numbers) % 2 == 0)
        response = case.call(timeout=20)
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    run()
    return seen


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", ASKING)
def test_what_the_document_allows_and_what_not_is_answered_as_it_says(
    interface: Any, path: str, mode: str
) -> None:
    seen = call(interface, path, "POST", mode)
    assert (200 in seen) if mode == "right" else (seen & {400, 415}), seen


@pytest.mark.parametrize("path", LOOKING)
def test_looking_is_answered_as_the_document_says(interface: Any, path: str) -> None:
    assert call(interface, path, "GET", "right") <= {200, 404}


@pytest.mark.parametrize("path", ASKING[:3])
def test_a_streamed_answer_is_of_the_kind_that_the_document_names(node: Node, path: str) -> None:
    said = {"messages": [{"role": "user", "content": "x"}]} if "chat" in path else {"prompt": "x"}
    answer = http.post(node.url + path, json={**said, "max_tokens": 2, "stream": True}, timeout=30)
    document = http.get(f"{node.url}/openapi.json").json()
    kinds = document["paths"][path]["post"]["responses"]["200"]["content"]
    assert answer.headers["content-type"].partition(";")[0] in kinds
