"""What we are measured against, built from the very sources that our own llama.cpp comes from, as they are.

`llama-server` and `llama-bench` are compiled once, with the flags of the installation, and kept in the user's
cache. llama-cpp-python's server gets an environment of its own and the library of those two. Run as
`python -m tests.bench.references` it builds all of them ahead of the first measurement.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "deploy" / "install"))

import build_llama  # noqa: E402
from progress import run_quietly  # noqa: E402

PROGRAMS = ("llama-server", "llama-bench")
WANTED = ("LLAMA_BUILD_COMMON", "LLAMA_BUILD_TOOLS", "LLAMA_BUILD_SERVER")
FLAGS = (
    *(flag for flag in build_llama.CMAKE_FLAGS if flag[2:].split("=")[0] not in WANTED),
    *(f"-D{name}=ON" for name in WANTED),
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
)
REQUIREMENTS = ROOT / "requirements" / "llama_server.txt"
"""What llama-cpp-python's server needs beside llama-cpp-python."""


def programs() -> Path:
    """The folder that holds `PROGRAMS`; they are built (ten minutes on two cores) when they are not there."""
    version, compiler = build_llama.pinned_version(), build_llama.compiler_version()
    flags = [*FLAGS, *build_llama.extra_flags()]
    cache = build_llama.cache_dir() / "references"
    cache.mkdir(exist_ok=True)
    home = cache / f"{version}-{build_llama.digest(build_llama.machine_key(), compiler, *flags)}"
    with build_llama.locked(cache):
        if not home.exists():
            _build(version, home, home.with_name(f"{home.name}.work"), flags)
    return home


def _build(version: str, home: Path, work: Path, flags: list[str]) -> None:
    log = work / "build.log"
    kept = next((work / "release").glob("*.tar.gz"), None)
    archive = kept or build_llama.fetch_release(version, work / "release", log)
    sources, build = build_llama.unpack_sources(archive, work), work / "build"
    environment = os.environ | {"PATH": build_llama.tool_path(), "NINJA_STATUS": "[%f/%t] "}
    cmake = shutil.which("cmake", path=build_llama.tool_path()) or "cmake"
    configure = [cmake, "-S", str(sources), "-B", str(build), "-G", "Ninja", *flags]
    run_quietly("preparing the build of the references", configure, log, environment)
    compile_ = [cmake, "--build", str(build), "--target", *PROGRAMS]
    run_quietly("building llama-server and llama-bench (once)", compile_, log, environment)
    fresh = home.with_name(f"{home.name}.fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(build / "bin", fresh)
    fresh.rename(home)
    shutil.rmtree(work)


def python_server() -> Path:
    """A Python that has llama-cpp-python's own server; the library to use is told by `LLAMA_CPP_LIB_PATH`."""
    key = REQUIREMENTS.read_bytes() + str(build_llama.package_dir()).encode() + sys.version.encode()
    folder = ROOT / ".meshkeeper" / f"llama_server-{hashlib.sha256(key).hexdigest()[:16]}"
    python, done = folder / "bin" / "python", folder / "complete"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
        site = next(folder.glob("lib/python*/site-packages"))
        (site / "llama_cpp").symlink_to(build_llama.package_dir())
        done.touch()
    return python


if __name__ == "__main__":
    print(programs())
    print(python_server())
