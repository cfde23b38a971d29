"""What a load would take, exactly, without loading: `python -m mlnode.io.probe`, questions in, answers out.

llama.cpp works out every buffer of a model and of its contexts without allocating them, with the very
parameters that a worker would use. A process of its own, at the lowest priority: a file that brings llama.cpp
down brings down nobody else. A question is a line of JSON on stdin, its answer one on stdout; other talk
goes to stderr. Questions on the same model cost the reading of its vocabulary once.
"""

import os
import resource
import sys
from pathlib import Path

import msgspec

from mlnode.contexts import ContextShape, embedding_context, poc_context, serving_context
from mlnode.io.breakdown import NoBreakdown, read_breakdown
from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.host import read_resident_bytes
from mlnode.io.llama import Context
from mlnode.io.model import EngineError, Model
from mlnode.io.opening import check_kv_type, read_model_header
from mlnode.io.prober import Answer, Buffers, Question

CPU_S_MAX = 300
"""Computing time after which a probe that was forgotten ends by itself."""

Sizes = dict[str, tuple[int, int, int]]
_NOTHING = (0, 0, 0)


class Probe:
    """Answers questions in this process."""

    def __init__(self, log: EngineLog) -> None:
        self._log = log
        self._opened: tuple[object, Model] | None = None
        self._resident = 0
        _, self._libraries = read_resident_bytes()

    def answer(self, question: Question) -> Answer:
        """Never raises for a file that is no model."""
        try:
            return self._work_out(question)
        except (EngineError, NoBreakdown) as error:
            return Answer(n_ctx=0, n_vocab=0, error=str(error))

    def _open(self, question: Question) -> Model:
        key = (question.path, question.n_gpu_layers, question.devices, question.tensor_split)
        if self._opened is None or self._opened[0] != key:
            self._opened = None
            if question.devices:
                os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(question.devices)
            model = Model(
                Path(question.path),
                n_gpu_layers=question.n_gpu_layers,
                use_mmap=True,
                check_tensors=False,
                log=self._log,
                tensor_split=question.tensor_split,
                no_alloc=True,
            )
            self._opened = key, model
            self._resident = max(0, read_resident_bytes()[0] - self._libraries)
        return self._opened[1]

    def _work_out(self, question: Question) -> Answer:
        self._log.forget()
        check_kv_type(read_model_header(Path(question.path)), question.kv_type)
        model = self._open(question)
        n_ctx = min(question.n_ctx, model.n_ctx_train or question.n_ctx)
        serving = serving_context(n_ctx, question.slots, question.n_ubatch, question.kv_type)
        sizes, output = measure_context(model, serving, self._log)
        poc_sizes, poc_output = measure_context(model, poc_context(), self._log)
        other_sizes, other_output = measure_context(model, embedding_context(model.n_vocab), self._log)
        return Answer(
            n_ctx=n_ctx,
            n_vocab=model.n_vocab,
            buffers={
                name: _describe(*(found.get(name, _NOTHING) for found in (sizes, poc_sizes, other_sizes)))
                for name in sorted({*sizes, *poc_sizes, *other_sizes})
            },
            output=output,
            poc_output=max(poc_output, other_output),
            resident=self._resident,
        )


def _describe(*found: tuple[int, int, int]) -> Buffers:
    (weights, kv, compute), *seconds = found
    second = max(cells + computing for _, cells, computing in seconds)
    return Buffers(weights=weights, kv=kv, compute=compute, poc=second)


def measure_context(model: Model, shape: ContextShape, log: EngineLog) -> tuple[Sizes, int]:
    """The buffers of a context of this shape, and the bytes of its results."""
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
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    probe = Probe(EngineLog())
    for line in sys.stdin.buffer:
        question = msgspec.json.decode(line, type=Question)
        answers.write(msgspec.json.encode(probe.answer(question)) + b"\n")
        answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
