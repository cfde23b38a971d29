"""What every message uses is pinned as data: a change of it is a change of the law, and made on purpose.

`MESHKEEPER_WRITE_GAS=1 pytest tests/chain/test_gas.py` writes the file again; the difference is explained
under State-breaking in the changelog.
"""

import json
import os
from pathlib import Path

from chain.codec import encode, type_url
from chain.vectors import run_case
from tests.chain.everyday import begin, live, send

PINNED = Path(__file__).resolve().parents[1] / "vectors" / "chain" / "gas.json"
NAME = "every message once"


def record() -> tuple[dict[str, object], dict[str, int]]:
    """A life in which every message succeeds, and what each used the first time."""
    chain, used = begin(), {}
    for step in live(chain):
        result = send(chain, step)
        used.setdefault(type_url(type(step[1]))[1:], result.gas_used)
    blocks = [b"".join(block.txs).hex() for block in chain.blocks]
    return {"genesis": encode(chain.genesis).hex(), "blocks": blocks}, used


def test_the_gas_of_every_message_is_the_pinned_one() -> None:
    given, used = record()
    case = {"name": NAME, "given": given, "expect": used}
    about = (
        "Gas of the first transaction with one message of each kind, in a life in which all of them succeed."
    )
    if os.environ.get("MESHKEEPER_WRITE_GAS"):
        PINNED.write_text(json.dumps({"kind": "gas", "about": about, "cases": [case]}, indent=1) + "\n")
    (pinned,) = json.loads(PINNED.read_text())["cases"]
    assert pinned["expect"] == used, "see the head of this file"
    assert run_case({"kind": "gas", **case}) is None
    assert set(used) == {url[1:] for url in begin().app._routes}
