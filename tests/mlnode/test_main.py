"""The command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mlnode.__main__ import app


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_a_made_model_is_listed_with_its_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    made = run("models", "make", tmp_path / "m" / "small.gguf", "--layers", 1, "--seed", 3)
    assert made.exit_code == 0
    (tmp_path / "m" / "broken.gguf").write_text("no")
    listed = run("models", "--models-dir", tmp_path / "m")
    assert listed.exit_code == 0
    (small,) = (line for line in listed.output.splitlines() if "small.gguf" in line)
    assert "llama" in small
    (broken,) = (line for line in listed.output.splitlines() if "broken.gguf" in line)
    assert "GGUF" in broken


def test_what_cannot_be_made_or_listed_gets_one_sentence(tmp_path: Path) -> None:
    for refused in (
        run("models", "make", tmp_path / "x.gguf", "--dim", 17),
        run("models", "--models-dir", tmp_path / "none"),
        run("vectors", tmp_path / "none"),
    ):
        assert refused.exit_code == 1
        assert len(refused.stderr.splitlines()) == 1


def test_golden_cases_are_counted_and_a_wrong_one_fails(tmp_path: Path) -> None:
    cases = Path(__file__).parents[1] / "vectors" / "mlnode"
    good = run("vectors", cases)
    assert (good.exit_code, good.output.endswith(" 0 failed\n")) == (0, True)
    document = json.loads((cases / "poc_distance.json").read_text())
    document["cases"][0]["expect"] = {"dist_micro": -1}
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    (tmp_path / "nonsense.json").write_text("[")
    bad = run("vectors", tmp_path)
    assert bad.exit_code == 1
    assert bad.stdout.endswith(f"{len(document['cases']) - 1} passed, 2 failed\n")
