"""A worker as a process: loading, answering, cancelling, dying."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlnode.io.frames import (
    Cancel,
    ChatMessage,
    Done,
    FrameBuffer,
    Heartbeat,
    Hold,
    Load,
    Loaded,
    LoadFailed,
    Progress,
    RequestFailed,
    Resume,
    SetThreads,
    Step,
    Submit,
    decode_worker,
    encode,
)
from mlnode.io.made_gguf import write_tiny_gguf

Start = Callable[..., Awaitable[Any]]


async def test_a_loaded_worker_says_what_it_took(start_worker: Start) -> None:
    client = await start_worker(slots=2)
    loaded = await client.wait_for(Loaded)
    assert (loaded.name, loaded.architecture, loaded.n_ctx, loaded.n_vocab) == ("tiny", "llama", 512, 512)
    assert loaded.model_bytes == 591_104
    assert loaded.kv_bytes == 2 * 512 * 2 * 2 * 64 * 2
    assert 0 < loaded.compute_bytes < 40 * 2**20
    assert loaded.rss_bytes > 2**20
    assert not loaded.has_chat_template


async def test_a_load_tells_how_far_it_is(start_worker: Start, slow_path: Path) -> None:
    client = await start_worker(slow_path)
    told = [frame.permille for frame in client.frames if isinstance(frame, Progress)]
    assert told == sorted(told) != []
    assert all(0 <= permille <= 1000 for permille in told)
    kinds = [type(frame) for frame in client.frames if not isinstance(frame, Heartbeat)]
    assert kinds == [Progress] * len(told) + [Loaded]


async def test_a_held_answer_waits_for_its_reader(start_worker: Start, slow_path: Path) -> None:
    client = await start_worker(slow_path, slots=1, n_ctx=8192)
    client.worker.send(Submit(request_id=1, text="the"))
    await client.wait_for(Step)
    client.worker.send(Hold(request_id=1))
    await client.wait_for(Heartbeat, lambda frame: frame.steps > 0 and not frame.active)
    written = sum(isinstance(frame, Step) for frame in client.frames)
    client.worker.send(Resume(request_id=1))
    await client.wait_for(Step, lambda frame: frame.deltas[0].n_tokens > written)
    client.worker.send(Cancel(request_id=1))
    assert (await client.wait_for(Done)).finish_reason == "cancelled"


async def test_the_context_is_not_longer_than_the_model_was_trained_for(start_worker: Start) -> None:
    client = await start_worker(n_ctx=100_000)
    assert (await client.wait_for(Loaded)).n_ctx == 2048


async def test_answers_come_piece_by_piece_and_end_once(start_worker: Start) -> None:
    client = await start_worker(slots=4)
    for i in range(6):
        client.worker.send(Submit(request_id=i, text="the water", max_tokens=20))
    for i in range(6):
        done = await client.wait_for(Done, lambda frame, i=i: frame.request_id == i)
        assert (done.n_completion, done.finish_reason) == (20, "length")
    steps = [frame for frame in client.frames if isinstance(frame, Step)]
    pieces = [[d.text for step in steps for d in step.deltas if d.request_id == i] for i in range(6)]
    assert all(len(texts) == 20 for texts in pieces)
    assert len({"".join(texts) for texts in pieces}) == 1
    assert max(len(step.deltas) for step in steps) == 4


async def test_the_worker_tells_that_it_lives(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(Submit(request_id=1, text="the", max_tokens=3))
    beat = await client.wait_for(Heartbeat, lambda frame: frame.steps > 2)
    assert (beat.active, beat.waiting, beat.poc) == (0, 0, False)


async def test_a_request_cancelled_in_its_prompt_frees_the_slot_at_once(
    start_worker: Start, slow_path: Path
) -> None:
    client = await start_worker(slow_path, slots=1, n_ctx=8192)
    client.worker.send(Submit(request_id=1, tokens=[300 + i % 200 for i in range(8000)], max_tokens=1))
    client.worker.send(Submit(request_id=2, text="the", max_tokens=1))
    await client.wait_for(Heartbeat, lambda frame: frame.waiting == 1 and frame.active == 1)
    started = time.monotonic()
    client.worker.send(Cancel(request_id=1))
    done = await client.wait_for(Done, lambda frame: frame.request_id == 1)
    assert time.monotonic() - started < 0.2
    assert (done.finish_reason, done.n_completion) == ("cancelled", 0)
    assert (await client.wait_for(Done, lambda frame: frame.request_id == 2)).finish_reason == "length"


async def test_cancelling_twice_or_for_nothing_does_no_harm(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(Cancel(request_id=5))
    client.worker.send(Submit(request_id=1, text="the", max_tokens=400))
    for _ in range(3):
        client.worker.send(Cancel(request_id=1))
    client.worker.send(Submit(request_id=5, text="the", max_tokens=3))
    assert (await client.wait_for(Done, lambda frame: frame.request_id == 1)).finish_reason == "cancelled"
    assert (await client.wait_for(Done, lambda frame: frame.request_id == 5)).finish_reason == "length"


async def test_the_number_of_threads_changes_nothing_in_the_text(start_worker: Start) -> None:
    client = await start_worker()
    for i, threads in enumerate((1, 2, 10**9)):
        client.worker.send(SetThreads(n_threads=threads if i < 2 else 1))
        client.worker.send(Submit(request_id=i, text="the people", max_tokens=15))
        await client.wait_for(Done, lambda frame, i=i: frame.request_id == i)
    texts = [
        "".join(d.text for f in client.frames if isinstance(f, Step) for d in f.deltas if d.request_id == i)
        for i in range(3)
    ]
    assert texts[0] == texts[1] == texts[2] != ""


async def test_stop_cancels_what_runs_and_exits_with_zero(start_worker: Start) -> None:
    client = await start_worker(slots=1)
    for i in range(2):
        client.worker.send(Submit(request_id=i, text="the"))
    assert await client.worker.stop() == 0
    assert await client.wait_for_end() == 0
    reasons = {frame.request_id: frame.finish_reason for frame in client.frames if isinstance(frame, Done)}
    assert reasons == {0: "cancelled", 1: "cancelled"}


async def test_a_killed_worker_is_the_end_of_its_frames(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(Submit(request_id=1, text="the"))
    await client.wait_for(Step)
    os.kill(client.worker.pid, signal.SIGKILL)
    assert await client.wait_for_end() == -signal.SIGKILL
    client.worker.send(Cancel(request_id=1))
    assert not [frame for frame in client.frames if isinstance(frame, Done)]


def damaged(source: Path, target: Path, damage: str) -> Path:
    data = bytearray(source.read_bytes())
    match damage:
        case "empty":
            data.clear()
        case "text":
            data[:] = b"# not a model\n" * 100
        case "cut":
            del data[len(data) // 2 :]
        case "version":
            data[4] = 77
        case "counts":
            data[8:24] = b"\xff" * 16
        case "tensor name":
            data[:] = data.replace(b"blk.0.attn_q.weight", b"blk.0.attn_x.weight")
    target.write_bytes(data)
    return target


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("empty", "NOT_GGUF"),
        ("text", "NOT_GGUF"),
        ("cut", "CORRUPT"),
        ("version", "UNSUPPORTED"),
        ("counts", "CORRUPT"),
        ("tensor name", "CORRUPT"),
    ],
)
async def test_a_damaged_file_is_a_failed_load_and_no_crash(
    start_worker: Start, tiny_path: Path, tmp_path: Path, damage: str, code: str
) -> None:
    client = await start_worker(damaged(tiny_path, tmp_path / "bad.gguf", damage), loaded=False)
    failed = await client.wait_for(LoadFailed)
    assert failed.code == code
    assert failed.text
    assert await client.wait_for_end() == 3


async def test_a_missing_file_and_a_folder_are_failed_loads(start_worker: Start, tmp_path: Path) -> None:
    missing = await start_worker(tmp_path / "none.gguf", loaded=False)
    folder = await start_worker(tmp_path, loaded=False)
    assert (await missing.wait_for(LoadFailed)).code == "FILE_MISSING"
    assert (await folder.wait_for(LoadFailed)).code == "FILE_UNREADABLE"


@pytest.mark.parametrize(
    "wrong", [{"slots": 0}, {"slots": 65}, {"n_ctx": 0}, {"n_ubatch": 7}, {"n_threads": 0}]
)
async def test_impossible_parameters_are_a_failed_load(start_worker: Start, wrong: dict[str, int]) -> None:
    client = await start_worker(loaded=False, **wrong)
    assert (await client.wait_for(LoadFailed)).code == "BAD_PARAMETERS"


async def test_a_refused_request_leaves_the_worker_serving(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(Submit(request_id=1))
    client.worker.send(Submit(request_id=2, text="the", max_tokens=2))
    assert (await client.wait_for(RequestFailed)).code == "BAD_PROMPT"
    assert (await client.wait_for(Done)).request_id == 2


def spawn_by_hand(parent: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlnode.io.entry", str(theirs.fileno()), str(parent)],
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL,
        )
    return process, ours


def test_a_closed_socket_ends_the_worker(tiny_path: Path) -> None:
    process, ours = spawn_by_hand(os.getpid())
    with process, ours:
        ours.sendall(encode(Load(path=str(tiny_path))))
        ours.settimeout(30)
        bodies = FrameBuffer()
        frames = [decode_worker(body) for body in bodies.feed(ours.recv(65536))]
        assert isinstance(frames[0], Progress | Loaded | Heartbeat)
        ours.close()
        assert process.wait(30) == 0


def test_bytes_that_are_no_frame_end_the_worker() -> None:
    process, ours = spawn_by_hand(os.getpid())
    with process, ours:
        ours.sendall(b"\x00\x00\x00\x02hi")
        assert process.wait(30) == 2


def test_a_worker_whose_parent_is_gone_does_not_begin(tiny_path: Path) -> None:
    process, ours = spawn_by_hand(1)
    with process, ours:
        assert process.wait(30) == 0


async def test_a_worker_dies_with_its_front(tmp_path: Path, tiny_path: Path) -> None:
    """A front that is killed cannot stop its workers: the kernel does."""
    script = (
        "import asyncio, sys, time\n"
        "from mlnode.io.spawn import WorkerProcess\n"
        "async def main():\n"
        "    worker = await WorkerProcess.start()\n"
        "    print(worker.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    front = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert front.stdout is not None
    pid = int(await front.stdout.readline())
    front.kill()
    await front.wait()
    async with asyncio.timeout(30):
        while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
            await asyncio.sleep(0.01)


async def test_a_head_that_is_no_whole_block_cannot_be_kept_quantised(start_worker: Start) -> None:
    client = await start_worker(loaded=False, kv_type="q8_0")
    failed = await client.wait_for(LoadFailed)
    assert failed.code == "BAD_PARAMETERS"
    assert "16 elements" in failed.text


async def test_a_template_that_takes_its_time_holds_up_no_answer(start_worker: Start, tmp_path: Path) -> None:
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    path = tmp_path / "endless.gguf"
    write_tiny_gguf(path, chat_template=endless)
    client = await start_worker(path, n_ctx=2048, slots=2)
    client.worker.send(Submit(request_id=1, text="the day", max_tokens=2000))
    await client.wait_for(Step)
    client.worker.send(Submit(request_id=2, messages=[ChatMessage("user", "hi")]))
    before = len(client.frames)
    failed = await client.wait_for(RequestFailed)
    meanwhile = [frame for frame in client.frames[before:] if isinstance(frame, Step | Done)]
    assert (failed.request_id, failed.code) == (2, "BAD_TEMPLATE")
    assert len(meanwhile) > 20
