"""Workers prepared ahead: there for the next load, out of the way of this one, and gone with the node."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

import pytest
import pytest_asyncio

from mlnode.io.frames import Load, Loaded, LoadFailed, Open
from mlnode.io.spare import Spares
from mlnode.io.spawn import WorkerProcess

Make = Callable[..., Spares]


@pytest_asyncio.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Spares] = []

    def make_spares(count: int = 1) -> Spares:
        made.append(Spares(count, rest_s=0.0))
        return made[-1]

    yield make_spares
    for spares in made:
        await spares.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits on the loop's own turns, at most 30 s."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def load(process: WorkerProcess, path: Path) -> Loaded:
    process.send(Load(path=str(path), n_ctx=256))
    async for frame in process.frames():
        if isinstance(frame, Loaded):
            return frame
    pytest.fail(f"the worker ended: {process.log_tail().decode()}")


async def end(process: WorkerProcess) -> None:
    process.kill()
    await process.wait()


async def test_a_prepared_worker_takes_the_load_and_is_replaced_after_it(make: Make, tiny_path: Path) -> None:
    spares = make()
    spares.fill()
    await until(lambda: len(spares.pids) == 1)
    (pid,) = spares.pids
    process = await spares.take(1, "any.gguf")
    assert process.pid == pid
    assert (await load(process, tiny_path)).n_vocab == 512
    assert spares.pids == []
    spares.note_load_over(1)
    await until(lambda: len(spares.pids) == 1)
    assert spares.pids != [pid]
    await end(process)


async def test_none_is_prepared_while_any_model_loads(make: Make) -> None:
    spares = make(2)
    first, second = await spares.take(1, "any.gguf"), await spares.take(2, "any.gguf")
    spares.note_load_over(1)
    spares.fill()
    await end(first)
    await end(second)
    assert spares.pids == []
    spares.note_load_over(2)
    spares.note_load_over(2)
    await until(lambda: len(spares.pids) == 2)


async def test_a_prepared_worker_that_dies_is_replaced(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    spares = make()
    spares.fill()
    await until(lambda: len(spares.pids) == 1)
    (pid,) = spares.pids
    os.kill(pid, signal.SIGKILL)
    await until(lambda: len(spares.pids) == 1 and spares.pids != [pid])
    assert "prepared worker lost" in "".join(capfd.readouterr())


async def test_with_none_to_be_prepared_each_load_gets_a_new_one(make: Make) -> None:
    spares = make(0)
    spares.fill()
    process = await spares.take(1, "any.gguf")
    spares.note_load_over(1)
    assert spares.pids == []
    await end(process)


def opening(spares: Spares, *paths: Path) -> list[list[str]]:
    """Have these opened ahead, one after the other; filled with what was open each time that it was asked."""
    asked: list[list[str]] = []

    def choose(opened: Collection[str]) -> Open | None:
        asked.append(sorted(opened))
        left = [str(path) for path in paths if str(path) not in opened]
        return Open(path=left[0]) if left else None

    spares.choose = choose
    return asked


def maps(pid: int, path: Path) -> bool:
    return str(path.resolve()) in Path(f"/proc/{pid}/maps").read_text()


async def prepared(spares: Spares, path: Path) -> int:
    """The prepared worker that has opened the model."""
    spares.fill()
    await until(lambda: any(maps(pid, path) for pid in spares.pids))
    assert str(path) in spares.opened
    return next(pid for pid in spares.pids if maps(pid, path))


async def test_a_model_that_is_likely_to_come_is_open_when_it_comes(make: Make, tiny_path: Path) -> None:
    spares = make(2)
    opening(spares, tiny_path)
    pid = await prepared(spares, tiny_path)
    process = await spares.take(1, str(tiny_path))
    assert process.pid == pid
    assert spares.opened == []
    assert (await load(process, tiny_path)).n_vocab == 512
    await end(process)


async def test_another_model_goes_to_a_worker_that_has_none_open(make: Make, tiny_path: Path) -> None:
    spares = make(2)
    opening(spares, tiny_path)
    pid = await prepared(spares, tiny_path)
    process = await spares.take(1, "other.gguf")
    assert process.pid != pid
    await end(process)


async def test_a_worker_with_another_model_open_closes_it(
    make: Make, tiny_path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(tiny_path.read_bytes())
    spares = make()
    opening(spares, tiny_path)
    pid = await prepared(spares, tiny_path)
    process = await spares.take(1, str(copy))
    assert process.pid == pid
    assert (await load(process, copy)).n_vocab == 512
    assert maps(pid, copy) and not maps(pid, tiny_path)
    await end(process)


async def test_a_file_that_was_replaced_since_is_opened_again(
    make: Make, tiny_path: Path, tmp_path: Path
) -> None:
    path, fresh = tmp_path / "model.gguf", tmp_path / "fresh"
    path.write_bytes(tiny_path.read_bytes())
    spares = make()
    opening(spares, path)
    await prepared(spares, path)
    fresh.write_bytes(b"GGUF" + bytes(100))
    fresh.rename(path)
    process = await spares.take(1, str(path))
    process.send(Load(path=str(path), n_ctx=256))
    frames = [frame async for frame in process.frames()]
    assert [type(frame) for frame in frames] == [LoadFailed]
    await end(process)


async def test_what_cannot_be_opened_ahead_is_told_when_it_is_loaded(
    make: Make, tiny_path: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny_path.read_bytes()[:2000])
    for path, expected in ((broken, LoadFailed), (tiny_path, Loaded)):
        spares = make()
        opening(spares, broken)
        spares.fill()
        await until(lambda spares=spares: spares.opened == [str(broken)])  # type: ignore[misc]
        process = await spares.take(1, str(path))
        process.send(Load(path=str(path), n_ctx=256))
        async for frame in process.frames():
            assert not isinstance(frame, Loaded | LoadFailed) or isinstance(frame, expected)
            if isinstance(frame, Loaded):
                break
        await end(process)


async def test_a_model_whose_prepared_worker_died_is_not_opened_again(make: Make, tiny_path: Path) -> None:
    spares = make()
    asked = opening(spares, tiny_path)
    pid = await prepared(spares, tiny_path)
    before = len(asked)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: len(spares.pids) == 1 and spares.pids != [pid] and len(asked) > before)
    assert spares.opened == []


async def test_who_waits_ends_with_the_node(make: Make) -> None:
    spares = make()
    spares.fill()
    await until(lambda: len(spares.pids) == 1)
    (pid,) = spares.pids
    await spares.close()
    assert not Path(f"/proc/{pid}").exists()
    spares.fill()
    assert spares.pids == []


async def test_a_prepared_worker_is_silent_until_it_is_told_to_load() -> None:
    """What nobody reads would fill the socket in a few hours and block it."""
    ours, theirs = socket.socketpair()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mlnode.io.entry",
        str(theirs.fileno()),
        str(os.getpid()),
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    threads = Path(f"/proc/{process.pid}/task")
    await until(lambda: len(list(threads.iterdir())) > 1)  # it reads orders
    ours.settimeout(1.2)  # longer than from one heartbeat to the next
    with ours, pytest.raises(TimeoutError):
        await asyncio.to_thread(ours.recv, 1)
    assert await process.wait() == 0


def test_a_worker_imports_nothing_that_its_first_token_does_not_need() -> None:
    script = (
        "import sys\n"
        "from mlnode.io import entry\n"
        "entry.import_interface()\n"
        "import mlnode.io.worker\n"
        "import llama_cpp\n"
        "assert llama_cpp.llama_decode and not hasattr(llama_cpp, 'Llama')\n"
        "print(*{'jinja2', 'diskcache', 'asyncio', 'pydantic', 'starlette', 'grpc'} & set(sys.modules))\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


async def test_a_prepared_worker_has_imported_what_only_some_models_need(make: Make) -> None:
    spares = make()
    spares.fill()
    await until(lambda: len(spares.pids) == 1)
    (pid,) = spares.pids
    await until(lambda: "markupsafe" in Path(f"/proc/{pid}/maps").read_text())  # jinja2's compiled part
