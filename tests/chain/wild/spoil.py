"""Nonsense: a message with one field that nobody who means it would send, whatever the message is."""

from enum import IntEnum
from random import Random
from typing import Any, get_args, get_origin

from msgspec import Struct, structs

from chain.auth.addresses import MODULE_ACCOUNTS, module_address
from chain.codec import encode
from chain.records import replace
from tests.chain.wild.people import EVERYBODY, find_person

TEXTS = (
    "",
    " ",
    "\0",
    "x" * 300,
    "é",
    "\u202en1",
    "n1 ",
    "-1",
    "0",
    "1e3",
    "MESH1QQQ",
    "mesh1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    *(find_person(name).address for name in EVERYBODY),
    *(module_address(name) for name in MODULE_ACCOUNTS),
    "gemma",
    "gemma-q4",
    "umesh",
    "ngonka",
    "9" * 90,
)
NUMBERS = (0, 1, -1, 2, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1)
TRIES = 20


def spoil(chance: Random, message: Any) -> Any:
    """The message with a field spoilt; as it is when nothing that can be encoded was found."""
    for _ in range(TRIES):
        spoilt = _spoil(chance, message)
        try:
            encode(spoilt)
        except (ValueError, TypeError, OverflowError):
            continue
        return spoilt
    return message


def _spoil(chance: Random, record: Struct) -> Struct:
    columns = structs.fields(record)
    if not columns:
        return record
    column = chance.choice(columns)
    value = getattr(record, column.name)
    return replace(record, **{column.name: _draw(chance, value, column.type)})


def _draw(chance: Random, value: Any, kind: Any) -> Any:
    if isinstance(value, Struct):
        return _spoil(chance, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, IntEnum):
        return chance.choice(list(type(value)))
    if isinstance(value, int):
        return chance.choice((*NUMBERS, value + 1, value - 1, 2 * value))
    if isinstance(value, str):
        return chance.choice((*TEXTS, value + "x", value.upper(), value[1:]))
    if isinstance(value, bytes):
        return chance.choice((b"", value + b"\0", value[1:], bytes(40)))
    if isinstance(value, tuple):
        return _draw_list(chance, value, kind)
    return value


def _draw_list(chance: Random, value: tuple[Any, ...], kind: Any) -> tuple[Any, ...]:
    item = get_args(kind)[0] if get_origin(kind) is tuple else str
    fresh = item() if isinstance(item, type) else None
    shape = chance.randrange(5)
    if shape == 0 or (fresh is None and not value):
        return ()
    if shape == 1:
        return (*value, *value)
    if shape == 2:
        return (*value, value[0] if value else fresh)
    if shape == 3 and len(value) <= 4:
        return (value or (fresh,)) * 300
    at = chance.randrange(len(value)) if value else 0
    changed = list(value or (fresh,))
    changed[at] = _draw(chance, changed[at], item)
    return tuple(changed)
