"""A network that stays: up, asked, down, and up again with the same state."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.system.processes import list_left, wait_gone

UP_WITHIN_S = 300


def devnet(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "meshkeeper", "devnet", *words, "--root", str(root)]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=UP_WITHIN_S, check=False
    )


def make_model(path: Path) -> None:
    sizes = ["--layers", "4", "--dim", "192", "--seed", "7"]
    command = [sys.executable, "-m", "meshkeeper", "mlnode", "models", "make", str(path), *sizes]
    subprocess.run(command, check=True, capture_output=True)


def ask(root: Path, model: str) -> str:
    ports = json.loads((root / "devnet" / "network.json").read_text())["ports"]
    body = {"model": model, "prompt": "once upon a time", "max_tokens": 8}
    answer = httpx.post(f"http://127.0.0.1:{ports[2]}/v1/completions", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["text"]


def read_height(root: Path) -> int:
    port = json.loads((root / "devnet" / "network.json").read_text())["ports"][0]
    command = [sys.executable, "-m", "meshkeeper", "chain", "status", "--node", f"127.0.0.1:{port}"]
    return int(
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["height"]
    )


def test_a_network_stays_up_and_comes_back_with_its_state(tmp_path: Path) -> None:
    root, model = tmp_path / "net", tmp_path / "tale.gguf"
    make_model(model)
    try:
        first = devnet(root, "up", "--model", str(model))
        assert first.returncode == 0, first.stdout + first.stderr
        assert "curl" in first.stdout
        assert devnet(root, "status").stdout.count("runs") == 8
        assert ask(root, "local/tale").strip()
        height = read_height(root)

        assert devnet(root, "down").stdout.strip() == "8 processes stopped."
        assert wait_gone(root) == []
        assert devnet(root, "down").stdout.strip() == "Nothing was running."

        second = devnet(root, "up")
        assert second.returncode == 0, second.stdout + second.stderr
        assert read_height(root) > height
        assert ask(root, "local/tale").strip()
        assert "up already" in devnet(root, "up").stdout
    finally:
        devnet(root, "down")
    assert list_left(root) == []
    assert os.path.isdir(root / "devnet" / "chain")


def test_down_without_a_network_says_so(tmp_path: Path) -> None:
    assert devnet(tmp_path, "down").stdout.strip() == "Nothing was running."
    told = devnet(tmp_path, "status")
    assert (told.returncode, told.stdout.strip()) == (1, "No network here; start one with: make up")
