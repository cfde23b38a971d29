"""The golden vectors of the chain, and the runner itself."""

import json
from pathlib import Path

import pytest

from chain.vectors import KINDS, read_cases, run_case

FOLDER = Path(__file__).parents[1] / "vectors" / "chain"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.rglob("*.json"))
    for case in read_cases(json.loads(path.read_text("utf-8")))
]


@pytest.mark.parametrize("case", CASES)
def test_the_machine_answers_as_agreed(case: dict) -> None:
    assert run_case(case) is None


def test_there_are_vectors_of_every_kind() -> None:
    assert {case.values[0]["kind"] for case in CASES} == set(KINDS)


def test_a_wrong_answer_and_an_unknown_kind_are_told_in_words() -> None:
    case = {"kind": "fixed", "name": "one", "given": {"operation": "mul", "arguments": ["1", "2"]}}
    assert run_case({**case, "expect": {"result": "2"}}) is None
    assert "expected {'result': '3'}, got {'result': '2'}" in (
        run_case({**case, "expect": {"result": "3"}}) or ""
    )
    assert "not known" in (run_case({**case, "kind": "riddle", "expect": {}}) or "")
