"""NVIDIA's library, compiled from `nvml_stub.c`, and the world that it tells of."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

SOURCE = Path(__file__).with_name("nvml_stub.c")


class World:
    """What the library will say from now on. Written whole, so that nobody reads half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []
        self.tell()

    def tell(self, *lines: str) -> None:
        """The lines are all that is true now."""
        self._lines = list(lines)
        partial = self.path.with_suffix(".part")
        partial.write_text("".join(f"{line}\n" for line in lines))
        partial.replace(self.path)

    def add(self, *lines: str) -> None:
        self.tell(*self._lines, *lines)


@pytest.fixture(scope="session")
def nvml_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `libnvidia-ml.so.1`, for LD_LIBRARY_PATH."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing = "no C compiler: install gcc"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("nvml")
    target = folder / "libnvidia-ml.so.1"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    command += ["-Wl,-soname,libnvidia-ml.so.1", "-o", str(target), str(SOURCE)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def world(nvml_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The library in this process: loaded under its name before anybody asks for it, silent afterwards."""
    if pynvml.nvmlLib is not None and not hasattr(pynvml.nvmlLib, "nvml_stub"):
        pytest.skip("this process has the machine's own NVML already")
    ctypes.CDLL(str(nvml_dir / "libnvidia-ml.so.1"))
    told = World(tmp_path / "world")
    monkeypatch.setenv("NVML_STUB", str(told.path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield told
