"""`meshkeeper mlnode status`: on a terminal, in a pipe, and with a node that comes and goes."""

import contextlib
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mlnode.system.nodes import ROOT, WAIT_S, Node, http, launch, wait_until

COMMAND = (sys.executable, "-m", "mlnode", "status")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def ask(*flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=WAIT_S,
        check=False,
    )


@dataclass
class Terminal:
    """A live table on a terminal of so many columns."""

    process: subprocess.Popen[bytes]
    fd: int
    said: str = field(default="")

    def read(self) -> str:
        """Everything up to now, without colours and movements."""
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 65536):
                self.said += data.decode("utf-8", "replace")
        return ESCAPES.sub("", self.said)

    def shows(self, text: str) -> bool:
        return text in self.read()


@contextmanager
def live(*flags: str, columns: int = 120, lines: int = 30) -> Iterator[Terminal]:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    os.set_blocking(ours, False)
    command = [*COMMAND, "--every-s", "0.2", *flags]
    env = {**os.environ, "TERM": "xterm-256color"}
    env.pop("COLUMNS", None)
    # Where this process ignores the signal, as in the background of a shell, the child would too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True
    )
    signal.signal(signal.SIGINT, before)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


class TestOnce:
    def test_a_pipe_gets_one_table_with_every_model(self, shared_node: Node) -> None:
        shared_node.complete()
        shown = ask("--home", str(shared_node.home))
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "\x1b" not in shown.stdout
        rows = {line.split()[0]: line.split() for line in shown.stdout.splitlines() if ".gguf" in line}
        assert set(rows) == {"a.gguf", "b.gguf", "c.gguf", "slow.gguf"}
        assert rows["a.gguf"][1] == "ready"
        measured = shared_node.instance()["measured_vram_mb"]
        assert str(measured) in rows["a.gguf"]
        assert shared_node.url in shown.stdout

    def test_the_document_is_the_status_itself(self, shared_node: Node) -> None:
        shown = json.loads(ask("--url", shared_node.url, "--json").stdout)
        assert shown["settings"] == shared_node.status()["settings"]
        assert shown.keys() == shared_node.status().keys()

    def test_a_key_comes_from_flag_or_environment(self, start_node: Callable[..., Node]) -> None:
        node = start_node("--api-key", "secret")
        refused = ask("--url", node.url)
        assert (refused.returncode, "wants a key" in refused.stderr) == (1, True)
        assert ask("--url", node.url, "--api-key", "secret").returncode == 0
        assert ask("--home", str(node.home), MESHKEEPER_MLNODE_API_KEY="secret").returncode == 0

    @pytest.mark.parametrize(
        ("flags", "word"),
        [
            (("--url", "http://127.0.0.1:1"), "No node answers"),
            (("--url", "nonsense"), "no address"),
            (("--home", "/nowhere"), "meshkeeper mlnode serve"),
        ],
    )
    def test_where_no_node_is_a_sentence_says_so(self, flags: tuple[str, ...], word: str) -> None:
        for form in ((), ("--json",)):
            shown = ask(*flags, *form)
            assert (shown.returncode, shown.stdout) == (1, "")
            assert word in shown.stderr
            assert len(shown.stderr.splitlines()) == 1

    def test_what_is_no_node_and_a_torn_file_get_a_sentence(self, shared_node: Node, tmp_path: Path) -> None:
        other = ask("--url", f"{shared_node.url}/healthz")
        assert "is no node" in other.stderr
        (tmp_path / "ready.json").write_text('{"pid"')
        torn = ask("--home", str(tmp_path))
        assert "--url" in torn.stderr and len(torn.stderr.splitlines()) == 1


class TestLive:
    def test_the_table_follows_the_node_and_ctrl_c_ends_it_quietly(self, hosting_node: Node) -> None:
        long = {"model": "slow.gguf", "prompt": "the day", "max_tokens": 2000, "stream": True}
        with live("--url", hosting_node.url) as terminal:
            wait_until(lambda: terminal.shows("tokens/s"), "the first table")
            with http.stream(
                "POST", f"{hosting_node.url}/v1/completions", json=long, timeout=WAIT_S
            ) as answer:
                for _ in answer.iter_lines():
                    if working := re.search(r"slow\.gguf +ready[ 0-9]* 1/2 +\d+\.\d", terminal.read()):
                        break
            assert working, terminal.read()[-2000:]
            terminal.process.send_signal(signal.SIGINT)
            wait_until(
                lambda: "Traceback" in terminal.read() or terminal.process.poll() is not None, "the end"
            )
            assert (terminal.process.poll(), "Traceback" in terminal.read()) == (0, False)

    def test_a_node_that_goes_away_and_comes_back_is_waited_for(
        self, models_dir: Path, tmp_path: Path
    ) -> None:
        node = launch(tmp_path, models_dir)
        try:
            with live("--home", str(tmp_path), columns=60) as terminal:
                wait_until(lambda: terminal.shows("a.gguf"), "the first table")
                assert "estimated" not in terminal.read(), "a narrow terminal gets what matters most"
                node.end()
                wait_until(lambda: terminal.shows("gone for"), "that it is gone")
                node = launch(tmp_path, models_dir)
                wait_until(lambda: terminal.shows(node.url), "the new address")
        finally:
            node.clean_up()
