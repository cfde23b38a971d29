"""A history as data: what was sent in which block, and what was done to the machine in between. It can be
written to a file, run again, made shorter, and read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from chain.codec import decode, encode, type_url
from chain.genesis import GenesisState
from chain.json_form import from_json, to_json
from chain.machine import build_keepers
from chain.params import Params
from chain.router import build_routes
from tests.chain.wild.people import BRISK, NAMES

ROUTES = build_routes(build_keepers())
TEXT_MAX = 40


@dataclass(frozen=True)
class Sent:
    """One transaction: who signs, what it carries, and what is odd about it."""

    signers: tuple[str, ...] = ()
    messages: tuple[object, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """gas, fee, payer, memo, timeout_height, unordered (timeout in ns), sequence (added to the right one),
    forged (a wrong signature), unsigned, bytes (hex, in place of everything).
    """


@dataclass(frozen=True)
class Beat:
    """A block, and what is done to the machine before it: "" or "restore", "import", "revert N", "skip"."""

    height: int
    sent: tuple[Sent, ...] = ()
    deed: str = ""


@dataclass(frozen=True)
class Story:
    """A world, what happened in it, and the last height. Blocks that are not told are empty."""

    world: str
    beats: tuple[Beat, ...] = ()
    last: int = 0
    start: GenesisState | None = None
    """State in which it begins, in place of the world's."""

    def count(self) -> int:
        """How many transactions there are."""
        return sum(len(beat.sent) for beat in self.beats)


def write_story(story: Story, path: Path, fault: str) -> None:
    """Writes a story down; `says` is for the reader, everything else for `read_story`."""
    document = {
        "fault": fault,
        "world": story.world,
        "last": story.last,
        "start": to_json(story.start) if story.start else None,
        "beats": [
            {"height": beat.height, "deed": beat.deed, "sent": [_dump(sent) for sent in beat.sent]}
            for beat in story.beats
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_story(path: Path) -> Story:
    """The story of a file."""
    document = json.loads(path.read_text("utf-8"))
    beats = (
        Beat(beat["height"], tuple(_load(sent) for sent in beat["sent"]), beat["deed"])
        for beat in document["beats"]
    )
    start = from_json(GenesisState, document["start"]) if document["start"] else None
    return Story(document["world"], tuple(beats), document["last"], start)


def tell_story(story: Story) -> list[str]:
    """The story in lines: one for each transaction, one for each stretch of empty blocks."""
    lines, height = [f"world {story.world}"], 0
    if story.start:
        lines[0] += f", as it was after height {story.start.exported_height}"
    for beat in story.beats:
        if beat.height > height + 1 and height:
            lines.append(f"height {height + 1} to {beat.height - 1}: nothing is sent")
        height = beat.height
        if beat.deed:
            lines.append(f"before height {height}: {beat.deed}")
        lines += [f"height {height}: {tell_sent(sent)}" for sent in beat.sent]
        if not beat.sent:
            lines.append(f"height {height}: nothing is sent")
    if story.last > height:
        lines.append(f"height {height + 1} to {story.last}: nothing is sent")
    return lines


def tell_sent(sent: Sent) -> str:
    """A transaction in one line."""
    odd = "".join(f" {name}={_shorten(value)}" for name, value in sent.options.items())
    said = "; ".join(tell(message) for message in sent.messages)
    return f"{' and '.join(sent.signers)}: {said}{' |' if odd else ''}{odd}"


def tell(value: object) -> str:
    """A message or a part of one, fields at their default left out, addresses as names."""
    if isinstance(value, Params):
        return f"Params({', '.join(_tell_changes(value))}, all others as in the world)"
    if isinstance(value, Struct):
        columns = [
            f"{column.name}={tell(getattr(value, column.name))}"
            for column in structs.fields(value)
            if getattr(value, column.name) != column.default
        ]
        return f"{type(value).__name__}({', '.join(columns)})"
    if isinstance(value, tuple):
        shown = [tell(item) for item in value[:6]]
        return f"[{', '.join(shown)}{', …' if len(value) > len(shown) else ''}]"
    if isinstance(value, str):
        return NAMES.get(value) or repr(_shorten(value))
    return _shorten(getattr(value, "name", value))


def _tell_changes(params: Params) -> list[str]:
    """What is not as in most worlds."""
    return [
        f"{group.name}.{column.name}={tell(getattr(value, column.name))}"
        for group in structs.fields(params)
        for value, usual in ((getattr(params, group.name), getattr(BRISK, group.name)),)
        for column in structs.fields(value)
        if getattr(value, column.name) != getattr(usual, column.name)
    ]


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"


def _dump(sent: Sent) -> dict[str, Any]:
    return {
        "says": tell_sent(sent),
        "signers": list(sent.signers),
        "options": dict(sent.options),
        "messages": [[type_url(type(message)), encode(message).hex()] for message in sent.messages],
    }


def _load(document: dict[str, Any]) -> Sent:
    messages = tuple(decode(ROUTES[url].message, bytes.fromhex(data)) for url, data in document["messages"])
    return Sent(tuple(document["signers"]), messages, document["options"])
