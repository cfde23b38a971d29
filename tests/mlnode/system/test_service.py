"""A node as a service: what systemd hears of it, how it ends, and the unit that starts it."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mlnode.io.settings import Settings
from tests.mlnode.system.nodes import ROOT, Node, http, is_gone, wait_until
from tests.mlnode.system.test_hosting import streaming

Start = Callable[..., Node]
UNIT = ROOT / "deploy" / "systemd" / "meshkeeper-mlnode.service"


def prepared(node: Node) -> list[int]:
    return list(node.status()["prepared_pids"])


class TestManager:
    def test_it_hears_of_every_turn_and_nothing_of_a_node_that_hangs(
        self, start_node: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(tmp_path / "notify"))
            manager.settimeout(30)
            monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
            monkeypatch.setenv("WATCHDOG_USEC", "400000")
            node = start_node()

            def hear(word: str) -> str:
                """The next message that begins like this."""
                while not (told := manager.recv(4096).decode()).startswith(word):
                    pass
                return told

            assert hear("READY=1") == "READY=1\nSTATUS=serving: 0 models ready, 0 requests"
            hear("WATCHDOG=1")
            assert node.complete().status_code == 200
            wait_until(lambda: "1 models ready" in hear("WATCHDOG=1"), "the model in the status")
            assert not any(variables_of(pid, "NOTIFY_SOCKET") for pid in node.worker_pids())
            node.process.send_signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in hear("RELOADING=1")
            hear("READY=1")
            node.process.send_signal(signal.SIGSTOP)
            manager.settimeout(2.0)  # five times as long as it may be silent
            with pytest.raises(TimeoutError):
                while True:
                    manager.recv(4096)
            node.process.send_signal(signal.SIGCONT)
            manager.settimeout(30)
            hear("WATCHDOG=1")
            node.process.send_signal(signal.SIGTERM)
            assert "EXTEND_TIMEOUT_USEC=" in hear("STOPPING=1")
            assert node.process.wait(30) == 0


def variables_of(pid: int, name: str) -> bool:
    return name.encode() in Path(f"/proc/{pid}/environ").read_bytes()


class TestEnd:
    def test_who_asks_while_it_drains_is_sent_away_and_a_second_signal_ends_it_at_once(
        self, start_node: Start
    ) -> None:
        node = start_node("--drain-s", "600", ctx_size=4096)
        with streaming(node) as lines:
            wait_until(lambda: prepared(node), "a prepared worker")
            pids = [*node.worker_pids(), *prepared(node)]
            node.process.send_signal(signal.SIGTERM)
            wait_until(lambda: http.get(f"{node.url}/readyz").status_code == 503, "not ready")
            refused = node.complete("slow.gguf")
            assert (refused.status_code, refused.headers["connection"]) == (503, "close")
            assert int(refused.headers["retry-after"]) > 0
            started = time.monotonic()
            node.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(httpx.RemoteProtocolError):
                assert "node_draining" in list(lines)[-1]
        assert node.process.wait(30) == 0
        assert time.monotonic() - started < 60
        assert all(is_gone(pid) for pid in pids)

    def test_a_prepared_worker_goes_with_a_node_that_is_killed(self, start_node: Start) -> None:
        node = start_node()
        pids = wait_until(lambda: prepared(node), "a prepared worker")
        node.process.kill()
        wait_until(lambda: all(is_gone(pid) for pid in pids), "its end", 10)


def test_who_went_from_memory_last_comes_back_in_a_worker_that_has_it_open(
    start_node: Start, models_dir: Path
) -> None:
    node = start_node()
    first = node.complete().json()["choices"]
    assert http.post(f"{node.url}/models/a.gguf/unload").is_success

    def opened() -> list[int]:
        maps = {pid: Path(f"/proc/{pid}/maps").read_text() for pid in prepared(node)}
        return [pid for pid, text in maps.items() if str(models_dir / "a.gguf") in text]

    (pid,) = wait_until(opened, "the model open in a prepared worker")
    assert node.worker_pids() == []
    assert node.complete().json()["choices"] == first
    assert node.worker_pids() == [pid]


def test_a_worker_leaves_no_core_starts_no_debugger_and_needs_no_home(
    start_node: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    node = start_node("--cache-dir", str(tmp_path / "cache"))
    assert node.complete().status_code == 200
    (pid,) = node.worker_pids()
    assert re.search(r"Max core file size +0 +0", Path(f"/proc/{pid}/limits").read_text())
    assert variables_of(pid, "GGML_NO_BACKTRACE=1")


class TestUnit:
    def test_it_names_settings_and_commands_that_exist(self) -> None:
        text = UNIT.read_text()
        named = re.findall(r"MESHKEEPER_MLNODE_([A-Z_]+)=", text)
        assert named
        assert {name.lower() for name in named} <= set(Settings.model_fields)
        assert "ExecStart=/opt/meshkeeper/bin/meshkeeper mlnode serve\n" in text

    def test_systemd_understands_it(self, tmp_path: Path) -> None:
        verify = shutil.which("systemd-analyze")
        if verify is None:
            pytest.skip("systemd-analyze is not installed (package systemd)")
        here = tmp_path / UNIT.name
        here.write_text(UNIT.read_text().replace("/opt/meshkeeper/bin/meshkeeper", "/bin/true"))
        said = subprocess.run([verify, "verify", str(here)], capture_output=True, text=True)
        assert (said.returncode, UNIT.name in said.stderr) == (0, False), said.stderr

    def test_the_time_to_stop_is_longer_than_the_node_drains(self) -> None:
        (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
        assert int(seconds) >= Settings().drain_s + 20
