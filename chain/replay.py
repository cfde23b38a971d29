"""Runs recorded blocks again and says where what comes of them parts from what was recorded: the height, and
there the first collection and key that differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chain.app import App
from chain.block import Block
from chain.changes import Change
from chain.errors import Fatal
from chain.layout import find_collection

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A block, and what came of it when it was made."""

    block: Block
    app_hash: bytes
    """State after it."""
    results_hash: bytes
    changes: tuple[Change, ...]
    """Changed entries, encoded, in key order."""


def run_again(app: App, recorded: Iterable[Recorded]) -> str | None:
    """Runs the blocks on a machine that stands before the first of them. The first difference in words, at
    which the run ends; None when there is none.
    """
    for each in recorded:
        result = app.finalize_block(each.block)
        mine = (result.app_hash, result.results_hash)
        if mine != (each.app_hash, each.results_hash) or result.changes != each.changes:
            what = find_difference(dict(result.changes), dict(each.changes))
            return f"height {result.height}: {what or _name_hash(mine[0] == each.app_hash)}"
        app.commit()
    return None


def find_difference(mine: Mapping[bytes, Value], recorded: Mapping[bytes, Value]) -> str | None:
    """The first key, in key order, under which two sets of changes differ, with its store; None for none."""
    for key in sorted({**mine, **recorded}):
        if key in mine and key in recorded and mine[key] == recorded[key]:
            continue
        values = f"{_show(mine, key)} against {_show(recorded, key)}"
        return f"store {name_key(key)}: {values}"
    return None


def name_key(key: bytes) -> str:
    """A key in words: its collection and its parts, and the bytes."""
    try:
        collection = find_collection(key)
        parts = ", ".join(str(part) for part in collection.decode(key))
    except (Fatal, ValueError):
        return f"unknown, key {key.hex()}"
    return f"{collection.name}, key {key.hex()} ({parts})"


def _name_hash(is_same_state: bool) -> str:
    return "the results of its transactions" if is_same_state else "the app hash, by an earlier change"


def _show(changes: Mapping[bytes, object], key: bytes) -> str:
    if key not in changes:
        return "unchanged"
    value = changes[key]
    if value is None:
        return "deleted"
    return value.hex() if isinstance(value, bytes) else str(value)
