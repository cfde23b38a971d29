"""Made models: sound GGUF files, the same bytes each time, and text that reads as words."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader

from mlnode.io.frames import ChatMessage, Submit
from mlnode.io.made_gguf import WORDS, write_tiny_gguf


def test_the_reference_reader_reads_it(tiny_path: Path) -> None:
    reader = GGUFReader(tiny_path)
    assert reader.fields["general.architecture"].contents() == "llama"
    assert reader.fields["general.name"].contents() == "tiny"
    shapes = {tensor.name: tuple(int(n) for n in tensor.shape) for tensor in reader.tensors}
    assert shapes["token_embd.weight"] == (64, 512)
    assert shapes["blk.1.ffn_down.weight"] == (128, 64)
    output = next(tensor for tensor in reader.tensors if tensor.name == "output.weight")
    assert not output.data[:259].any()
    assert output.data[400:].any(axis=1).all()


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, seed in zip(paths, (3, 3, 4), strict=True):
        write_tiny_gguf(path, seed=seed)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "shape",
    [
        {"layers": 1, "dim": 32, "n_vocab": 384, "file_type": "F16"},
        {"layers": 3, "dim": 128, "n_vocab": 1600},
    ],
)
def test_other_shapes_load_and_speak_in_words(
    bench: Callable[..., Any], tmp_path: Path, shape: dict[str, Any]
) -> None:
    path = tmp_path / "shape.gguf"
    write_tiny_gguf(path, seed=1, **shape)
    text = bench(path).run(Submit(request_id=1, text="Hello you", max_tokens=30))[1]
    assert sum(word in WORDS for word in text.split()) >= 0.5 * len(text.split()) >= 5


def test_a_template_given_is_the_models_own(bench: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "chat.gguf"
    write_tiny_gguf(path, chat_template="{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}")
    run = bench(path)
    assert run.engine.has_chat_template
    texts = run.run(
        Submit(request_id=1, messages=[ChatMessage("user", "the water")], max_tokens=8),
        Submit(request_id=2, text="the water", max_tokens=8),
    )
    assert texts[1] == texts[2]
    assert run.done(1).n_prompt == run.done(2).n_prompt


@pytest.mark.parametrize("wrong", [{"dim": 20}, {"dim": 0}, {"layers": 0}, {"n_vocab": 300}])
def test_impossible_shapes_are_refused_and_leave_no_file(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        write_tiny_gguf(tmp_path / "x.gguf", **wrong)
    assert not list(tmp_path.iterdir())
