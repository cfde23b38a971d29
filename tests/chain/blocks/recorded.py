"""Golden blocks whose transactions were recorded: what is given stays, what is expected is written anew."""

import json

from chain.vectors import read_cases
from chain.vectors_block import run_blocks
from tests.chain.blocks.scene import FOLDER, File


def write_cosmpy() -> File:
    """A transfer that cosmpy built and signed."""
    return _refresh("cosmpy")


def write_first() -> File:
    """The first blocks of a new chain, keys unknown, both kinds of keys."""
    return _refresh("first")


def _refresh(name: str) -> File:
    document = json.loads((FOLDER / f"block_{name}.json").read_text("utf-8"))
    answers = [run_blocks(case["given"]) for case in read_cases(document)]
    cases = [{**case, "expect": answer} for case, answer in zip(document["cases"], answers, strict=True)]
    return File(name, document["about"], document["states"], cases)
