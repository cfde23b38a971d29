"""A model of llama.cpp: its weights and its vocabulary.

Without numpy, which takes as long to import as a part of the load: a worker opens the model meanwhile. Every
call here that takes long releases the interpreter lock.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp

from mlnode.io.callbacks import EngineLog
from mlnode.io.parameters import make_model_params


def library() -> str:
    """Which build of llama.cpp this is: states and times of one mean nothing to another."""
    folder = os.environ.get("LLAMA_CPP_LIB_PATH") or Path(llama_cpp.__path__[0]) / "lib"
    stats = ((file.name, file.stat()) for file in sorted(Path(folder).iterdir()))
    return repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])


def supports_gpu() -> bool:
    """Whether llama.cpp was built with a back end for GPUs and finds one."""
    return bool(llama_cpp.llama_supports_gpu_offload())


class EngineError(Exception):
    """llama.cpp could not do it. `code` is one of the codes of `LoadFailed`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Model:
    """Weights and vocabulary of one GGUF file."""

    def __init__(
        self,
        path: Path,
        *,
        n_gpu_layers: int,
        use_mmap: bool,
        check_tensors: bool,
        log: EngineLog,
        tensor_split: Sequence[float] = (),
        progress: Callable[[float], None] | None = None,
        repack: bool = True,
        no_alloc: bool = False,
    ) -> None:
        """`progress` is told how much of the model is loaded, 0.0 to 1.0, by the loading thread. `repack`:
        let llama.cpp lay weights out anew for faster matrix kernels. `no_alloc`: only sizes count."""
        params = make_model_params(
            n_gpu_layers=n_gpu_layers,
            use_mmap=use_mmap,
            check_tensors=check_tensors,
            tensor_split=tensor_split,
            no_alloc=no_alloc,
        )
        params.use_extra_bufts = repack
        told = llama_cpp.llama_progress_callback(lambda part, _: _tell(progress, part))
        params.progress_callback = told
        self.pointer = llama_cpp.llama_model_load_from_file(bytes(path), params)
        del told
        if not self.pointer:
            raise EngineError("CORRUPT", f"llama.cpp refuses the model: {log.first_error}")
        self.log = log
        self._vocab = llama_cpp.llama_model_get_vocab(self.pointer)
        self.n_vocab: int = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.n_embd: int = llama_cpp.llama_model_n_embd(self.pointer)
        self.n_layers: int = llama_cpp.llama_model_n_layer(self.pointer)
        self.n_ctx_train: int = llama_cpp.llama_model_n_ctx_train(self.pointer)
        self.window: int = llama_cpp.llama_model_n_swa(self.pointer)
        """Tokens that windowed layers look back; 0 where all layers see everything."""
        self.is_recurrent: bool = llama_cpp.llama_model_is_recurrent(
            self.pointer
        ) or llama_cpp.llama_model_is_hybrid(self.pointer)
        self.size_bytes: int = llama_cpp.llama_model_size(self.pointer)
        self._pieces: dict[int, bytes] = {}
        self._buffer = ctypes.create_string_buffer(64)
        self._ends: dict[int, bool] = {}

    def chat_template(self) -> str:
        """The model's chat template, empty where it has none."""
        raw = llama_cpp.llama_model_chat_template(self.pointer, None)
        return raw.decode("utf-8", "replace") if raw else ""

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Token ids of a text. `add_special`: begin-of-text where the model wants it. `parse_special`: the
        spellings of special tokens mean those tokens."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            ids = (llama_cpp.llama_token * room)()
            n = llama_cpp.llama_tokenize(self._vocab, data, len(data), ids, room, add_special, parse_special)
            if n >= 0:
                return ids[:n]
            if -n <= room:
                raise EngineError("ENGINE", "the tokenizer refuses the text")
            room = -n

    def piece(self, token: int) -> bytes:
        """The bytes of a token; nothing for special tokens."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self.read_piece(token)
        return known

    def spelling(self, token: int) -> str:
        """How a special token is written in a template; empty for a token that the model lacks."""
        return self.read_piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def read_piece(self, token: int, *, special: bool = False) -> bytes:
        """As `piece`, without keeping it; `special`: special tokens by their spelling."""
        while True:
            room = len(self._buffer)
            n = llama_cpp.llama_token_to_piece(self._vocab, token, self._buffer, room, 0, special)
            if n >= 0:
                return self._buffer.raw[:n]
            self._buffer = ctypes.create_string_buffer(-n)

    def is_end(self, token: int) -> bool:
        """Whether the token ends the model's turn."""
        known = self._ends.get(token)
        if known is None:
            known = self._ends[token] = bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))
        return known

    @property
    def bos(self) -> str:
        return self.spelling(llama_cpp.llama_vocab_bos(self._vocab))

    @property
    def eos(self) -> str:
        return self.spelling(llama_cpp.llama_vocab_eos(self._vocab))

    @property
    def pooling(self) -> int:
        """How the file says that vectors are made of hidden states, by GGUF's number; 0 where it does not."""
        declared = self._read_meta(f"{self._read_meta('general.architecture')}.pooling_type")
        return int(declared) if declared.isdecimal() else 0

    def close(self) -> None:
        """Free the model's memory. No context may be left over it."""
        llama_cpp.llama_model_free(self.pointer)

    def _read_meta(self, key: str) -> str:
        value = ctypes.create_string_buffer(128)
        n = llama_cpp.llama_model_meta_val_str(self.pointer, key.encode(), value, len(value))
        return value.value.decode("utf-8", "replace") if n > 0 else ""

    @property
    def adds_bos(self) -> bool:
        """Whether a prompt of this model begins with the begin-of-text token."""
        return bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))


def _tell(progress: Callable[[float], None] | None, part: float) -> bool:
    if progress is not None:
        progress(part)
    return True
