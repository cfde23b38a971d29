"""What a load would take, exactly, without loading: `python -m mlnode.io.probe`, one question and one answer.

llama.cpp works out every buffer of a model and of its contexts without allocating them, with the very
parameters that a worker would use. A process of its own, at the lowest priority: a file that brings llama.cpp
down brings down nobody else. The question is a line of JSON on stdin, the answer one on stdout; other talk
goes to stderr.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlnode.contexts import ContextShape, KvType, poc_context, serving_context

if TYPE_CHECKING:
    from mlnode.io.callbacks import EngineLog
    from mlnode.io.llama import Model

Sizes = dict[str, tuple[int, int, int]]
_NOTHING = (0, 0, 0)


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
    """Cells and computing of the context for proof of compute."""


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


def probe(question: Question, log: "EngineLog") -> Answer:
    """The answer, worked out in this process. Never raises for a file that is no model."""
    from mlnode.io.breakdown import NoBreakdown
    from mlnode.io.llama import EngineError

    try:
        return _work_out(question, log)
    except (EngineError, NoBreakdown) as error:
        return Answer(n_ctx=0, n_vocab=0, error=str(error))


def _work_out(question: Question, log: "EngineLog") -> Answer:
    from mlnode.io.host import read_resident_bytes
    from mlnode.io.llama import Model
    from mlnode.io.loading import check_kv_type, read_model_header

    if question.devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(question.devices)
    path = Path(question.path)
    check_kv_type(read_model_header(path), question.kv_type)
    _, libraries = read_resident_bytes()
    model = Model(
        path,
        n_gpu_layers=question.n_gpu_layers,
        use_mmap=True,
        check_tensors=False,
        log=log,
        tensor_split=question.tensor_split,
        no_alloc=True,
    )
    n_ctx = min(question.n_ctx, model.n_ctx_train or question.n_ctx)
    serving = serving_context(n_ctx, question.slots, question.n_ubatch, question.kv_type)
    sizes, output = measure_context(model, serving, log)
    poc_sizes, poc_output = measure_context(model, poc_context(), log)
    return Answer(
        n_ctx=n_ctx,
        n_vocab=model.n_vocab,
        buffers={
            name: _describe(sizes.get(name, _NOTHING), poc_sizes.get(name, _NOTHING))
            for name in sorted({*sizes, *poc_sizes})
        },
        output=output,
        poc_output=poc_output,
        resident=max(0, read_resident_bytes()[0] - libraries),
    )


def _describe(serving: tuple[int, int, int], poc: tuple[int, int, int]) -> Buffers:
    weights, kv, compute = serving
    return Buffers(weights=weights, kv=kv, compute=compute, poc=poc[1] + poc[2])


def measure_context(model: "Model", shape: ContextShape, log: "EngineLog") -> tuple[Sizes, int]:
    """The buffers of a context of this shape, and the bytes of its results."""
    from mlnode.io.breakdown import read_breakdown
    from mlnode.io.callbacks import AbortFlag
    from mlnode.io.llama import Context

    log.forget()
    context = Context(model, shape, n_threads=1, abort=AbortFlag())
    try:
        return read_breakdown(context.pointer), log.buffer_bytes("output")
    finally:
        context.close()


def main() -> None:
    os.nice(19)
    os.environ["GGML_NO_BACKTRACE"] = "1"
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # llama.cpp and its back ends may print
    from mlnode.io.callbacks import EngineLog

    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=Question)
    answers.write(msgspec.json.encode(probe(question, EngineLog())) + b"\n")
    answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
