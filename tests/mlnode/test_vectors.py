"""The golden cases hold, and a wrong answer is told."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mlnode.vectors import KINDS, read_cases, run_case

FILES = sorted((Path(__file__).parents[1] / "vectors" / "mlnode").glob("*.json"))
CASES = [case for path in FILES for case in read_cases(json.loads(path.read_text()))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['name']}")
def test_a_golden_case_holds(case: dict[str, Any]) -> None:
    assert run_case(case) is None


def test_every_kind_has_cases() -> None:
    assert {case["kind"] for case in CASES} == set(KINDS)


def test_a_different_answer_is_told() -> None:
    assert "expected" in (run_case({**CASES[0], "expect": {}}) or "")
    assert "not known" in (run_case({**CASES[0], "kind": "poc.unheard-of"}) or "")
    assert "not well formed" in (run_case({**CASES[0], "given": {}}) or "")


def test_the_tokens_of_nonce_zero_are_those_of_the_written_rule() -> None:
    """The rule of the decision page, step by step, without the code under test."""
    case = next(case for case in CASES if case["name"] == "nonce 0")
    block_hash, key = bytes.fromhex(case["given"]["block_hash"]), bytes.fromhex(case["given"]["public_key"])
    head = (
        b"meshkeeper/poc/1/tokens" + bytes([0, 0, 0, 32]) + block_hash + bytes([0, 0, 0, 33]) + key + bytes(8)
    )
    stream = sha256(head + bytes(4)).digest() + sha256(head + bytes([0, 0, 0, 1])).digest()
    tokens = [int.from_bytes(stream[4 * i : 4 * i + 4], "big") % 512 for i in range(16)]
    assert case["expect"]["tokens"] == tokens
