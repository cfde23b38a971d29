"""Calls of tools: how models write them, read out of an answer as it grows, and as a grammar.

What is read, wherever a template asks for it:

    <tool_call>{"name": ..., "arguments": {...}}</tool_call>      Hermes, Qwen
    [TOOL_CALLS][{"name": ..., "arguments": {...}}]               Mistral; newer ones [TOOL_CALLS]name{...}
    {"name": ..., "parameters": {...}}                            Llama 3, also after <|python_tag|>
    {"name": ..., "arguments": {...}}                             others, one object or a list of them

Text that only looks like a call, or that names no tool on offer, is text and comes out as it was.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any as Anything

from mlnode.grammar.schema import SchemaWriter, write_literal
from mlnode.text import compute_open_length

CALLS_MAX = 16
"""Calls of one answer where a grammar makes them."""

_OPENINGS = ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>")
_CLOSING = "</tool_call>"
_BETWEEN = " \n\t\r;,"
"""What may stand before and between calls."""
_NAMED = re.compile(r"\s*([\w.-]{1,64})(?:\[ARGS\])?\s*(?=\{)")
_NAMING = re.compile(r"[\w.-]{1,64}(?:\[A?R?G?S?\]?)?\s*")


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    name: str
    parameters: Anything
    """JSON schema of its arguments."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a model wants called."""

    name: str
    arguments: str
    """A JSON object."""


class CallFormat(Enum):
    """How a template asks for calls: before the first, around each, between two, after the last."""

    HERMES = ("", "<tool_call>\n", "\n</tool_call>", "\n", "")
    MISTRAL = ("[TOOL_CALLS][", "", "", ", ", "]")
    LLAMA = ("", "", "", "; ", "")
    PLAIN = ("", "", "", "\n", "")


def find_format(template: str) -> CallFormat:
    """What a chat template shows its model."""
    if "<tool_call>" in template:
        return CallFormat.HERMES
    if "[TOOL_CALLS]" in template:
        return CallFormat.MISTRAL
    return CallFormat.LLAMA if '"parameters"' in template else CallFormat.PLAIN


def write_calls(tools: Sequence[Tool], format: CallFormat, most: int) -> str:
    """GBNF of one to `most` calls of these tools, with arguments valid by their schemas. Raises
    `SchemaUnsupported`."""
    first, before, after, between, last = format.value
    writer = SchemaWriter()
    key = "parameters" if format is CallFormat.LLAMA else "arguments"
    rows = []
    for tool in tools:
        head = write_literal(f'{before}{{"name": {json.dumps(tool.name)}, "{key}": ')
        rows.append(f"{head} {writer.write(tool.parameters)} {write_literal('}' + after)}")
    call = writer.add(" | ".join(rows))
    more = f" ({write_literal(between)} {call}){{0,{most - 1}}}" if most > 1 else ""
    return writer.finish(f"{write_literal(first)} {call}{more} {write_literal(last)}")


@dataclass(slots=True)
class CallReader:
    """An answer's text in, text and calls out. Whoever reads gets text as soon as it can be no call."""

    names: frozenset[str]
    most: int = CALLS_MAX
    """Calls after these are dropped."""
    n_calls: int = 0
    _held: str = ""
    _mark: str | None = None
    """What opened the call that is being read; it may be nothing."""
    _end: "_JsonEnd" = field(default_factory=lambda: _JsonEnd())
    _spoke: bool = False
    """There was text that is no call."""

    def push(self, text: str) -> list[str | Call]:
        """More of the answer."""
        self._held += text
        return list(self._read(final=False))

    def finish(self) -> list[str | Call]:
        """The answer is over."""
        return list(self._read(final=True))

    def _read(self, *, final: bool) -> Iterator[str | Call]:
        while self._held:
            if self._mark is None:
                yield from self._say(self._find_opening(final=final))
                if self._mark is None:
                    return
            elif (found := self._read_calls()) is not None:
                yield from found
            elif final or not self._may_be_call():
                yield from self._give_back()
            else:
                return

    def _find_opening(self, *, final: bool) -> str:
        """The text before the next call, and its mark taken off; all that is certain where none begins."""
        held = self._held
        if self.n_calls:
            held = held.replace(_CLOSING, "")
        found = [(at, mark) for mark in _OPENINGS if (at := held.find(mark)) >= 0]
        bare = held.lstrip(_BETWEEN)
        undecided = not final and any(mark.startswith(bare) for mark in _OPENINGS)
        if (
            not self._spoke
            and bare.startswith(("{", "["))
            and not bare.startswith(_OPENINGS)
            and not undecided
        ):
            found = [(0, "")]
        if found:
            at, self._mark = min(found)
            self._held = held[at + len(self._mark) :]
            self._end = _JsonEnd()
            return held[:at]
        keep = 0 if final else compute_open_length(held, (*_OPENINGS, _CLOSING))
        if not final and not bare:
            keep = len(held)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def _say(self, text: str) -> Iterator[str]:
        """Text; white space around calls is none."""
        self._spoke = self._spoke or bool(text.strip(_BETWEEN))
        if text and (self._spoke or (self._mark is None and not self.n_calls)):
            yield text

    def _may_be_call(self) -> bool:
        start = self._held.lstrip(_BETWEEN)
        return (
            not start
            or start[0] in "{["
            or bool(self._mark and (_NAMED.match(start) or _NAMING.fullmatch(start)))
        )

    def _read_calls(self) -> list[str | Call] | None:
        """The calls of a JSON text that is complete, or the text as it was; None while it is not."""
        name = _NAMED.match(self._held) if self._mark else None
        start = name.end() if name else len(self._held) - len(self._held.lstrip(_BETWEEN))
        if self._held[start : start + 1] not in ("{", "["):
            return None
        end = self._end.find(self._held, start)
        if end is None:
            return None
        calls = _to_calls(self._held[start:end], name.group(1) if name else None, self.names)
        if calls is None:
            return list(self._give_back())
        kept = calls[: max(0, self.most - self.n_calls)]
        self.n_calls += len(calls)
        self._held, self._mark = self._held[end:], None
        return list(kept)

    def _give_back(self) -> Iterator[str]:
        """It was no call."""
        text, self._held = f"{self._mark}{self._held}", ""
        self._mark, self._spoke = None, True
        yield text


@dataclass(slots=True)
class _JsonEnd:
    """Where the JSON object or list ends that begins a text; each character is looked at once."""

    _at: int = -1
    _depth: int = 0
    _quoted: bool = False
    _escaped: bool = False

    def find(self, text: str, start: int) -> int | None:
        """The place after its last character, None while it is not there."""
        for at in range(max(self._at, start), len(text)):
            self._at = at + 1
            char = text[at]
            if self._escaped:
                self._escaped = False
            elif char == "\\":
                self._escaped = self._quoted
            elif char == '"':
                self._quoted = not self._quoted
            elif not self._quoted and char in "{[":
                self._depth += 1
            elif not self._quoted and char in "}]":
                self._depth -= 1
                if self._depth == 0:
                    return at + 1
        return None


def _to_calls(text: str, name: str | None, names: frozenset[str]) -> list[Call] | None:
    """The calls that a JSON text is; None where it is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if name is not None:
        value = {"name": name, "arguments": value}
    calls = [_to_call(item, names) for item in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call is not None] if calls and all(calls) else None


def _to_call(value: Anything, names: frozenset[str]) -> Call | None:
    if not isinstance(value, dict) or value.get("name") not in names:
        return None
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return None
    if not isinstance(arguments, dict):
        return None
    return Call(value["name"], json.dumps(arguments, ensure_ascii=False))
