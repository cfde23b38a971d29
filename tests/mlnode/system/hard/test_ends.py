"""The node's own end, by force and by request, and disks that take nothing more."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.mlnode.system.hard.clients import code_of, preload, streaming
from tests.mlnode.system.nodes import ROOT, Node, http, is_gone, read_broken, wait_until

Start = Callable[..., Node]


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child, *descendants(child)}
    return found


def test_a_node_killed_under_load_leaves_no_process_and_its_place_is_free_at_once(start_hard: Start) -> None:
    node = start_hard("--slots", "4")
    preload(node, "a.gguf")
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            stack.enter_context(streaming(node, "slow.gguf"))
        loading = pool.submit(http.post, f"{node.url}/infer", json={"model": "b.gguf", "prompt": "x"})
        wait_until(lambda: node.instance("b.gguf")["pid"], "a load under way")
        family = descendants(node.process.pid)
        assert len(family) >= 3
        node.process.kill()
        node.process.wait()
        wait_until(lambda: all(map(is_gone, family)), "no process left", 10)
        assert isinstance(loading.exception(), httpx.HTTPError)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", node.ports["http"]))


def test_a_node_starts_again_in_the_home_of_one_that_was_killed(start_hard: Start, hard_models: Path) -> None:
    first = start_hard()
    preload(first, "a.gguf")
    first.process.kill()
    first.process.wait()
    assert (first.home / "ready.json").exists()
    command = [sys.executable, "-m", "mlnode", "serve", "--home", str(first.home), "--threads", "1"]
    command += ["--models-dir", str(hard_models), "--port", str(first.ports["http"]), "--control-port", "0"]
    with (first.home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    second = Node(process, first.home, first.ports)
    try:
        wait_until(lambda: f'"pid": {process.pid}' in (first.home / "ready.json").read_text(), "its start")
        preload(second, "a.gguf")
        assert second.end() == 0
    finally:
        second.clean_up()


def test_sigterm_under_load_finishes_what_runs_and_refuses_what_waits(start_hard: Start) -> None:
    node = start_hard("--slots", "2", "--drain-s", "60", "--max-wait-ms", "120000")
    preload(node, "slow.gguf")
    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        running = [stack.enter_context(streaming(node, "slow.gguf", max_tokens=500)) for _ in range(2)]
        for_loaded = pool.submit(node.complete, "slow.gguf", max_tokens=1)
        wait_until(lambda: node.instance("slow.gguf")["queue"] == 1, "one in line")
        family = descendants(node.process.pid)
        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: node.status()["draining"], "the end begun")
        late = [pool.submit(node.complete, model) for model in ("slow.gguf", "a.gguf")]
        for answer in late:
            assert (answer.result().status_code, code_of(answer.result())) == (503, "node_draining")
            assert answer.result().headers["connection"] == "close"
        assert all(list(lines)[-1] == "data: [DONE]" for lines in running)
        assert for_loaded.result().status_code in (200, 503)
    assert node.process.wait(30) == 0
    assert all(map(is_gone, family))


def test_a_node_whose_log_has_no_room_serves_loads_loses_and_ends_as_ever(
    hard_models: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "mlnode", "serve", "--home", str(tmp_path), "--threads", "1"]
    command += [
        "--models-dir",
        str(hard_models),
        "--port",
        "0",
        "--control-port",
        "0",
        "--log-level",
        "debug",
    ]
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen(command, cwd=ROOT, stdout=full, stderr=full)
    node = Node(process, tmp_path, {})
    try:
        node.read_ports()
        preload(node, "a.gguf", "b.gguf")
        with streaming(node, "slow.gguf") as lines:
            os.kill(node.instance("slow.gguf")["pid"], signal.SIGKILL)
            assert "worker_lost" in read_broken(lines)[-1]
        preload(node, "slow.gguf")
        assert node.end() == 0
    finally:
        node.clean_up()


def test_a_node_that_cannot_write_a_file_serves_as_ever(start_hard: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    node = start_hard("--cache-dir", str(tmp_path / "file" / "cache"), "--max-queue-depth", "64")
    preload(node, "a.gguf")
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (0, 0))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(node.complete, ["a.gguf", "b.gguf", "c.gguf", "slow.gguf"] * 2))
    assert [answer.status_code for answer in answers] == [200] * 8
    os.kill(node.instance("b.gguf")["pid"], signal.SIGKILL)
    assert node.complete("b.gguf").status_code == 200
    assert node.end() == 0
