"""How records are written in golden cases: objects with the fields that are not at their default.

Enumerations are names, bytes hex, lists lists. A text that begins with @ is the address of that name, so that
a case can say "@alice"; answers are written the same way.
"""

import hashlib
import types
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import Any as Anything
from typing import Union, get_args, get_origin

from chain.auth.addresses import ADDRESS_BYTES, encode_address
from chain.errors import ErrInvalidRecord
from chain.records import Record, get_columns

Json = Anything
MARK = "@"


@cache
def address_of_name(name: str) -> str:
    """The address of a name without a key: the first 20 bytes of its SHA-256, as module accounts have it."""
    return encode_address(hashlib.sha256(name.encode()).digest()[:ADDRESS_BYTES])


def read(kind: Anything, written: Json, addresses: Mapping[str, str]) -> Anything:
    """A value of a kind as it is written. `addresses` has those of names. Refuses fields that a record does
    not have.
    """
    if get_origin(kind) in (Union, types.UnionType):
        plain = next(part for part in get_args(kind) if part is not type(None))
        return None if written is None else read(plain, written, addresses)
    if get_origin(kind) is tuple:
        return tuple(read(get_args(kind)[0], entry, addresses) for entry in written)
    if isinstance(kind, type) and issubclass(kind, Record):
        return _read_record(kind, written, addresses)
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return kind[written]
    if kind is bytes:
        return bytes.fromhex(written)
    if kind is str and written.startswith(MARK):
        return addresses[written[len(MARK) :]]
    return written


def write(value: Anything, names: Mapping[str, str]) -> Json:
    """A value as it is written. `names` has the names of addresses."""
    if isinstance(value, Record):
        columns = get_columns(type(value))
        fields = {name: (getattr(value, name), default) for name, default, _ in columns}
        return {name: write(own, names) for name, (own, default) in fields.items() if own != default}
    if isinstance(value, tuple | list | frozenset):
        return [write(entry, names) for entry in value]
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value in names:
        return MARK + names[value]
    return value


def find_names(written: Json) -> list[str]:
    """Every name that a case speaks of, in order."""
    if isinstance(written, str):
        return [written[len(MARK) :]] if written.startswith(MARK) else []
    inside: Sequence[Json] = ()
    if isinstance(written, Mapping):
        inside = (*written.keys(), *written.values())
    elif isinstance(written, list | tuple):
        inside = written
    return [name for entry in inside for name in find_names(entry)]


def _read_record(kind: type[Record], written: Mapping[str, Json], addresses: Mapping[str, str]) -> Record:
    columns = {name: inner for name, _, inner in get_columns(kind)}
    for name in written:
        if name not in columns:
            raise ErrInvalidRecord(what=kind.__name__, why=f"it has no field {name!r}")
    return kind(**{name: read(columns[name], entry, addresses) for name, entry in written.items()})
