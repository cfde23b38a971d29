"""`meshkeeper mlnode fit` on a small model, as people, scripts and narrow terminals see it."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from mlnode.__main__ import app
from mlnode.instance import LoadParams
from mlnode.io.fitting import describe_fit, examine, find_file, render_fit
from mlnode.io.gpu import Gpu
from mlnode.io.prober import ProbeFailed, Prober, Question


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["fit", *arguments])


def measure(path: Path, budget: int, n_ctx: int, slots: int) -> bool:
    params = LoadParams(n_ctx=n_ctx, slots=slots, n_threads=1, n_gpu_layers=-1)
    return examine(find_file(str(path), path.parent), params, Gpu({}), budget, 0).shares_mb is not None


def test_the_largest_context_and_the_most_slots_are_the_edge(slow_path: Path) -> None:
    params = LoadParams(n_ctx=1024, slots=2, n_threads=1, n_gpu_layers=-1)
    roomy = examine(find_file(str(slow_path), slow_path.parent), params, Gpu({}), 4000, 0)
    assert roomy.n_ctx_largest == 8192, "what it was trained for"
    budget = roomy.parts.total_mb + 40
    fit = examine(roomy.file, params, Gpu({}), budget, 0)
    assert 1024 < fit.n_ctx_largest < 8192 and 2 < fit.slots_most < 64
    assert measure(slow_path, budget, fit.n_ctx_largest - 256, 2)
    assert not measure(slow_path, budget, fit.n_ctx_largest + 512, 2)
    assert measure(slow_path, budget, 1024, fit.slots_most - 1)
    assert not measure(slow_path, budget, 1024, fit.slots_most + 2)


def test_a_script_reads_json_and_the_exit_status(tiny_path: Path) -> None:
    fits = run(str(tiny_path), "--budget", "2000", "--json")
    document = json.loads(fits.stdout)
    assert (fits.exit_code, document["fits"], document["model"]) == (0, True, "tiny.gguf")
    assert document["parts_bytes"]["kv"] == 2048 * 2 * 2 * 64 * 2
    assert (document["ctx_size"], document["slots_most"]) == (2048, 64)
    too_large = run(str(tiny_path), "--budget", "70", "--json")
    assert (too_large.exit_code, json.loads(too_large.stdout)["fits"]) == (1, False)
    assert json.loads(too_large.stdout)["slots_most"] == 0


def test_a_person_reads_parts_verdict_and_limits(tiny_path: Path) -> None:
    told = run("tiny", "--models-dir", str(tiny_path.parent), "--budget", "2000").stdout
    for part in ("tiny.gguf: llama, 2 layers, 512 tokens", "weights", "kv", "process", "poc", "sum"):
        assert part in told
    assert "It fits: " in told
    assert "Largest context with 1 slot: 2,048 (what it was trained for)." in told
    assert "Most slots with 2,048 tokens: 64 (the most there can be)." in told


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_number_is_lost_in_a_narrow_terminal(width: int, tiny_path: Path) -> None:
    params = LoadParams(n_ctx=2048, slots=1, n_threads=1, n_gpu_layers=-1)
    fit = examine(find_file(str(tiny_path), tiny_path.parent), params, Gpu({}), 2000, 64)
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in render_fit(fit):
        console.print(part, highlight=False)
    assert max(map(len, out.getvalue().splitlines())) <= width
    assert f"{fit.parts.total_mb:,}" in out.getvalue()
    assert describe_fit(fit)["need_mb"] == fit.parts.total_mb


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("missing", "There is no file"),
        ("noise", "does not begin with the letters GGUF"),
        ("cut", "cut off"),
        ("part", "its part 2 of 2 is missing"),
    ],
)
def test_what_is_no_model_is_refused_with_a_sentence(
    damage: str, said: str, tiny_path: Path, tmp_path: Path
) -> None:
    data = tiny_path.read_bytes()
    name = "bad-00001-of-00002.gguf" if damage == "part" else "bad.gguf"
    if damage != "missing":
        content = {"noise": b"\x07" * 4096, "cut": data[: len(data) // 2], "part": data}[damage]
        (tmp_path / name).write_bytes(content)
    refused = run(str(tmp_path / name), "--models-dir", str(tmp_path))
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--kv-type", "q5"), "none of f16, q8_0, q4_0"),
        (("--kv-type", "q8_0"), "take --kv-type f16"),
        (("--budget", "much"), "a number of MiB"),
        (("--budget", "3=1000"), "there is no device 3"),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags: tuple[str, str], said: str, tiny_path: Path) -> None:
    refused = run(str(tiny_path), *flags)
    assert refused.exit_code == 1
    assert said in " ".join(refused.stderr.split())


def test_a_probe_that_is_killed_is_a_failure_and_the_next_one_answers(tiny_path: Path) -> None:
    prober = Prober()
    question = Question(path=str(tiny_path), n_ctx=256, slots=1, n_ubatch=64)
    first = prober.ask(question)
    process = prober._process
    assert process is not None
    process.kill()
    process.wait()
    with pytest.raises(ProbeFailed, match="died"):
        prober.ask(question)
    assert prober.ask(question).buffers == first.buffers
    prober.close()
