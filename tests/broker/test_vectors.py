"""The golden cases pass, and a wrong one does not."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.__main__ import app
from broker.vectors import RULES, find_mismatch

VECTORS = Path(__file__).parents[1] / "vectors" / "broker"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(VECTORS.glob("*.json"))
    for case in json.loads(file.read_text())["cases"]
]


@pytest.mark.parametrize("case", CASES)
def test_a_golden_case_is_answered_as_written(case: dict[str, object]) -> None:
    assert find_mismatch(case) == ""


def test_every_rule_has_cases() -> None:
    assert {case.values[0]["rule"] for case in CASES} == RULES.keys()


def test_a_wrong_case_is_reported(tmp_path: Path) -> None:
    case = {
        "name": "wrong",
        "rule": "merge_args",
        "pre": {"epoch_args": [], "local_args": []},
        "post": ["--x"],
    }
    refused = {"name": "not refused", "rule": "merge_args", "pre": {"epoch_args": [], "local_args": []}}
    unknown = {"name": "unknown", "rule": "nonsense", "pre": {}}
    (tmp_path / "x.json").write_text(json.dumps({"cases": [case, refused, unknown]}))
    result = CliRunner().invoke(app, ["vectors", str(tmp_path)])
    assert result.exit_code == 1
    assert "0 passed, 3 failed" in result.output


def test_all_cases_pass_on_the_command_line() -> None:
    result = CliRunner().invoke(app, ["vectors", str(VECTORS)])
    assert (result.exit_code, result.output.strip()) == (0, f"{len(CASES)} passed, 0 failed")


@pytest.mark.parametrize("text", ["", "[]", '{"cases": 3}', "{"])
def test_a_file_that_is_no_file_of_cases_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    result = CliRunner().invoke(app, ["vectors", str(tmp_path)])
    assert result.exit_code == 1
    assert "is not a file of cases" in result.output
