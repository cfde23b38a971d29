"""The broker as a process: killed at once after an answer, stopped, and told wrong things."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from broker.__main__ import app

READY_WITHIN_S = 60.0
CONFIG = """\
chain = "127.0.0.1:1"
public_port = 0
callback_port = 0
admin_port = 0
[[nodes]]
id = "n1"
host = "127.0.0.1"
port = 1
models = ["tiny.gguf"]
"""


class Daemon:
    """A broker of its own home; `chain` leads nowhere, so everything is decided without it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.home / "ready.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "broker", "start", "--home", str(self.home)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)
        ends_at = time.monotonic() + READY_WITHIN_S
        while not (self.home / "ready.json").exists():
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < ends_at, (self.home / "log").read_text()
            time.sleep(0.02)

    def call(self, method: str, path: str) -> httpx.Response:
        port = json.loads((self.home / "ready.json").read_text())["ports"]["admin"]
        token = (self.home / "admin.token").read_text().strip()
        return httpx.request(
            method, f"http://127.0.0.1:{port}/admin/v1{path}", headers={"authorization": f"Bearer {token}"}
        )

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    home = tmp_path / "home with a space"
    assert run("init", "--home", str(home)).exit_code == 0
    (home / "broker.toml").write_text(CONFIG)
    made = Daemon(home)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def run(*arguments: str) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(app, arguments)


def test_a_decision_is_kept_when_the_process_is_killed_right_after_its_answer(daemon: Daemon) -> None:
    for decision, enabled in (("disable", False), ("enable", True), ("disable", False)):
        assert daemon.call("POST", f"/nodes/n1/{decision}").status_code == 200
        daemon.end(signal.SIGKILL)
        daemon.start()
        assert daemon.call("GET", "/nodes/n1").json()["state"]["enabled"] is enabled


def test_the_command_line_commands_the_nodes(daemon: Daemon) -> None:
    home = str(daemon.home)
    listed = run("nodes", "list", "--home", home, "--json")
    assert [item["node"]["id"] for item in json.loads(listed.stdout)] == ["n1"]
    assert run("nodes", "disable", "n1", "--home", home).exit_code == 0
    assert json.loads(run("nodes", "show", "n1", "--home", home).stdout)["state"]["enabled"] is False
    assert "n1" in run("status", "--home", home).stdout
    unknown = run("nodes", "enable", "ghost", "--home", home)
    assert (unknown.exit_code, unknown.stderr.strip()) == (1, "node not found: ghost")
    wrong = run("nodes", "list", "--home", home, "--token", "wrong")
    assert wrong.exit_code == 1
    assert "token" in wrong.stderr
    assert run("nodes", "remove", "n1", "--home", home).exit_code == 0
    assert run("nodes", "list", "--home", home, "--json").stdout.strip() == "[]"


def test_sigterm_ends_it_with_0_and_nothing_is_left_that_says_ready(daemon: Daemon) -> None:
    assert daemon.end(signal.SIGTERM) == 0
    assert not (daemon.home / "ready.json").exists()


def test_a_port_in_use_is_one_sentence(daemon: Daemon) -> None:
    daemon.end(signal.SIGTERM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "broker", "start", "--home", str(daemon.home), "--admin-port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("choose another --admin-port")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("start", "--home", "{tmp}/none"), "cannot read the key"),
        (("start", "--home", "{tmp}", "--admin-port", "70000"), "setting admin_port"),
        (("start", "--home", "{tmp}", "--config", "{tmp}/x.ini"), "must end in"),
        (("start", "--home", "{tmp}", "--config", "{tmp}/none.toml"), "cannot read"),
        (("status", "--home", "{tmp}"), "no broker is running"),
        (("nodes", "list", "--home", "{tmp}"), "no broker is running"),
        (("vectors", "{tmp}/none.json"), "cannot read"),
        (("start", "--home", "{tmp}", "--config", "{tmp}/bad.yaml"), "cannot read"),
        (("start", "--home", "{tmp}", "--config", "{tmp}/list.json"), "keys with values"),
        (("start", "--home", "{tmp}", "--config", "{tmp}/twins.toml"), "two nodes have the id a"),
        (("start", "--home", "{tmp}", "--chain", "nowhere"), "setting chain: write it as host:port"),
        (("start", "--home", "{tmp}", "--public-url", "ftp://x"), "setting public_url: begin it with http"),
        (("init", "--home", "{tmp}/x.ini"), "cannot use"),
        (("nodes", "list", "--home", "{tmp}", "--token", "t", "--admin-url", "ftp://x"), "no broker answers"),
        (("nodes", "list", "--home", "{tmp}", "--token", "é", "--admin-url", "http://x"), "cannot ask"),
        (("nodes", "show", "..", "--home", "{tmp}"), "no node's id"),
        (("nodes", "enable", "", "--home", "{tmp}"), "no node's id"),
        (("nodes", "update", "a", "{tmp}/none.json", "--home", "{tmp}"), "cannot read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "x.ini").write_text("")
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    (tmp_path / "list.json").write_text("[1]")
    node = '{id = "a", host = "h", models = ["m"]}'
    (tmp_path / "twins.toml").write_text(f"nodes = [{node}, {node}]")
    done = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (1, 1), done.stderr
    assert sentence in done.stderr


def test_a_setting_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("colour = 3\n")
    done = run("start", "--home", str(tmp_path), "--config", str(tmp_path / "c.toml"))
    assert done.exit_code == 1
    assert "colour" in done.stderr


def test_what_holds_secrets_is_for_its_owner_alone(daemon: Daemon) -> None:
    for name in ("key.json", "admin.token", "callback.secret", "broker.db"):
        assert (daemon.home / name).stat().st_mode & 0o077 == 0, name


def test_init_twice_keeps_the_key(tmp_path: Path) -> None:
    first = json.loads(run("init", "--home", str(tmp_path), "--json").stdout)
    assert json.loads(run("init", "--home", str(tmp_path), "--json").stdout) == first
    for name in ("key.json", "admin.token", "validator.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
