"""The runner of golden files: counts what passed, names what did not."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlnode.__main__ import app
from mlnode.io.vectors import run_paths

GOLDEN = Path(__file__).parents[2] / "vectors" / "mlnode"


def test_all_golden_files_pass() -> None:
    passed, failures = run_paths([GOLDEN])
    assert failures == []
    assert passed > 40


def test_a_changed_answer_is_named(tmp_path: Path) -> None:
    document = json.loads((GOLDEN / "poc_sample.json").read_text())
    document["cases"][0]["expect"]["indices"][0] += 1
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "changed.json").write_text(json.dumps(document))
    passed, (failure,) = run_paths([tmp_path])
    assert passed == len(document["cases"]) - 1
    assert "changed.json" in failure
    assert document["cases"][0]["name"] in failure


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "poc.sample"}', '{"cases": [1], "kind": "x"}', "\x00"])
def test_a_file_that_holds_no_cases_is_a_failure(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    passed, failures = run_paths([tmp_path / "bad.json", tmp_path / "missing.json"])
    assert (passed, len(failures)) == (0, 2)


def test_the_command_says_how_many_passed() -> None:
    result = CliRunner().invoke(app, ["vectors", str(GOLDEN)])
    assert result.exit_code == 0
    assert result.stdout.endswith(" passed, 0 failed\n")


def test_the_command_fails_with_a_case(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["vectors", str(tmp_path / "missing.json")]).exit_code == 1
