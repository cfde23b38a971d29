"""A node as its clients see it, over HTTP."""

import json
from pathlib import Path

import httpx
import pytest

from tests.mlnode.system.conftest import Node

LONG = {"max_tokens": 400, "ignore_eos": True}


def lines_of(response: httpx.Response) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in response.iter_lines() if line]


def infer(node: Node, accept: str = "*/*", **body: object) -> httpx.Response:
    request = {"model": "a.gguf", "prompt": "the day", "max_tokens": 6, **body}
    return httpx.post(f"{node.url}/infer", json=request, headers={"accept": accept}, timeout=30)


class TestAnswers:
    @pytest.fixture(scope="class")
    def node(
        self, request: pytest.FixtureRequest, models_dir: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> Node:
        """One node for the questions that change nothing."""
        from tests.mlnode.system.conftest import launch

        node = launch(tmp_path_factory.mktemp("home"), models_dir, "--default-model", "a.gguf")
        request.addfinalizer(node.end)
        return node
