"""The models' folder as it changes while a node runs."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from mlnode.catalog import UNSETTLED, ModelFile
from mlnode.io.watch import Changes, ModelFolder, Watching


class Watched:
    """A folder that is watched, and what it was found to hold."""

    def __init__(self, path: Path, how: Watching) -> None:
        self.path = path
        self.scans: list[dict[str, ModelFile]] = []
        self.folder = ModelFolder(path, False, self._take)
        self.folder.load()
        self.watching = asyncio.create_task(self.folder.watch(how))

    def _take(self, files: tuple[ModelFile, ...]) -> None:
        self.scans.append({file.id: file for file in files})

    async def until(self, holds: Callable[[dict[str, str]], bool]) -> None:
        """Until the newest scan is like this, at most 30 s."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                while not holds(self.problems):
                    await asyncio.sleep(0.01)
        assert holds(self.problems), self.problems

    @property
    def problems(self) -> dict[str, str]:
        return {id: file.problem for id, file in self.scans[-1].items()}


Watch = Callable[..., Watched]


@pytest_asyncio.fixture
async def watch(tmp_path: Path, tiny_path: Path) -> AsyncIterator[Watch]:
    made: list[Watched] = []
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(tiny_path, folder / "a.gguf")

    def begin(how: Watching = "auto") -> Watched:
        made.append(Watched(folder, how))
        return made[-1]

    yield begin
    for watched in made:
        watched.watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watched.watching


@pytest.mark.parametrize("how", ["auto", "poll"])
async def test_files_that_come_and_go_are_noticed(watch: Watch, tiny_path: Path, how: Watching) -> None:
    watched = watch(how)
    shutil.copy(tiny_path, watched.path / "b.gguf")
    (watched.path / "notes.txt").write_text("nothing to us")
    await watched.until(lambda found: found == {"a.gguf": "", "b.gguf": ""})
    (watched.path / "a.gguf").unlink()
    await watched.until(lambda found: found == {"b.gguf": ""})


async def test_a_folder_made_later_and_its_files_are_noticed(watch: Watch, tiny_path: Path) -> None:
    watched = watch()
    (watched.path / "big").mkdir()
    shutil.copy(tiny_path, watched.path / "big" / "m.gguf")
    await watched.until(lambda found: "big/m.gguf" in found)


async def test_a_file_put_in_the_place_of_another_is_noticed(watch: Watch, other_path: Path) -> None:
    watched = watch()
    before = watched.scans[-1]["a.gguf"].fingerprint
    shutil.copy(other_path, watched.path / "new")
    (watched.path / "new").replace(watched.path / "a.gguf")
    await watched.until(lambda _: watched.scans[-1]["a.gguf"].fingerprint != before)
    assert watched.problems == {"a.gguf": ""}


async def test_a_file_that_grows_is_said_to_be_written_and_is_a_model_in_the_end(
    watch: Watch, tiny_path: Path
) -> None:
    watched = watch()
    data = tiny_path.read_bytes()
    with (watched.path / "b.gguf").open("wb", buffering=0) as file:
        for start in range(len(data)):
            file.write(data[start : start + 1])
            await asyncio.sleep(0.01)
            if watched.problems.get("b.gguf") == UNSETTLED:
                break
        file.write(data[start + 1 :])
    await watched.until(lambda found: found == {"a.gguf": "", "b.gguf": ""})
    assert {scan["b.gguf"].problem for scan in watched.scans if "b.gguf" in scan} == {UNSETTLED, ""}


async def test_a_folder_that_is_gone_has_no_models_until_it_is_back(watch: Watch) -> None:
    watched = watch()
    away = watched.path.with_name("away")
    watched.path.rename(away)
    await watched.until(lambda found: found == {})
    away.rename(watched.path)
    await watched.until(lambda found: found == {"a.gguf": ""})


async def test_a_look_by_hand_tells_what_is_different(watch: Watch, tiny_path: Path) -> None:
    watched = watch("off")
    assert await watched.folder.rescan() == Changes((), (), ())
    assert len(watched.scans) == 1
    shutil.copy(tiny_path, watched.path / "b.gguf")
    os.utime(watched.path / "a.gguf", ns=(0, 0))
    assert await watched.folder.rescan() == Changes(("b.gguf",), (), ("a.gguf",))
    (watched.path / "a.gguf").unlink()
    assert await watched.folder.rescan() == Changes((), ("a.gguf",), ())
    assert watched.problems == {"b.gguf": ""}


async def test_while_nothing_happens_nothing_is_looked_at(watch: Watch) -> None:
    """The kernel says when; the thread of a library that looks by itself would be seen here."""
    others = _list_threads() - {str(os.getpid())}
    watched = watch()
    shutil.copy(watched.path / "a.gguf", watched.path / "b.gguf")
    await watched.until(lambda found: len(found) == 2)
    switches = _count_switches(others)
    await asyncio.sleep(1.0)
    assert _count_switches(others) - switches < 10


def _list_threads() -> set[str]:
    return {task.name for task in Path("/proc/self/task").iterdir()}


def _count_switches(others: set[str]) -> int:
    """How often our threads woke up; those that were there before are left out."""
    texts = [Path(f"/proc/self/task/{name}/status").read_text() for name in _list_threads() - others]
    lines = [line for text in texts for line in text.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
