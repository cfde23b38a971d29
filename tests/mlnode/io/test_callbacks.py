"""What llama.cpp says."""

import gc

import llama_cpp
import pytest

from mlnode.io.callbacks import EngineLog

WARNING, ERROR = 3, 4


def test_errors_are_kept_and_warnings_are_not(log: EngineLog, capfd: pytest.CaptureFixture[str]) -> None:
    log.forget()
    log._receive(WARNING, b"a token looks odd\n", None)
    log._receive(ERROR, b"a tensor is missing\n", None)
    assert log.errors == ["a tensor is missing"]
    assert capfd.readouterr().out == "a tensor is missing\n"


def test_what_the_library_says_of_a_file_that_it_cannot_open_is_an_error(log: EngineLog) -> None:
    log.forget()
    log.attach()
    params = llama_cpp.llama_model_default_params()
    assert not llama_cpp.llama_model_load_from_file(b"/there/is/none.gguf", params)
    assert any("/there/is/none.gguf" in error for error in log.errors)


def test_one_that_is_dropped_is_not_called_from_beyond(log: EngineLog) -> None:
    EngineLog()
    gc.collect()
    params = llama_cpp.llama_model_default_params()
    assert not llama_cpp.llama_model_load_from_file(b"/there/is/none.gguf", params)
    log.attach()
