"""GBNF, llama.cpp's notation for grammars, read into rules over bytes.

    root ::= "yes" | "no" rest{0,3}    # a comment
    rest ::= [a-z0-9] | "\\n" | .

Grammars come from anybody. So everything is bounded: the text, the nesting, what repetitions expand to; and a
rule that begins with itself is refused, because nobody could tell how often it has begun. Characters become
the bytes of their UTF-8, so that a token may cut one anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mlnode.grammar.byteranges import POINT_MAX, Ranges, complement, mask_of, split_to_bytes
from mlnode.grammar.cursor import Cursor

TEXT_MAX = 65_536
"""Characters of a grammar."""
NESTING_MAX = 50
REPEAT_MAX = 2000
SYMBOLS_MAX = 100_000
"""Symbols after repetitions are written out."""


class GrammarInvalid(ValueError):
    """The grammar cannot be used; the text is a sentence with the line."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Another rule, by number, in the place of its text."""

    rule: int


Symbol = int | Ref
"""One byte out of a set (bit b of the number: byte b belongs to it), or a rule."""
Row = tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """A grammar: for each rule the rows that it may be replaced by."""

    rows: tuple[tuple[Row, ...], ...]
    names: tuple[str, ...]
    """A rule's name; of one that a group or a repetition made, the name of the rule around it."""
    root: int


def parse_gbnf(text: str) -> Rules:
    """The grammar whose answer is `root`. Raises `GrammarInvalid`."""
    if len(text) > TEXT_MAX:
        raise GrammarInvalid(f"The grammar has {len(text)} characters; {TEXT_MAX} are allowed.")
    return _Parser(text).parse()


_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}
_HEX = {"x": 2, "u": 4, "U": 8}
_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._rows: list[tuple[Row, ...] | None] = []
        self._sets: dict[Ranges, Symbol] = {}
        self._symbols = 0
        self._depth = 0

    def parse(self) -> Rules:
        self._skip(lines=True)
        while self._at < len(self._text):
            self._rule()
        for name, number in self._numbers.items():
            if self._rows[number] is None:
                raise GrammarInvalid(f"The grammar uses the rule {name!r} and does not define it.")
        if "root" not in self._numbers:
            raise GrammarInvalid("The grammar defines no rule 'root'.")
        rows = tuple(rows or () for rows in self._rows)
        return Rules(rows, tuple(self._names), self._numbers["root"])

    def _rule(self) -> None:
        name = self._name()
        number = self._number(name)
        if self._rows[number] is not None:
            raise self._fault(f"the rule {name!r} is defined twice")
        self._skip(lines=False)
        if not self._take("::="):
            raise self._fault("'::=' is expected")
        self._skip(lines=True)
        self._rows[number] = self._alternatives(name, nested=False)
        if self._at < len(self._text) and self._text[self._at] not in "\r\n":
            raise self._fault("the end of the line is expected")
        self._skip(lines=True)

    def _alternatives(self, name: str, *, nested: bool) -> tuple[Row, ...]:
        rows = [self._sequence(name, nested=nested)]
        while self._take("|"):
            self._skip(lines=True)
            rows.append(self._sequence(name, nested=nested))
        return tuple(rows)

    def _sequence(self, name: str, *, nested: bool) -> Row:
        row: list[Symbol] = []
        item: Row | None = None
        while self._at < len(self._text):
            if (times := self._repetition()) is not None:
                if item is None:
                    raise self._fault("something to repeat is expected")
                del row[len(row) - len(item) :]
                item = self._repeat(name, item, *times)
            elif (item := self._item(name)) is None:
                break
            row += item
            self._skip(lines=nested)
        return tuple(row)

    def _item(self, name: str) -> Row | None:
        mark = self._text[self._at]
        if mark == '"':
            return self._count(self._literal())
        if mark == "[":
            return self._count((self._set(self._class()),))
        if mark == ".":
            self._at += 1
            return self._count((self._set(((0, POINT_MAX),)),))
        if mark == "(":
            return self._count((self._group(name),))
        if mark in _WORD:
            return self._count((Ref(self._number(self._name())),))
        if mark in "<!":
            raise self._fault("tokens by name or number are not offered; write their text")
        return None

    def _group(self, name: str) -> Ref:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise self._fault(f"groups are nested more than {NESTING_MAX} deep")
        self._at += 1
        self._skip(lines=True)
        rows = self._alternatives(name, nested=True)
        if not self._take(")"):
            raise self._fault("')' is expected")
        self._depth -= 1
        return self._add(name, rows)

    def _repetition(self) -> tuple[int, int | None] | None:
        mark = self._text[self._at]
        if mark in _REPEATS:
            self._at += 1
            return _REPEATS[mark]
        if mark != "{":
            return None
        self._at += 1
        low = self._integer()
        high: int | None = low
        if self._take(","):
            self._skip(lines=False)
            high = self._integer() if self._peek().isdecimal() else None
        if not self._take("}"):
            raise self._fault("'}' is expected")
        if max(low, high or 0) > REPEAT_MAX:
            raise self._fault(f"a repetition of more than {REPEAT_MAX} times")
        if high is not None and high < low:
            raise self._fault("a repetition that ends before it begins")
        return low, high

    def _repeat(self, name: str, item: Row, low: int, high: int | None) -> Row:
        """The item `low` times, and a rule for as many more as are allowed."""
        self._count(item * (low - 1) if low else ())
        if high == low:
            return item * low
        if high is None:
            more = self._add(name, ())
            self._rows[more.rule] = (self._count((*item, more)), ())
            return (*item * low, more)
        more = self._add(name, (self._count(item), ()))
        for _ in range(high - low - 1):
            more = self._add(name, (self._count((*item, more)), ()))
        return (*item * low, more)

    def _literal(self) -> Row:
        self._at += 1
        row: list[Symbol] = []
        while self._peek() != '"':
            row += (1 << byte for byte in chr(self._point()).encode("utf-8", "surrogatepass"))
        self._at += 1
        return tuple(row)

    def _class(self) -> Ranges:
        self._at += 1
        negated = self._take("^")
        ranges = []
        while self._peek() != "]":
            low = high = self._point()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._point()
            if high < low:
                raise self._fault("a range of characters that ends before it begins")
            ranges.append((low, high))
        self._at += 1
        found = complement(complement(ranges))
        if negated:
            found = complement(found)
        if not found:
            raise self._fault("a set of no characters")
        return found

    def _set(self, ranges: Ranges) -> Symbol:
        """A set of characters: one byte, or a rule with the rows of their bytes."""
        if ranges not in self._sets:
            rows = list(split_to_bytes(ranges))
            if not rows:
                raise self._fault("a set of no characters")
            ascii_mask = sum(mask_of(*row[0]) for row in rows if len(row) == 1)
            longer = [tuple(mask_of(*pair) for pair in row) for row in rows if len(row) > 1]
            single = [(ascii_mask,)] if ascii_mask else []
            if not longer:
                self._sets[ranges] = ascii_mask
            else:
                self._sets[ranges] = self._add("character", (*single, *longer))
        return self._sets[ranges]

    def _point(self) -> int:
        """One character, or an escape for one."""
        char = self._peek()
        self._at += 1
        if char != "\\":
            return ord(char)
        kind = self._peek()
        self._at += 1
        if kind in _HEX:
            return self._hexadecimal(_HEX[kind])
        if kind in _ESCAPES:
            return ord(_ESCAPES[kind])
        if kind in '\\"[]-^':
            return ord(kind)
        raise self._fault(f"the escape \\{kind} is not known")

    def _hexadecimal(self, digits: int) -> int:
        given = self._text[self._at : self._at + digits]
        self._at += digits
        try:
            point = int(given, 16) if len(given) == digits and given.isalnum() else -1
        except ValueError:
            point = -1
        if not 0 <= point <= POINT_MAX or 0xD800 <= point <= 0xDFFF:
            raise self._fault(f"{given!r} is no character's number")
        return point

    def _integer(self) -> int:
        start = self._at
        while self._peek() in "0123456789":
            self._at += 1
        digits = self._text[start : self._at]
        if not 0 < len(digits) <= 6:
            raise self._fault("a number of at most six digits is expected")
        self._skip(lines=False)
        return int(digits)

    def _name(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in _WORD:
            self._at += 1
        if start == self._at:
            raise self._fault("the name of a rule is expected")
        return self._text[start : self._at]

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._rows)
            self._names.append(name)
            self._rows.append(None)
        return self._numbers[name]

    def _add(self, name: str, rows: tuple[Row, ...]) -> Ref:
        self._names.append(name)
        self._rows.append(rows)
        return Ref(len(self._rows) - 1)

    def _count(self, row: Row) -> Row:
        self._symbols += len(row) + 1
        if self._symbols > SYMBOLS_MAX:
            raise GrammarInvalid("The grammar is too large when its repetitions are written out.")
        return row

    def _skip(self, *, lines: bool) -> None:
        """White space and comments."""
        blank = " \t\r\n" if lines else " \t"
        while self._at < len(self._text):
            if self._text[self._at] == "#":
                while self._at < len(self._text) and self._text[self._at] not in "\r\n":
                    self._at += 1
            elif self._text[self._at] in blank:
                self._at += 1
            else:
                return

    def _ended(self) -> GrammarInvalid:
        return self._fault("the grammar ends too early")

    def _fault(self, what: str) -> GrammarInvalid:
        line = self._text.count("\n", 0, self._at) + 1
        near = self._text[self._at : self._at + 20].split("\n")[0]
        where = f"before {near!r}" if near else "at its end"
        return GrammarInvalid(f"The grammar is wrong in line {line}: {what}, {where}.")


def left_edges(rules: Rules, empties: frozenset[int]) -> Iterator[tuple[int, int, bool]]:
    """From each rule to those that its text may begin with. The flag: something follows there."""
    for rule, rows in enumerate(rules.rows):
        for row in rows:
            for at, symbol in enumerate(row):
                if isinstance(symbol, int):
                    break
                yield rule, symbol.rule, at + 1 < len(row)
                if symbol.rule not in empties:
                    break
