"""docs/law.md names functions, vectors and tests: they are all there, and no file of vectors is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "law.md").read_text("utf-8")
VECTORS = ROOT / "tests" / "vectors" / "chain"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("## Chosen otherwise")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| rule")
]
BELOW_THE_LAW = ("addresses", "block_", "fixed", "gas", "merkle", "proposals", "records", "signatures")
"""Vectors of the machine, of governance, and of whole blocks: other pages tell of them."""


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_rule_has_a_place_and_a_proof() -> None:
    assert len(ROWS) > 35
    assert [row for row in ROWS if len(row) != 3 or not names(row[1]) or not names(row[2])] == []


def test_every_function_stands_where_the_page_says() -> None:
    missing = []
    for _, where, _ in ROWS:
        file, *functions = names(where)
        code = (ROOT / "chain" / file).read_text("utf-8")
        missing += [f"{file}: {name}" for name in functions if f"def {name}(" not in code]
    assert missing == []


def test_every_proof_is_there() -> None:
    proofs = [name for row in ROWS for name in names(row[2])]
    folders = {".json": VECTORS, ".py": ROOT / "tests" / "chain"}
    assert [name for name in proofs if not (folders[Path(name).suffix] / name).is_file()] == []


def test_no_vectors_of_a_rule_are_left_out() -> None:
    named = {name for row in ROWS for name in names(row[2])}
    there = {path.name for path in VECTORS.glob("*.json")}
    assert {name for name in there - named if not name.startswith(BELOW_THE_LAW)} == set()
