"""What stays in memory and what goes: by hand, by time and by what is loaded at the start."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.mlnode.system.nodes import ROOT, Node, http, wait_until

Start = Callable[..., Node]


def post(node: Node, path: str) -> httpx.Response:
    return http.post(f"{node.url}{path}", timeout=30)


def ready(node: Node) -> int:
    return http.get(f"{node.url}/readyz").status_code


def test_models_are_loaded_and_unloaded_by_hand_and_by_time(start_node: Start) -> None:
    node = start_node("--ttl-s", "1", "--model-ttl", "b.gguf=0", "--alias", "a.gguf=org/nick")
    assert ready(node) == 503
    answer = post(node, "/models/b.gguf/load")
    assert (answer.status_code, answer.json()["id"]) == (202, "b.gguf")
    wait_until(lambda: node.state("b.gguf") == "ready", "the load by hand")
    assert ready(node) == 200
    pid = node.instance("b.gguf")["pid"]
    post(node, "/models/b.gguf/load").raise_for_status()
    assert node.instance("b.gguf")["pid"] == pid
    assert node.complete("a.gguf").status_code == 200
    wait_until(lambda: node.state("a.gguf") == "unloaded", "the end of the time to live")
    assert node.state("b.gguf") == "ready"
    assert post(node, "/models/b.gguf/unload").status_code == 202
    wait_until(lambda: node.state("b.gguf") == "unloaded", "the unload by hand")
    assert post(node, "/models/org/nick/load").json()["id"] == "a.gguf"
    assert post(node, "/models/nothing.gguf/load").status_code == 404
    assert node.status()["evictions_total"] == 0


def test_a_node_with_preloads_is_ready_when_they_answer(start_node: Start) -> None:
    node = start_node("--preload", "a.gguf,b.gguf", "--max-loads", "1", "--pin", "a.gguf")
    seen = http.get(f"{node.url}/readyz").json()
    assert seen["ready"] is (seen["awaited"] == [])
    wait_until(lambda: ready(node) == 200, "readiness")
    assert (node.state("a.gguf"), node.state("b.gguf")) == ("ready", "ready")


def test_a_setting_for_a_model_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlnode", "serve", "--home", str(tmp_path / "h"), "--port", "0"]
    command += ["--control-port", "0", "--models-dir", str(tmp_path), "--pin", "nothing.gguf"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "--pin: There is no model 'nothing.gguf'" in ended.stderr
