"""What counts as a protobuf message when it comes from outside, whichever library reads it.

Libraries differ about bytes that nobody should send: one takes what another refuses, or takes it as something
else. Validators with different ones would disagree about a transaction. So bytes are looked at here first, by
the description of the message alone. Well formed are

- fields that the message has, each with the wire type of its kind; numbers of a list packed or one by one;
- numbers in as few bytes as they need that fit: into 64 bits, 32 for what has 32, 0 or 1 for what is true or
  false;
- text that is UTF-8, and messages inside that are well formed.

In any order, repeated, with defaults written out: there the libraries agree. Looking at it takes about a
microsecond for each byte, so what is long is taken in canonical form only, which is told at once.
"""

from functools import cache
from typing import Any as Anything

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
DOUBLE, FLOAT, INT64, UINT64, INT32, FIXED64_KIND, FIXED32_KIND, BOOL, STRING = range(1, 10)
MESSAGE, BYTES = 11, 12
UINT32, ENUM, SFIXED32, SFIXED64, SINT32, SINT64 = range(13, 19)
WIDTHS = {DOUBLE: 8, FIXED64_KIND: 8, SFIXED64: 8, FLOAT: 4, FIXED32_KIND: 4, SFIXED32: 4}
"""Kinds of a fixed number of bytes."""
LOOSE_BYTES_MAX = 16_384
"""Longest message that is taken in another form than the canonical one."""
VARINT_BYTES_MAX = 10
TAG_MAX = 2**32 - 1
UINT64_MAX = 2**64 - 1
TEXTS = (STRING, BYTES, MESSAGE)


class Malformed(Exception):
    """Bytes that are no message; the text says why."""


def check(data: bytes, descriptor: Anything) -> None:
    """Raises Malformed unless the bytes are a well-formed message of that description, and not too long."""
    if len(data) > LOOSE_BYTES_MAX:
        raise Malformed(f"more than {LOOSE_BYTES_MAX} bytes are taken in canonical form only")
    columns, at = _read_columns(descriptor), 0
    while at < len(data):
        tag, at = _read_number(data, at, TAG_MAX)
        column = columns.get(tag >> 3)
        if column is None:
            raise Malformed(f"field {tag >> 3} is not known here")
        at = _check_field(data, at, tag & 7, *column)


@cache
def _read_columns(descriptor: Anything) -> dict[int, tuple[int, bool, Anything]]:
    """Kind, whether it is a list, and the message inside, of each field by its number."""
    return {one.number: (one.type, one.is_repeated, one.message_type) for one in descriptor.fields}


def _check_field(data: bytes, at: int, wire: int, kind: int, is_list: bool, inside: Anything) -> int:
    """Looks at one field's value; where it ends."""
    if wire != LENGTH:
        return _check_scalar(data, at, wire, kind)
    size, at = _read_number(data, at, len(data))
    end = at + size
    if end > len(data):
        raise Malformed("it ends within a field")
    if kind == MESSAGE:
        check(data[at:end], inside)
    elif kind == STRING:
        try:
            data[at:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("a text is not UTF-8") from error
    elif kind != BYTES:
        if not is_list:
            raise Malformed("a field has the wire type of another kind")
        _check_packed(data[at:end], kind)
    return end


def _check_packed(data: bytes, kind: int) -> None:
    wire, at = _find_wire(kind), 0
    while at < len(data):
        at = _check_scalar(data, at, wire, kind)


def _check_scalar(data: bytes, at: int, wire: int, kind: int) -> int:
    if kind in TEXTS or wire != _find_wire(kind):
        raise Malformed("a field has the wire type of another kind")
    if wire == VARINT:
        number, at = _read_number(data, at, UINT64_MAX)
        if not _fits(number, kind):
            raise Malformed("a number is too large for its field")
        return at
    if at + WIDTHS[kind] > len(data):
        raise Malformed("it ends within a field")
    return at + WIDTHS[kind]


def _find_wire(kind: int) -> int:
    width = WIDTHS.get(kind)
    if width is None:
        return VARINT
    return FIXED64 if width == 8 else FIXED32


def _fits(number: int, kind: int) -> bool:
    """Negative numbers travel as 64 bits, also those of 32."""
    if kind == BOOL:
        return number <= 1
    if kind in (INT32, ENUM):
        return number < 2**31 or number >= 2**64 - 2**31
    return number < 2**32 if kind in (UINT32, SINT32) else True


def _read_number(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of at most ten bytes, and where it ends."""
    number = 0
    for place in range(VARINT_BYTES_MAX):
        if at + place >= len(data):
            raise Malformed("it ends within a number")
        byte = data[at + place]
        number |= (byte & 127) << (7 * place)
        if byte < 128:
            if number > most or (byte == 0 and place > 0):
                raise Malformed("a number is too large, or has more bytes than it needs")
            return number, at + place + 1
    raise Malformed("a number has more than ten bytes")
