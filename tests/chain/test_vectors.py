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


def test_the_first_difference_of_a_block_is_told_by_case_place_and_key() -> None:
    document = json.loads((FOLDER / "block_transactions.json").read_text("utf-8"))
    case = next(case for case in read_cases(document) if case["name"] == "a transfer")
    assert run_case(case) is None
    balance = next(
        one for one in case["expect"]["blocks"][0]["changes"] if one["collection"] == "bank/balances"
    )
    about = f"bank/balances {' '.join(balance['key'])}"
    right, balance["value"] = balance["value"], "1"
    told = run_case(case)
    assert told == f"a transfer: blocks[0].changes.{about}: expected '1', got '{right}'"
    balance["key"] = ["mesh1nobody", "umesh"]
    assert f"changes.{about}: expected 'nothing', got '{right}'" in (run_case(case) or "")
    case["given"]["blocks"][0]["txs"][0]["messages"][0]["to_address"] = "mesh1other"
    assert "the messages of transaction 0 are not those in its bytes" in (run_case(case) or "")


def test_a_wrong_answer_and_an_unknown_kind_are_told_in_words() -> None:
    case = {"kind": "fixed", "name": "one", "given": {"operation": "mul", "arguments": ["1", "2"]}}
    assert run_case({**case, "expect": {"result": "2"}}) is None
    assert "expected {'result': '3'}, got {'result': '2'}" in (
        run_case({**case, "expect": {"result": "3"}}) or ""
    )
    assert "not known" in (run_case({**case, "kind": "riddle", "expect": {}}) or "")


def test_a_case_that_expects_nothing_must_be_refused() -> None:
    case = {"kind": "models.register", "name": "one", "given": {"governed": [], "model": "A"}}
    assert run_case({**case, "given": {**case["given"], "alternatives": ["A"]}}) is None
    told = run_case({**case, "given": {**case["given"], "alternatives": ["x"]}})
    assert told == "one: must be refused, got ['x']"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("fixed", {}),
        ("fixed", {"operation": "add", "arguments": ["1", "2"]}),
        ("address", {"address": 7}),
        ("epochs.slots", {"epoch_index": 1}),
        ("story", {"genesis": {}, "steps": [{"send": "MsgNothing", "fields": {}}]}),
        ("story", {"genesis": {"coins": {"@a": 1}}, "steps": [{}]}),
        ("merkle_proof", {"app_hash": "zz"}),
    ],
)
def test_a_case_that_cannot_be_read_fails_and_the_others_go_on(kind: str, given: dict) -> None:
    told = run_case({"kind": kind, "name": "one", "given": given, "expect": None})
    assert told is not None and told.startswith("one: ")
