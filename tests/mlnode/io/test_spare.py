"""Workers prepared ahead: there for the next load, out of the way of this one, and gone with the node."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from mlnode.io.frames import Load, Loaded
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
    process = await spares.take(1)
    assert process.pid == pid
    assert (await load(process, tiny_path)).n_vocab == 512
    assert spares.pids == []
    spares.note_load_over(1)
    await until(lambda: len(spares.pids) == 1)
    assert spares.pids != [pid]
    await end(process)


async def test_none_is_prepared_while_any_model_loads(make: Make) -> None:
    spares = make(2)
    first, second = await spares.take(1), await spares.take(2)
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
    process = await spares.take(1)
    spares.note_load_over(1)
    assert spares.pids == []
    await end(process)


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
