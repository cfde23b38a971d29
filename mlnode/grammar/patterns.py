"""Regular expressions (ECMA-262, what languages have in common) as GBNF for the inside of a JSON string.

An expression speaks about characters; the text that is generated is JSON, where a quote, a backslash and a
line break are written as escapes. What cannot be said in a grammar is refused: look-around, back-references,
word boundaries, anchors in the middle. Negated classes such as \\D stay within ASCII, where dialects agree.
"""

from collections.abc import Iterable

from mlnode.grammar.byteranges import Ranges, complement
from mlnode.grammar.cursor import Cursor

ANY_CHARACTER = "char"
"""The rule for one character of a JSON string, which whoever uses the result has to define."""
NESTING_MAX = 30
REPEAT_MAX = 1000

_DIGIT = ((48, 57),)
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE = ((9, 13), (32, 32))
_ASCII_REST = ((128, 0x10FFFF),)
_KINDS: dict[str, Ranges] = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "0": 0}
_LINE_ENDS = ((10, 10), (13, 13), (0x2028, 0x2029))
_SHORT = {0x22: '\\\\\\"', 0x5C: "\\\\\\\\", 8: "\\\\b", 9: "\\\\t", 10: "\\\\n", 12: "\\\\f", 13: "\\\\r"}
"""GBNF literals of JSON's short escapes."""
_ESCAPED = ((0, 31), (0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F))


class PatternUnsupported(ValueError):
    """The expression cannot become a grammar; the text says which part of it."""


def write_pattern(pattern: str) -> str:
    """GBNF for the strings that the expression is found in, without their quotes."""
    return _Reader(pattern).read()


def write_characters(ranges: Iterable[tuple[int, int]]) -> str:
    """GBNF for one character out of these, as it stands in a JSON string."""
    wanted = complement(complement(ranges))
    plain = complement([*complement(wanted), *_ESCAPED])
    escapes = [f'"{text}"' for point, text in _SHORT.items() if _contains(wanted, point)]
    rows = [_class(plain)] * bool(plain) + escapes
    if not rows:
        rows = [f'"\\\\u{low:04x}"' for low, high in wanted if low == high]
    if not rows:
        raise PatternUnsupported("a set of characters that JSON cannot say")
    return rows[0] if len(rows) == 1 else f"({' | '.join(rows)})"


def _contains(ranges: Ranges, point: int) -> bool:
    return any(low <= point <= high for low, high in ranges)


def _class(ranges: Ranges) -> str:
    parts = (_point(low) if low == high else f"{_point(low)}-{_point(high)}" for low, high in ranges)
    return f"[{''.join(parts)}]"


def _point(point: int) -> str:
    char = chr(point)
    return char if char.isascii() and char.isalnum() else f"\\U{point:08X}"


class _Reader(Cursor):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self._depth = 0

    def read(self) -> str:
        rows = [self._branch()]
        while self._take("|"):
            rows.append(self._branch())
        if self._at < len(self._text):
            raise PatternUnsupported(f"{self._text[self._at]!r} that nothing opened")
        return " | ".join(f"({row})" for row in rows)

    def _branch(self) -> str:
        """A whole alternative: where it is not anchored, anything may stand around it."""
        head = "" if self._take("^") else f"{ANY_CHARACTER}* "
        body = self._sequence()
        return head + (body or '""') + ("" if self._take("$") else f" {ANY_CHARACTER}*")

    def _group(self) -> str:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise PatternUnsupported(f"groups more than {NESTING_MAX} deep")
        self._open_group()
        rows = [self._sequence()]
        while self._take("|"):
            rows.append(self._sequence())
        if not self._take(")"):
            raise PatternUnsupported("a group that is not closed")
        self._depth -= 1
        return f"({' | '.join(row or chr(34) * 2 for row in rows)})"

    def _open_group(self) -> None:
        if not self._take("?") or self._take(":"):
            return
        named = self._take("P<") or self._take("<")
        if not named or self._peek() in "=!":
            raise PatternUnsupported("look-around")
        self._at = self._text.find(">", self._at) + 1
        if self._at == 0:
            raise PatternUnsupported("a group whose name does not end")

    def _sequence(self) -> str:
        parts = []
        while self._at < len(self._text) and self._peek() not in "|)":
            if self._depth == 0 and self._text[self._at : self._at + 2] in ("$", "$|"):
                break
            parts.append(self._atom() + self._quantifier())
        return " ".join(parts)

    def _atom(self) -> str:
        mark = self._peek()
        self._at += 1
        if mark == "(":
            return self._group()
        if mark == "[":
            return write_characters(self._set())
        if mark == ".":
            return write_characters(complement(_LINE_ENDS))
        if mark == "\\":
            return write_characters(self._escape())
        if mark in "^$":
            raise PatternUnsupported("an anchor in the middle")
        if mark in "*+?":
            raise PatternUnsupported("a repetition of nothing")
        return write_characters(((ord(mark), ord(mark)),))

    def _quantifier(self) -> str:
        mark = self._text[self._at : self._at + 1]
        if mark and mark in "*+?":
            self._at += 1
        elif mark == "{":
            mark = self._times()
        else:
            return ""
        self._take("?")
        return mark

    def _times(self) -> str:
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : max(end, self._at)].partition(",")
        if not low.isdecimal() or not (high == "" or high.isdecimal()):
            raise PatternUnsupported("a brace that is no repetition")
        if max(int(low), int(high or 0)) > REPEAT_MAX or (high and int(high) < int(low)):
            raise PatternUnsupported(f"a repetition of more than {REPEAT_MAX} times, or backwards")
        self._at = end + 1
        return f"{{{int(low)}{comma}{high}}}"

    def _set(self) -> Ranges:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        wide = False
        while self._peek() != "]":
            wide = wide or self._text[self._at : self._at + 2] in ("\\d", "\\w", "\\s")
            ranges += self._range()
        self._at += 1
        if not negated:
            return complement(complement(ranges))
        return complement([*ranges, *_ASCII_REST] if wide else ranges)

    def _range(self) -> Ranges:
        low = self._member()
        if len(low) > 1 or low[0][0] != low[0][1] or self._peek() != "-":
            return low
        if self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return low
        self._at += 1
        high = self._member()
        if len(high) > 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise PatternUnsupported("a range of characters that is none")
        return ((low[0][0], high[0][0]),)

    def _member(self) -> Ranges:
        mark = self._peek()
        self._at += 1
        return self._escape() if mark == "\\" else ((ord(mark), ord(mark)),)

    def _escape(self) -> Ranges:
        mark = self._peek()
        self._at += 1
        if mark in _KINDS:
            return _KINDS[mark]
        if mark.lower() in _KINDS:
            return complement([*_KINDS[mark.lower()], *_ASCII_REST])
        if mark in "xu":
            digits = 2 if mark == "x" else 4
            given = self._text[self._at : self._at + digits]
            self._at += digits
            if len(given) < digits or any(c not in "0123456789abcdefABCDEF" for c in given):
                raise PatternUnsupported(f"the escape \\{mark}{given}")
            return ((int(given, 16), int(given, 16)),)
        if mark in _CONTROLS:
            return ((_CONTROLS[mark], _CONTROLS[mark]),)
        if mark.isalnum():
            raise PatternUnsupported(f"the escape \\{mark}")
        return ((ord(mark), ord(mark)),)

    def _ended(self) -> PatternUnsupported:
        return PatternUnsupported("an end in the middle")
