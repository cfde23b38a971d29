"""Asks the probe: a process of its own that knows what a load would take, and may die of a bad file.

Usable in the front and on the command line: nothing here imports llama.cpp.
"""

import contextlib
import select
import subprocess
import sys
from collections.abc import Iterable

import msgspec

from mlnode.contexts import KvType
from mlnode.estimate import PROCESS_BYTES, VOCABULARY_BYTES_PER_TOKEN, compute_cache_bytes
from mlnode.fit import Parts
from mlnode.io.spawn import make_environment
from mlnode.poc import DIMS, PROJECTIONS_MAX

ANSWER_S = 120.0
"""A model of 262,144 tokens takes half a second on an idle machine."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A model and how it would be loaded."""

    path: str
    n_ctx: int
    slots: int
    n_ubatch: int
    kv_type: KvType = "f16"
    n_gpu_layers: int = 0
    devices: tuple[str, ...] = ()
    tensor_split: tuple[float, ...] = ()


class Buffers(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on one kind of memory."""

    weights: int = 0
    kv: int = 0
    compute: int = 0
    poc: int = 0
    """Cells and computing of the second context, for proof of compute or for embeddings: the larger one."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Exact sizes, by llama.cpp's names of memory: `CPU`, `CPU_REPACK`, `CUDA0`, `CUDA_Host`, ..."""

    n_ctx: int
    """Tokens of one request, after the reduction to the trained context."""
    n_vocab: int
    buffers: dict[str, Buffers] = {}
    output: int = 0
    """Results of the serving context, in the host's memory."""
    poc_output: int = 0
    resident: int = 0
    """What this process took itself beside its libraries: interpreter, vocabulary, tensor descriptions."""
    error: str = ""
    """Why there is no answer; empty: there is."""


class ProbeFailed(Exception):
    """There is no answer; the sentence says why. It says nothing about whether the model can be loaded."""


class Prober:
    """Keeps one probe, started when it is first asked. Belongs to one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: Question) -> Answer:
        """What the load would take. Raises `ProbeFailed` when the file is no model, when it brings the probe
        down and when it takes too long."""
        process = self._process or self._start()
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(msgspec.json.encode(question) + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], ANSWER_S)
            line = process.stdout.readline() if ready else b""
            answer = msgspec.json.decode(line, type=Answer)
        except (OSError, ValueError, msgspec.MsgspecError):
            raise ProbeFailed(self._describe_end()) from None
        if answer.error:
            raise ProbeFailed(answer.error)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mlnode.io.probe"]
        pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=quiet, env=make_environment({})
        )
        return self._process

    def _describe_end(self) -> str:
        """Why there was no answer; the process is gone afterwards."""
        process = self._process
        with contextlib.suppress(subprocess.TimeoutExpired):
            if process is not None:
                process.wait(timeout=1)
        status = process.poll() if process is not None else None
        self.close()
        if status is None:
            return f"llama.cpp did not say within {ANSWER_S:.0f} s what it would take"
        return f"llama.cpp died of it (status {status})"

    def close(self) -> None:
        """End the probe. It may be asked again: another one is started."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()


def describe_parts(answer: Answer, size_bytes: int, n_embd: int, prefix_cache_mb: int) -> Parts:
    """The answer as the parts of one instance: on GPUs where the probe put anything there, otherwise in the
    host's memory, where the whole file of `size_bytes` is mapped and states of prompts are kept."""
    signs = 8 * PROJECTIONS_MAX * DIMS * n_embd
    gpus = {name: part for name, part in answer.buffers.items() if not _is_host(name)}
    if gpus:
        weights, kv, compute, poc = _sum(gpus.values())
        return Parts(weights, 0, kv, compute, 0, 0, poc)
    weights, kv, compute, poc = _sum(answer.buffers.values())
    copies = sum(part.weights for name, part in answer.buffers.items() if name != "CPU")
    return Parts(
        weights=max(size_bytes, weights),
        copies=copies,
        kv=kv,
        compute=compute,
        results=answer.output,
        process=answer.resident or PROCESS_BYTES + VOCABULARY_BYTES_PER_TOKEN * answer.n_vocab,
        poc=poc + answer.poc_output + signs,
        cache=compute_cache_bytes(kv, prefix_cache_mb),
    )


def _is_host(name: str) -> bool:
    return name.startswith("CPU") or name.endswith("_Host")


def _sum(parts: Iterable[Buffers]) -> tuple[int, int, int, int]:
    listed = list(parts)
    return (
        sum(part.weights for part in listed),
        sum(part.kv for part in listed),
        sum(part.compute for part in listed),
        sum(part.poc for part in listed),
    )
