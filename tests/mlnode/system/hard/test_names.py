"""Names that want to lead out of the folder, and what lies in the folder without being a file."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.mlnode.system.hard.clients import code_of, send_raw
from tests.mlnode.system.nodes import Node, http

Start = Callable[..., Node]

NAMES = (
    "../a.gguf",
    "..\\a.gguf",
    "./a.gguf",
    "a.gguf/",
    "a.gguf/../a.gguf",
    "a.gguf\x00",
    "a.gguf\x00.txt",
    "\x00",
    "a.gguf ",
    " a.gguf",
    "%61.gguf",
    "..%2fa.gguf",
    "..%252fa.gguf",
    "\uff0e\uff0e/a.gguf",
    "\u2024\u2024/a.gguf",
    "\uff41.gguf",
    "a\u0301.gguf",
    "\u202ea.gguf",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/environ",
    "/etc/passwd",
    "file:///etc/passwd",
    "~/a.gguf",
    "$HOME/a.gguf",
    "CON",
    "*.gguf",
    "a.ggu?",
    "notes.txt",
    "a" * 100_000,
    "../" * 10_000 + "etc/passwd",
)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_looked_up_and_never_a_path(roomy_node: Node, name: str) -> None:
    loads = roomy_node.status()["loads_total"]
    for path in ("/infer", "/v1/completions"):
        request = {"model": name, "prompt": "x", "max_tokens": 1}
        answer = http.post(f"{roomy_node.url}{path}", json=request, timeout=30)
        assert (answer.status_code, code_of(answer)) == (404, "model_unknown")
        assert len(answer.content) < 2000
    assert roomy_node.status()["loads_total"] == loads


def test_the_folder_of_a_model_cannot_be_left_by_the_path_of_a_request(roomy_node: Node) -> None:
    absolute = str(roomy_node.home / "log")
    for name in (*NAMES[:29], absolute, "//" + absolute, "a.gguf/.."):
        for written in (quote(name, safe=""), quote(name, safe="/.")):
            line = f"GET /v1/models/{written} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            assert send_raw(roomy_node, line.encode()).split()[1] in (b"404", b"400"), name
    raw = b"GET /v1/models/\xff\xfe..\xc0\xaf HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert send_raw(roomy_node, raw).split()[1] in (b"404", b"400")


def test_a_surrogate_alone_in_a_name_is_no_text(roomy_node: Node) -> None:
    body = rb'{"model": "\ud800.gguf", "prompt": "x"}'
    answer = http.post(f"{roomy_node.url}/infer", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 404)


LINKS = {
    "inside": "good.gguf",
    "outside": "../outside/secret.gguf",
    "loop": "loop.gguf",
    "ping": "pong.gguf",
    "pong": "ping.gguf",
    "dangling": "nowhere.gguf",
    "device": "/dev/zero",
    "directory": "../outside",
    "process": "/proc/self/environ",
}


@pytest.fixture
def odd_folder(hard_models: Path, tmp_path: Path) -> Path:
    """Two models, and everything else that a folder can hold."""
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    for copy in (folder / "good.gguf", folder / "other.GGUF", outside / "secret.gguf"):
        shutil.copy(hard_models / "a.gguf", copy)
    (folder / "empty.gguf").touch()
    (folder / "folder.gguf").mkdir()
    os.mkfifo(folder / "pipe.gguf")
    for name, target in LINKS.items():
        (folder / f"{name}.gguf").symlink_to(target)
    shutil.copy(folder / "good.gguf", os.fsencode(folder) + b"/\xff\xfe.gguf")
    return folder


@pytest.mark.parametrize("outside", [False, True], ids=["inside only", "outside too"])
def test_what_is_no_file_in_the_folder_is_told_and_stops_nothing(
    start_hard: Start, odd_folder: Path, outside: bool
) -> None:
    node = start_hard(*(["--links-outside"] if outside else []), models=odd_folder)
    models = http.get(f"{node.url}/models").json()["models"]
    sound = {entry["id"] for entry in models if not entry.get("error")}
    assert sound == {"good.gguf", "other.GGUF", "inside.gguf", *(["outside.gguf"] if outside else [])}
    wrong = {entry["id"] for entry in models} - sound
    assert {f"{name}.gguf" for name in (*LINKS, "empty", "folder", "pipe")} - sound <= wrong
    for entry in models:
        answer = node.complete(entry["id"], max_tokens=1)
        assert answer.status_code == (200 if entry["id"] in sound else 500), entry
    assert node.status()["loads_total"] == len(sound)
    for path in ("/v1/models", "/metrics", "/status"):
        assert http.get(f"{node.url}{path}").status_code == 200
