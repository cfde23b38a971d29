"""Golden blocks: a state as a document, signed transactions, and all that comes of them.

A block that cannot follow the state has no results; what must not be voted for is told as a proposal.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any as Anything

from chain import codec
from chain.app import App
from chain.block import Block, BlockResult, Event, Header, TxResult
from chain.errors import Fatal
from chain.execution import attempt
from chain.genesis import GenesisState
from chain.json_form import from_json, to_json
from chain.layout import decode_value, find_collection
from chain.records import Record
from chain.tx import TxBody, TxRaw

Json = Anything
Entry = Mapping[str, Json]
SHOWN_MAX = 300
"""Characters of an answer that a difference shows."""


def run_blocks(given: Entry) -> Json:
    """Takes up the state and makes the blocks, one after the other."""
    if isinstance(given["state"], str):
        raise KeyError(f"no state of this file is called {given['state']!r}")
    app = App("vectors")
    genesis = from_json(GenesisState, given["state"])
    result = app.init_chain(genesis)
    app.commit()
    answers = [_run_block(app, genesis.chain_id, block) for block in given["blocks"]]
    return {"state_app_hash": result.app_hash.hex(), "blocks": answers}


def describe_tx(data: bytes) -> list[Json]:
    """The messages of a transaction for the reader; none when they cannot be read."""
    raw, _ = attempt(lambda: codec.decode(TxRaw, data))
    body, _ = attempt(lambda: codec.decode(TxBody, raw.body_bytes if raw else b""))
    described, refusal = attempt(lambda: [to_json(packed) for packed in (body.messages if body else ())])
    return [] if refusal is not None or described is None else described


def find_difference(expected: Json, got: Json, at: str = "") -> str | None:
    """Where two answers part for the first time, in words; None when they do not. Changed entries are
    compared by their key, whatever comes before them.
    """
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*(name for name in got if name not in expected), *expected]:
            inner = f"{at}.{name}" if at else name
            found = find_difference(expected.get(name, "nothing"), got.get(name, "nothing"), inner)
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list):
        if any(_is_change(entry) for entry in (*expected, *got)):
            return find_difference(_by_key(expected), _by_key(got), at)
        for place in range(max(len(expected), len(got))):
            pair = [answer[place] if place < len(answer) else "nothing" for answer in (expected, got)]
            found = find_difference(pair[0], pair[1], f"{at}[{place}]")
            if found:
                return found
        return None
    return None if expected == got else f"{at}: expected {_show(expected)}, got {_show(got)}"


def _run_block(app: App, chain_id: str, given: Entry) -> Json:
    txs = tuple(bytes.fromhex(tx["bytes"]) for tx in given["txs"])
    for place, tx in enumerate(given["txs"]):
        if describe_tx(txs[place]) != tx["messages"]:
            return {"txs": f"the messages of transaction {place} are not those in its bytes"}
    header = Header(
        given.get("chain_id", chain_id),
        given["height"],
        given["time_ns"],
        app_hash=bytes.fromhex(given.get("app_hash", "")),
    )
    block = Block(header, txs)
    answer: dict[str, Json] = {"proposal": "ACCEPT" if app.process_proposal(block) else "REJECT"}
    try:
        result = app.finalize_block(block)
    except Fatal:
        return answer
    app.commit()
    return {**answer, **_describe_result(result)}


def _describe_result(result: BlockResult) -> Entry:
    return {
        "results": [_describe_tx_result(tx) for tx in result.tx_results],
        "events": _describe_events(result.events),
        "changes": [_describe_change(key, data) for key, data in result.changes],
        "results_hash": result.results_hash.hex(),
        "app_hash": result.app_hash.hex(),
    }


def _describe_tx_result(tx: TxResult) -> Entry:
    return {
        "code": tx.code,
        "codespace": tx.codespace,
        "reason": tx.reason,
        "gas_wanted": tx.gas_wanted,
        "gas_used": tx.gas_used,
        "data": tx.data.hex(),
        "events": _describe_events(tx.events),
    }


def _describe_events(events: Iterable[Event]) -> list[Json]:
    return [[event.type, dict(event.attributes)] for event in events]


def _describe_change(key: bytes, data: bytes | None) -> Entry:
    collection = find_collection(key)
    value = None if data is None else decode_value(key, data)
    written = to_json(value) if isinstance(value, Record) else value
    return {
        "collection": collection.name,
        "key": list(collection.decode(key)),
        "value": str(written) if isinstance(written, int) else written,
    }


def _is_change(entry: Json) -> bool:
    return isinstance(entry, dict) and "collection" in entry


def _by_key(changes: Sequence[Entry]) -> dict[str, Json]:
    return {
        " ".join(str(part) for part in (change["collection"], *change["key"])): change["value"]
        for change in changes
    }


def _show(answer: Json) -> str:
    text = repr(answer)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
