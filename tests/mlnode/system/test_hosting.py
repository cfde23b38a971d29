"""Several models in one budget, lines, crashes and ends: with real processes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.nodes import ROOT, Node, http, is_gone, read_broken, wait_until

Start = Callable[..., Node]

LONG: dict[str, Any] = {"model": "slow.gguf", "prompt": "the day", "max_tokens": 2000, "stream": True}
"""Takes many seconds."""


@contextmanager
def streaming(node: Node, path: str = "/v1/completions", **body: Any) -> Iterator[Iterator[str]]:
    """A long answer under way: its lines, of which the first has come."""
    request = {**LONG, **body}
    with http.stream("POST", f"{node.url}{path}", json=request, timeout=60) as response:
        lines = (line for line in response.iter_lines() if line)
        assert response.status_code == 200, response.read()
        assert next(lines)
        yield lines


def sizes(node: Node) -> dict[str, int]:
    models = http.get(f"{node.url}/models").json()["models"]
    return {entry["id"]: entry["est_vram_mb"] for entry in models}


class TestMemory:
    def test_the_model_used_least_recently_makes_room(self, start_node: Start) -> None:
        node = start_node("--vram-budget-mb", "120", "--vram-margin-mb", "20")
        need_mb = sizes(node)["a.gguf"]
        assert 2 * need_mb <= 100 < 3 * need_mb
        for model in ("a.gguf", "b.gguf", "a.gguf", "c.gguf"):
            assert node.complete(model).status_code == 200
        assert (node.state("a.gguf"), node.state("b.gguf")) == ("ready", "unloaded")
        assert node.status()["evictions_total"] == 1
        assert node.status()["used_est_mb"] + 20 <= 120

    def test_a_model_that_never_fits_is_refused_and_nothing_is_evicted(
        self, start_node: Start, tmp_path: Path
    ) -> None:
        write_tiny_gguf(tmp_path / "small.gguf", seed=1)
        write_tiny_gguf(tmp_path / "large.gguf", seed=1, layers=8, dim=768)
        node = start_node("--vram-budget-mb", "100", "--vram-margin-mb", "20", models=tmp_path)
        assert node.complete("small.gguf").status_code == 200
        refused = node.complete("large.gguf")
        assert (refused.status_code, refused.json()["error"]["code"]) == (507, "model_too_large")
        assert node.state("small.gguf") == "ready"
        assert node.status()["evictions_total"] == 0

    def test_two_models_that_alternate_in_room_for_one_are_both_served(self, start_node: Start) -> None:
        node = start_node("--vram-budget-mb", "75", "--vram-margin-mb", "20")
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(node.complete, ["a.gguf", "b.gguf"] * 4))
        assert [answer.status_code for answer in answers] == [200] * 8


class TestLine:
    def test_a_full_line_is_refused_at_once_with_a_hint(self, hosting_node: Node) -> None:
        node = hosting_node
        with ThreadPoolExecutor(1) as pool, streaming(node), streaming(node):
            waiting = pool.submit(node.complete, "slow.gguf", max_tokens=1)
            wait_until(lambda: node.instance("slow.gguf")["queue"] == 1, "one in the line")
            refused = node.complete("slow.gguf")
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert node.complete("a.gguf").status_code == 200
            assert not waiting.done()
        assert waiting.result().status_code == 200

    def test_who_waited_long_enough_is_sent_away(self, start_node: Start) -> None:
        node = start_node("--max-wait-ms", "300", "--preload", "slow.gguf", ctx_size=4096)
        wait_until(lambda: node.state("slow.gguf") == "ready", "the load")
        with streaming(node):
            refused = node.complete("slow.gguf")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "wait_expired")
        assert "retry-after" in refused.headers

    def test_slots_answer_side_by_side_and_alike(self, hosting_node: Node) -> None:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: hosting_node.complete(max_tokens=50), range(2)))
        assert len({answer.json()["choices"][0]["text"] for answer in answers}) == 1


class TestLeaving:
    @pytest.mark.parametrize("path", ["/v1/completions", "/infer"])
    def test_a_client_that_leaves_frees_its_slot(self, hosting_node: Node, path: str) -> None:
        node = hosting_node
        before = node.status()["requests_total"].get("cancelled", 0)
        with streaming(node, path):
            assert node.instance("slow.gguf")["inflight"] == 1
        wait_until(lambda: node.instance("slow.gguf")["inflight"] == 0, "a free slot", 5)
        assert node.status()["requests_total"]["cancelled"] == before + 1

    def test_a_client_that_leaves_the_line_is_forgotten(self, hosting_node: Node) -> None:
        node = hosting_node
        with streaming(node), streaming(node):
            with pytest.raises(httpx.ReadTimeout):
                http.post(f"{node.url}/infer", json={**LONG, "stream": False}, timeout=0.5)
            wait_until(lambda: node.instance("slow.gguf")["queue"] == 0, "an empty line", 5)


class TestCrash:
    def test_a_worker_killed_in_the_middle_ends_its_streams_with_an_error_and_no_others(
        self, hosting_node: Node
    ) -> None:
        node = hosting_node
        node.complete("a.gguf")
        with streaming(node) as events, streaming(node, "/infer") as lines:
            os.kill(node.instance("slow.gguf")["pid"], signal.SIGKILL)
            last_event, last_line = read_broken(events)[-1], json.loads(read_broken(lines)[-1])
        assert json.loads(last_event.removeprefix("data: "))["error"]["code"] == "worker_lost"
        assert (last_line["code"], last_line["reason"]) == (502, "WORKER_LOST")
        assert node.state("a.gguf") == "ready"
        assert node.complete("slow.gguf", max_tokens=2).status_code == 200

    def test_a_worker_killed_before_the_first_byte_is_not_noticed(self, hosting_node: Node) -> None:
        node = hosting_node
        assert node.complete("slow.gguf", max_tokens=1).status_code == 200
        loads = node.status()["loads_total"]
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(node.complete, "slow.gguf", prompt="day " * 700, max_tokens=2)
            wait_until(lambda: node.instance("slow.gguf")["inflight"] == 1, "the prompt")
            os.kill(node.instance("slow.gguf")["pid"], signal.SIGKILL)
            assert answer.result().status_code == 200
        assert node.status()["loads_total"] == loads + 1


class TestEnd:
    def test_sigterm_finishes_what_runs_takes_nothing_new_and_leaves_nothing(self, start_node: Start) -> None:
        node = start_node(ctx_size=4096)
        with streaming(node, max_tokens=700) as lines:
            pids = node.worker_pids()
            node.process.send_signal(signal.SIGTERM)
            wait_until(lambda: node.status()["draining"], "draining")
            refused = node.complete()
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "node_draining")
            assert http.get(f"{node.url}/readyz").status_code == 503
            assert list(lines)[-1] == "data: [DONE]"
        assert node.process.wait(20) == 0
        assert all(is_gone(pid) for pid in pids)
        assert not (node.home / "ready.json").exists()

    def test_what_does_not_finish_within_the_grace_is_cut_off_with_an_error(self, start_node: Start) -> None:
        node = start_node("--drain-s", "1", ctx_size=4096)
        with streaming(node) as lines:
            node.process.send_signal(signal.SIGTERM)
            assert "node_draining" in read_broken(lines)[-1]
        assert node.process.wait(20) == 0

    def test_a_killed_node_leaves_no_worker(self, start_node: Start) -> None:
        node = start_node()
        node.complete()
        (pid,) = node.worker_pids()
        node.process.kill()
        wait_until(lambda: is_gone(pid), "the worker's end", 5)


class TestStart:
    def run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mlnode", "serve", "--port", "0", "--control-port", "0", *flags]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    def assert_refused(self, run: subprocess.CompletedProcess[str], word: str) -> None:
        assert run.returncode == 1
        assert word in run.stderr
        assert len(run.stderr.splitlines()) == 1

    def test_a_port_in_use_gets_one_sentence(
        self, shared_node: Node, models_dir: Path, tmp_path: Path
    ) -> None:
        flags = ("--home", str(tmp_path), "--models-dir", str(models_dir))
        self.assert_refused(self.run(*flags, "--port", str(shared_node.ports["http"])), "--port")
        control = str(shared_node.ports["control"])
        self.assert_refused(self.run(*flags, "--control-port", control), "--control-port")

    def test_a_folder_that_is_not_there_gets_one_sentence(self, tmp_path: Path) -> None:
        flags = ("--home", str(tmp_path), "--models-dir", str(tmp_path / "none"))
        self.assert_refused(self.run(*flags), "--models-dir")

    def test_a_home_that_cannot_be_made_gets_one_sentence(self, models_dir: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        home = str(tmp_path / "file" / "home")
        self.assert_refused(self.run("--home", home, "--models-dir", str(models_dir)), "--home")

    def test_an_impossible_setting_gets_one_sentence(self, tmp_path: Path) -> None:
        self.assert_refused(self.run("--home", str(tmp_path), "--slots", "0"), "--slots")

    @pytest.mark.parametrize(
        "flags",
        [
            ("--preload", "x"),
            ("--default-model", "x"),
            ("--alias", "x.gguf=y"),
            ("--host", "no.such.name.invalid"),
            ("--log-level", "loud"),
        ],
        ids=lambda flags: flags[0],
    )
    def test_a_name_that_leads_nowhere_gets_one_sentence(
        self, tmp_path: Path, flags: tuple[str, str]
    ) -> None:
        run = self.run("--home", str(tmp_path), "--models-dir", str(tmp_path), *flags)
        self.assert_refused(run, flags[0])

    def test_settings_come_from_flag_then_environment_then_file(
        self, start_node: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "node.toml"
        config.write_text('slots = 2\nmax_queue_depth = 5\nmax_wait_ms = 700\napi_key = "secret"\n')
        monkeypatch.setenv("MESHKEEPER_MLNODE_MAX_QUEUE_DEPTH", "6")
        monkeypatch.setenv("MESHKEEPER_MLNODE_SLOTS", "3")
        node = start_node("--config", str(config), "--slots", "4")
        assert http.get(f"{node.url}/status").status_code == 401
        headers = {"authorization": "Bearer secret"}
        settings = http.get(f"{node.url}/status", headers=headers).json()["settings"]
        shown = [settings[key] for key in ("slots", "max_queue_depth", "max_wait_ms", "api_key")]
        assert shown == [4, 6, 700, True]
        assert node.end() == 0
