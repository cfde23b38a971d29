"""The node's speed, through HTTP and beside others, on one real model."""

import asyncio
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import httpx
import numpy as np

from mlnode.contexts import serving_context
from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.engine import Engine
from mlnode.io.frames import Frame, Step, Submit
from mlnode.io.llama import Context
from mlnode.io.model import Model
from tests.bench import references, servers

Rate = Callable[[], float]
Row = tuple[Rate, Rate]
TOKENS = 64
PROMPT_TOKENS = 18
"""Of the prompts that the clients send."""
CONTEXT = 512
CANCEL_MS, CANCELS = 50.0, 20
REFUSE_MS, REFUSALS = 20.0, 200
SWAP_COLD_S, SWAP_PREPARED_S = 0.8, 0.5
BUFFER_MIB = 40.0
NEAR, FAR, STEPS = 64, 4096, 40
LOG = EngineLog()


def prepare_decode() -> Row:
    """Tokens a second of one stream, against llama-bench."""
    port = servers.serve("--threads", "1")
    servers.stream_rate(port, 4)
    return (lambda: servers.stream_rate(port, 96)), _run_llama_bench


def _run_llama_bench() -> float:
    program = references.programs() / "llama-bench"
    command = [str(program), "-m", str(servers.find_model()), "-p", "0", "-n", "96", "-t", "1", "-r", "1"]
    done = subprocess.run([*command, "-o", "json"], capture_output=True, check=True)
    return float(json.loads(done.stdout)[0]["avg_ts"])


def prepare_clients(clients: int) -> Row:
    """Tokens a second of several clients together, one thread, against llama-server."""
    ours = servers.serve("--slots", str(clients), "--threads", "1", "--ctx-size", str(CONTEXT))
    other = servers.serve_llama(clients, 1, CONTEXT)
    for port in (ours, other):
        servers.measure_streams(port, clients, 24)
    return (
        lambda: servers.measure_streams(ours, clients, TOKENS),
        lambda: servers.measure_streams(other, clients, TOKENS),
    )


def prepare_clients_bare(clients: int) -> Row:
    """The same against the limit: as many sequences decoded together with nothing around it, no token chosen
    and nothing sent."""
    port = servers.serve("--slots", str(clients), "--threads", "1", "--ctx-size", str(CONTEXT))
    servers.measure_streams(port, clients, 24)
    shape = serving_context(CONTEXT, clients, CONTEXT)
    context = Context(_model(), shape, n_threads=1, abort=AbortFlag())
    return (lambda: servers.measure_streams(port, clients, TOKENS)), (lambda: _write_bare(context, clients))


def _write_bare(context: Context, clients: int) -> float:
    context.clear()
    slots, ends = np.arange(clients), PROMPT_TOKENS * np.arange(1, clients + 1) - 1
    began = time.perf_counter()
    context.decode(
        draw(PROMPT_TOKENS * clients),
        np.tile(np.arange(PROMPT_TOKENS, dtype=np.int32), clients),
        np.repeat(slots.astype(np.int32), PROMPT_TOKENS),
        ends.tolist(),
        frozenset(),
    )
    for position in range(PROMPT_TOKENS, PROMPT_TOKENS + TOKENS - 1):
        context.decode(draw(clients), [position] * clients, slots.tolist(), slots.tolist(), frozenset())
    return clients * TOKENS / (time.perf_counter() - began)


def prepare_python_server() -> Row:
    """Tokens a second of eight clients together, two threads, against llama-cpp-python's server."""
    ours = servers.serve("--slots", "8", "--threads", "2", "--ctx-size", str(CONTEXT))
    other = servers.serve_llama_python(2, CONTEXT)
    for port in (ours, other):
        servers.measure_streams(port, 8, 8)
    return (
        lambda: servers.measure_streams(ours, 8, TOKENS),
        lambda: servers.measure_streams(other, 8, TOKENS),
    )


def prepare_first_token() -> Row:
    """First tokens a second of prompts of 300 tokens, against reading them bare and one step."""
    port = servers.serve("--threads", "1")
    servers.time_first(port, [5000])
    context = Context(_model(), serving_context(CONTEXT, 1, CONTEXT), n_threads=1, abort=AbortFlag())
    return (lambda: 1 / servers.time_first(port, draw(300))), (lambda: 1 / _read_bare(context, draw(300)))


def _read_bare(context: Context, prompt: list[int]) -> float:
    context.clear()
    n = len(prompt)
    began = time.perf_counter()
    context.decode(prompt, range(n), 0, [n - 1], frozenset())
    context.decode([int(context.logits(n - 1).argmax())], [n], 0, [0], frozenset())
    return time.perf_counter() - began


def prepare_cancel() -> Row:
    """How often a second a client could leave in the middle of a long prompt, the slowest of twenty, until
    the slot is free."""
    port = servers.serve("--threads", "1")
    servers.time_first(port, [5000])
    return (lambda: 1 / asyncio.run(_cancel_many(port))), (lambda: 1000 / CANCEL_MS)


async def _cancel_many(port: int) -> float:
    """The 95th percentile, seconds."""
    async with httpx.AsyncClient(timeout=servers.ANSWER_TIMEOUT_S) as client:
        times = [await _cancel(client, port, 0.2 + 0.05 * number) for number in range(CANCELS)]
    return sorted(times)[round(0.95 * CANCELS) - 1]


async def _cancel(client: httpx.AsyncClient, port: int, after_s: float) -> float:
    body = json.dumps(servers.make_body(draw(3500), 1)).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    writer.write(head.encode() + b"content-type: application/json\r\n\r\n" + body)
    await writer.drain()
    await asyncio.sleep(after_s)
    assert await _count_inflight(client, port) == 1
    left = time.perf_counter()
    writer.close()
    while await _count_inflight(client, port):
        pass
    return time.perf_counter() - left


async def _count_inflight(client: httpx.AsyncClient, port: int) -> int:
    """Slots in use: one is free when the worker says so."""
    status = (await client.get(f"http://127.0.0.1:{port}/status")).json()
    return sum(int(instance["inflight"]) for instance in status["instances"])


def prepare_refusal() -> Row:
    """How often a second a full queue could refuse, the slowest of a hundred, while the model works."""
    port = servers.serve("--threads", "1", "--max-queue-depth", "1")
    servers.time_first(port, [5000])
    return (lambda: 1 / asyncio.run(_refuse_many(port))), (lambda: 1000 / REFUSE_MS)


async def _refuse_many(port: int) -> float:
    """The 99th percentile, seconds."""
    url = f"http://127.0.0.1:{port}/v1/completions"
    async with httpx.AsyncClient(timeout=servers.ANSWER_TIMEOUT_S) as client:
        busy = [asyncio.create_task(client.post(url, json=servers.make_body(draw(3000), 900))) for _ in "12"]
        await asyncio.sleep(0.5)
        times = []
        for _ in range(REFUSALS):
            began = time.perf_counter()
            assert (await client.post(url, json=servers.make_body(servers.PROMPT, 1))).status_code == 429
            times.append(time.perf_counter() - began)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    return sorted(times)[round(0.99 * REFUSALS) - 1]


REST_S = 3.0
"""Between two swaps: a worker for the next one is prepared a second after a load."""


def prepare_swap(prepared: int) -> Row:
    """Swaps a second between two models of which one fits, from the request to its first token."""
    limit_s = SWAP_PREPARED_S if prepared else SWAP_COLD_S
    return _swap(prepared), (lambda: 1 / limit_s)


def prepare_swap_against_start() -> Row:
    """The same without prepared workers, against the start of llama.cpp's own server."""
    return _swap(0), (lambda: 1 / statistics.median(servers.time_llama_start() for _ in range(3)))


def _swap(prepared: int) -> Rate:
    names = ("a.gguf", "b.gguf")
    port = serve_two(names, "--prepared-workers", str(prepared))
    turn = iter(names * 1000)
    servers.time_first(port, servers.PROMPT, next(turn))

    def swap() -> float:
        times = []
        for _ in range(3):
            time.sleep(REST_S)
            times.append(servers.time_first(port, servers.PROMPT, next(turn)))
        return 1 / statistics.median(times)

    return swap


def prepare_prefix() -> Row:
    """First tokens a second of a prompt of 2,000 tokens that was read before its model was swapped out and in
    again, against such a prompt that is new."""
    port = serve_two(("a.gguf", "b.gguf"))

    def again() -> float:
        prompt = draw(2000)
        servers.time_first(port, prompt, "a.gguf")
        for name in ("b.gguf", "a.gguf"):
            servers.time_first(port, servers.PROMPT, name)
        return 1 / servers.time_first(port, prompt, "a.gguf")

    return again, (lambda: 1 / servers.time_first(port, draw(2000), "a.gguf"))


def serve_two(names: tuple[str, str], *flags: str) -> int:
    """A node with two models of which one fits at a time."""
    return servers.serve("--threads", "1", "--vram-budget-mb", "750", *flags, names=names)


def prepare_flatness() -> Row:
    """Tokens a second that our side alone could do at position 4,096, against position 64."""
    return (lambda: 1 / _measure_side(FAR)), (lambda: 1 / _measure_side(NEAR))


def _measure_side(position: int) -> float:
    """Seconds of a step outside of llama.cpp: processor time of the step without that of the decode."""
    decoding = 0.0
    sent: list[Frame] = []
    engine = Engine(_model(), AbortFlag(), sent.append, n_ctx=FAR + 64, slots=1, n_ubatch=512, n_threads=1)
    decode = engine._context.decode

    def timed(*arguments: object, **more: object) -> int:
        nonlocal decoding
        began = time.thread_time()
        code: int = decode(*arguments, **more)  # type: ignore[arg-type]
        decoding += time.thread_time() - began
        return code

    engine._context.decode = timed  # type: ignore[method-assign]
    engine.submit(
        Submit(request_id=1, tokens=draw(position), max_tokens=STEPS + 4, ignore_eos=True, stop=("\0",))
    )
    while not any(isinstance(frame, Step) for frame in sent):
        engine.step()
    times = []
    for _ in range(STEPS):
        decoding, began = 0.0, time.thread_time()
        engine.step()
        times.append(time.thread_time() - began - decoding)
    engine.close()
    return statistics.median(times)


def prepare_buffer() -> Row:
    """How many times our buffers of the computation and of its results fit into 40 MiB."""

    def measure() -> float:
        LOG.forget()
        engine = Engine(_model(), AbortFlag(), lambda _: None, n_ctx=4096, slots=8, n_ubatch=128, n_threads=1)
        engine.close()
        return BUFFER_MIB * 2**20 / (LOG.buffer_bytes("compute") + LOG.buffer_bytes("output"))

    return measure, (lambda: 1.0)


_random = np.random.default_rng(1)


def draw(n: int) -> list[int]:
    """A prompt that was never asked before."""
    return [int(token) for token in _random.integers(1000, 200_000, n)]


@cache
def _model() -> Model:
    path = Path(servers.find_model())
    return Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=LOG)
