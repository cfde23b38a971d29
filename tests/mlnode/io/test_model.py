"""What a loaded model tells of its vocabulary."""

from collections.abc import Callable
from pathlib import Path

import llama_cpp
import pytest

from mlnode.io import made_gguf
from mlnode.io.model import Model

ENDS = ("<|eot_id|>", "<|im_end|>", "<end_of_turn>", "</s>", "[EOS]", "<｜end▁of▁sentence｜>", "[e~[")
"""Of every first letter that such a word has; `</s>` is in each vocabulary that is made here."""


def test_words_that_end_a_turn_are_found_in_a_vocabulary_that_does_not_mark_them(
    tmp_path: Path, load_model: Callable[[Path], Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [*ENDS, "▁<PRE>", "<|fim_suffix|>", "_<EOT", "<|im_end|", "im_end", "end_of_turn"]
    monkeypatch.setattr(made_gguf, "_word_pieces", lambda: [name for name in names if name != "</s>"])
    made_gguf.write_tiny_gguf(tmp_path / "m.gguf", n_vocab=2000)
    model = load_model(tmp_path / "m.gguf")
    vocab = llama_cpp.llama_model_get_vocab(model.pointer)
    found = {token for token in range(model.n_vocab) if model.is_end(token)}
    assert {model.spelling(token) for token in found} == set(ENDS)
    assert all(llama_cpp.llama_vocab_is_control(vocab, token) for token in found)
    pre, suffix = llama_cpp.llama_vocab_fim_pre(vocab), llama_cpp.llama_vocab_fim_suf(vocab)
    assert (model.spelling(pre), model.spelling(suffix)) == ("▁<PRE>", "<|fim_suffix|>")
