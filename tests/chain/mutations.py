"""Bytes gone wrong in every way that protobuf knows, from one seed: lengths that lie, numbers too long or too
large, fields twice, unknown, of another type, a message inside itself, text that is none, thousands of
entries; and bytes gone wrong in ways that nothing knows.

A mutation takes bytes apart without a schema, changes one place at any depth, and puts lengths around it
right again, unless lying lengths are what it is about. The same seed gives the same bytes for ever.
"""

from dataclasses import dataclass
from random import Random

VARINT, FIXED64, LENGTH, GROUP, GROUP_END, FIXED32 = range(6)
NUMBERS = (
    *(0, 1, 2, 127, 128, 255, 1000, 65_535, 10**6, 10**9, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2, 2**64 - 18, 2**64 - 10**9),
)
"""Where numbers break; the largest are -1, -2, -18 and -10^9 as int64 travels."""
TEXTS = (
    *(b"", b" ", b"\0", b"a\0b", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", "é𝔘\u202e".encode(), b"-1"),
    *(b"0", b"00", b"1e9", b"9" * 77, b"9" * 5000, b"a" * 257, b"x" * 70_000, b"=" * 88, b"A" * 86 + b"=="),
    *(b"%s{}{0}", b"../../etc", b"mesh1" + b"q" * 38, b"umesh", b"\n\r\t", b"http://", b"\x7f"),
)
"""What text may come as."""
DEPTH_MAX = 12
SIZE_MAX = 400_000
"""Nothing grows beyond it, whatever happens to it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it travels."""

    number: int
    kind: int
    value: int | bytes
    raw: bytes = b""
    """As it came; empty for one that is made here."""

    def encode(self) -> bytes:
        """The bytes of the field; with a right length when it is made here."""
        if self.raw:
            return self.raw
        tag = encode_varint(self.number << 3 | self.kind)
        if isinstance(self.value, int):
            return tag + encode_varint(self.value)
        return tag + (encode_varint(len(self.value)) if self.kind == LENGTH else b"") + self.value


def encode_varint(number: int, waste: int = 0) -> bytes:
    """A number as protobuf has it, with so many bytes more than needed."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    if waste == 0:
        return bytes((*out, number))
    return bytes((*out, number | 128, *(128,) * (waste - 1), 0))


def parse(data: bytes) -> list[Field] | None:
    """The fields of a message, or None when the bytes are none."""
    fields, at = [], 0
    while at < len(data):
        begin = at
        tag, at = _read_varint(data, at)
        kind, number = tag & 7, tag >> 3
        if number <= 0 or kind in (GROUP, GROUP_END, 6, 7):
            return None
        value: int | bytes
        if kind == VARINT:
            value, at = _read_varint(data, at)
            if value < 0:
                return None
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind, 0)
            if kind == LENGTH:
                size, at = _read_varint(data, at)
            if size < 0 or at + size > len(data):
                return None
            value, at = data[at : at + size], at + size
        fields.append(Field(number, kind, value, data[begin:at]))
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends; -1, which is no tag, for none."""
    if at < len(data) and data[at] < 128:
        return data[at], at + 1
    number = shift = 0
    while at < len(data) and shift < 70:
        number |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return number, at
    return -1, len(data)


class Mutator:
    """Mutations of whatever it is given, with pieces of all that it knows."""

    def __init__(self, seed: str, corpus: list[bytes], pieces: list[bytes]) -> None:
        self.random = Random(seed)
        self.corpus = corpus
        self.pieces = pieces

    def mutate(self, data: bytes) -> bytes:
        """The bytes, gone wrong in one to three ways."""
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            wrong = self._bend_bytes(data) if self.random.random() < 0.25 else self.bend_fields(data)
            data = wrong if len(wrong) <= SIZE_MAX else wrong[:SIZE_MAX]
        return data

    def bend_fields(self, data: bytes, depth: int = 0) -> bytes:
        """One place of a message changed, at any depth."""
        fields = parse(data)
        if not fields:
            return self.random.choice((self._field().encode(), self._text(), self._bend_bytes(data)))
        at = self.random.randrange(len(fields))
        field = fields[at]
        inside = field.kind == LENGTH and isinstance(field.value, bytes) and field.value
        encoded = [one.encode() for one in fields]
        if inside and depth < DEPTH_MAX and self.random.random() < 0.7 and parse(field.value):
            encoded[at] = Field(field.number, LENGTH, self.bend_fields(field.value, depth + 1)).encode()
        else:
            encoded[at : at + 1] = self._bend_field(field, fields)
        return b"".join(encoded)

    def _bend_field(self, field: Field, fields: list[Field]) -> list[bytes]:
        """What comes in place of a field."""
        choose, whole = self.random, field.encode()
        way = choose.randrange(18)
        if way == 0:
            return []
        if way == 1:
            return [whole] * choose.choice((2, 3, 50, 3000))
        if way == 2:
            return [whole, self._field().encode()]
        if way == 3:
            return [choose.choice(fields).encode(), whole]
        if way == 4:
            return [Field(choose.randint(1, 20), field.kind, field.value).encode()]
        if way == 5:
            return [Field(field.number, *self._other(field)).encode()]
        if way == 6:
            return [self._waste(field)]
        if way == 7:
            return [self._lie(field)]
        if way == 8:
            return [self._nest(field)]
        return [Field(field.number, field.kind, self._value(field)).encode()]

    def _value(self, field: Field) -> int | bytes:
        if isinstance(field.value, int):
            return self.random.choice((*NUMBERS, field.value + 1, max(field.value - 1, 0)))
        if field.kind != LENGTH:
            return self.random.randbytes(len(field.value))
        return self.random.choice((self._text(), self.random.choice(self.pieces), field.value[:-1]))

    def _text(self) -> bytes:
        text = self.random.choice((*TEXTS, self.random.choice(self.pieces)))
        return text if self.random.random() < 0.9 else self.random.randbytes(self.random.randint(0, 90))

    def _field(self) -> Field:
        number = self.random.choice((*range(1, 18), 31, 536_870_911))
        kind = self.random.choice((VARINT, VARINT, FIXED64, LENGTH, LENGTH, FIXED32))
        if kind == VARINT:
            return Field(number, kind, self.random.choice(NUMBERS))
        size = {FIXED64: 8, FIXED32: 4}.get(kind)
        return Field(number, kind, self.random.randbytes(size) if size else self._text())

    def _other(self, field: Field) -> tuple[int, int | bytes]:
        if isinstance(field.value, int):
            return LENGTH, encode_varint(field.value)
        return VARINT, self.random.choice(NUMBERS)

    def _waste(self, field: Field) -> bytes:
        """Numbers with more bytes than they need: legal for some readers, canonical for none."""
        waste = self.random.choice((1, 2, 5, 9))
        tag = encode_varint(field.number << 3 | field.kind, waste if self.random.random() < 0.3 else 0)
        if isinstance(field.value, int):
            return tag + encode_varint(field.value, waste)
        if field.kind != LENGTH:
            return tag + field.value
        return tag + encode_varint(len(field.value), waste) + field.value

    def _lie(self, field: Field) -> bytes:
        value = field.value if isinstance(field.value, bytes) else encode_varint(field.value)
        length = max(0, len(value) + self.random.choice((-1, 1, 7, 2**31, 2**63)))
        return encode_varint(field.number << 3 | LENGTH) + encode_varint(length) + value

    def _nest(self, field: Field) -> bytes:
        """The field inside itself, also deeper than any reader follows."""
        data = field.encode()
        for _ in range(self.random.choice((1, 3, 40, 150))):
            data = Field(field.number, LENGTH, data).encode()
        return data

    def _bend_bytes(self, data: bytes) -> bytes:
        choose, out = self.random, bytearray(data)
        at = choose.randint(0, len(out))
        way = choose.randrange(6)
        if way == 0 and out:
            for _ in range(choose.choice((1, 1, 4, 16))):
                out[choose.randrange(len(out))] ^= 1 << choose.randrange(8)
        elif way == 1:
            del out[at:]
        elif way == 2:
            out[at:at] = choose.randbytes(choose.choice((1, 2, 8, 64)))
        elif way == 3:
            del out[at : at + choose.choice((1, 2, 8, 64))]
        elif way == 4:
            other = choose.choice(self.corpus)
            out[at:] = other[choose.randint(0, len(other)) :]
        else:
            out = bytearray(choose.randbytes(choose.choice((0, 1, 5, 300))))
        return bytes(out)


def collect_pieces(corpus: list[bytes]) -> list[bytes]:
    """What is in the fields of all of these, each once."""
    return sorted({piece for data in corpus for piece in _collect(data, 4)}) or [b""]


def _collect(data: bytes, depth: int) -> list[bytes]:
    found = []
    for field in (parse(data) or ()) if depth else ():
        if isinstance(field.value, bytes) and len(field.value) < 2000:
            found += [field.value, *_collect(field.value, depth - 1)]
    return found
