"""Contexts of llama.cpp over a model, and the way to interrupt them.

Only the low-level interface, with numpy views of its memory. A context belongs to one thread; a model may be
shared by contexts. Every call here releases the interpreter lock while llama.cpp works.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from mlnode.contexts import ContextShape
from mlnode.io.callbacks import AbortFlag
from mlnode.io.model import EngineError, Model
from mlnode.io.parameters import make_context_params

FloatArray = npt.NDArray[np.float32]

DECODE_OK, DECODE_NO_ROOM, DECODE_ABORTED = 0, 1, 2
"""What `Context.decode` returns; -1 is a bad batch, anything below is the end of the context."""

WINDOW_NONE = 2**31
"""Of a sequence that sees everything: longer than any."""


class Context:
    """Key-value cells and buffers for several sequences, and the batch that is filled for each decode."""

    def __init__(self, model: Model, shape: ContextShape, *, n_threads: int, abort: AbortFlag) -> None:
        params = make_context_params(shape, n_threads)
        params.abort_callback, params.abort_callback_data = abort.callback, abort.data
        self._abort = abort
        self._n_outputs = shape.n_outputs
        self._model = model
        self._pointer = llama_cpp.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            raise EngineError(
                "OUT_OF_MEMORY",
                f"llama.cpp made no context ({model.log.first_error}); ask for fewer tokens or slots",
            )
        self._memory = llama_cpp.llama_get_memory(self._pointer)
        self._make_batch(shape.n_batch)

    @property
    def pointer(self) -> Any:
        """llama.cpp's context."""
        return self._pointer

    def _make_batch(self, n: int) -> None:
        """The batch in our own memory: row i's sequence list is the i-th cell of `_sequences`."""
        self._tokens = np.zeros(n, np.int32)
        self._positions = np.zeros(n, np.int32)
        self._counts = np.ones(n, np.int32)
        self._sequences = np.zeros(n, np.int32)
        self._lists = self._sequences.ctypes.data + 4 * np.arange(n, dtype=np.uint64)
        self._outputs = np.zeros(n, np.int8)
        batch: Any = llama_cpp.llama_batch()
        kinds: dict[str, Any] = {field[0]: field[1] for field in llama_cpp.llama_batch._fields_}
        self._batch = batch
        batch.embd = None
        for field, values in (
            ("token", self._tokens),
            ("pos", self._positions),
            ("n_seq_id", self._counts),
            ("seq_id", self._lists),
            ("logits", self._outputs),
        ):
            setattr(batch, field, ctypes.cast(values.ctypes.data, kinds[field]))

    def decode(
        self,
        tokens: Sequence[int] | npt.NDArray[np.int32],
        positions: Sequence[int] | npt.NDArray[np.int32],
        sequences: Sequence[int] | npt.NDArray[np.int32] | int,
        outputs: Sequence[int],
        requests: frozenset[int],
        *,
        hidden: bool = False,
        by_any: bool = False,
    ) -> int:
        """Evaluate these rows; `outputs` are the rows whose results are wanted, `requests` those for whom it
        is done: it is interrupted when all of them are cancelled, or one where `by_any`. With `hidden` the
        results are hidden states too, and llama.cpp wants every row in `outputs`.
        The return code as llama.cpp gives it."""
        n = len(tokens)
        if len(outputs) > self._n_outputs or n > len(self._tokens):
            raise ValueError("more rows or outputs than the context was made for")
        self._tokens[:n] = tokens
        self._positions[:n] = positions
        self._sequences[:n] = sequences
        self._outputs[:n] = 0
        self._outputs[list(outputs)] = 1
        self._batch.n_tokens = n
        llama_cpp.llama_set_embeddings(self._pointer, hidden)
        with self._abort.running(requests, by_any=by_any):
            code: int = llama_cpp.llama_decode(self._pointer, self._batch)
            if code == DECODE_OK:
                llama_cpp.llama_synchronize(self._pointer)
        return code

    def logits(self, row: int) -> FloatArray:
        """Logits of a row of the last decode: a view, overwritten by the next one."""
        return _view(llama_cpp.llama_get_logits_ith(self._pointer, row), self._model.n_vocab)

    def hidden(self, row: int) -> FloatArray:
        """Hidden state after the last layer's norm, of a row of the last decode with `hidden`: a view."""
        return _view(llama_cpp.llama_get_embeddings_ith(self._pointer, row), self._model.n_embd)

    def drop(self, sequence: int) -> None:
        """Free all cells of a sequence."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def cut(self, sequence: int, position: int) -> bool:
        """Free the cells from `position` on; False where this kind of memory cannot (nothing is changed)."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, position, -1))

    def last_position(self, sequence: int) -> int:
        """Highest position held for a sequence, -1 for none."""
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence))

    @property
    def cut_max(self) -> int:
        """A sequence of so many tokens at most can be cut back to any position."""
        if self._model.is_recurrent:
            return 0
        return self._model.window or WINDOW_NONE

    def state_bytes(self, sequence: int) -> int:
        """Size of a sequence's state."""
        return int(llama_cpp.llama_state_seq_get_size(self._pointer, sequence))

    def save(self, sequence: int) -> memoryview:
        """A copy of a sequence's cells, for `restore` in any context of the same model and parameters."""
        state = np.empty(self.state_bytes(sequence), np.uint8)
        llama_cpp.llama_state_seq_get_data(self._pointer, _bytes_at(state), len(state), sequence)
        return state.data

    def restore(self, sequence: int, state: memoryview, n_saved: int, n_kept: int) -> bool:
        """Fill an empty sequence with the first `n_kept` of the `n_saved` tokens that a state holds.
        llama.cpp may leave less than it says: what is found to be there counts. After False drop it."""
        data = np.frombuffer(state, np.uint8)
        taken = llama_cpp.llama_state_seq_set_data(self._pointer, _bytes_at(data), len(data), sequence)
        if taken != len(data) or (n_kept < n_saved and not self.cut(sequence, n_kept)):
            return False
        needed = n_kept if self._model.is_recurrent else max(0, n_kept - (self._model.window or n_kept))
        first = int(llama_cpp.llama_memory_seq_pos_min(self._memory, sequence))
        return self.last_position(sequence) == n_kept - 1 and first <= needed

    @property
    def is_recurrent(self) -> bool:
        """Whether some layers keep a state instead of keys and values."""
        return self._model.is_recurrent

    def clear(self) -> None:
        """Free all cells of all sequences. Recurrent states are overwritten: llama.cpp begins a new one by
        multiplying an old one by zero, and what is no number stays none."""
        llama_cpp.llama_memory_clear(self._memory, self._model.is_recurrent)

    def set_threads(self, n_threads: int) -> None:
        llama_cpp.llama_set_n_threads(self._pointer, n_threads, n_threads)

    def close(self) -> None:
        """Free the context's memory. It is of no use afterwards."""
        llama_cpp.llama_free(self._pointer)


def _bytes_at(data: npt.NDArray[np.uint8]) -> Any:
    return data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _view(pointer: "ctypes._Pointer[ctypes.c_float]", n: int) -> FloatArray:
    if not pointer:
        raise EngineError("ENGINE", "llama.cpp gave no result for a row")
    address = ctypes.addressof(pointer.contents)
    memory = memoryview((ctypes.c_float * n).from_address(address))
    view: FloatArray = np.frombuffer(memory, np.float32)
    return view
