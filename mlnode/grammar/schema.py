"""JSON schemas as GBNF: whatever the grammar lets through is valid by the schema.

The reverse need not hold: properties come in the order of the schema, no other ones are added where some are
listed, and long repetitions are cut. A keyword whose meaning a grammar cannot keep is refused by its name and
place, never passed over: an answer that breaks a promise is worse than none.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything
from typing import Final

from mlnode.grammar.keywords import (
    FORMATS,
    KEYWORDS,
    NOTES,
    SchemaUnsupported,
    are_strings,
    fault,
    find_place,
    is_number,
    merge_all,
    read_alone,
    read_limits,
    read_span,
    read_values,
    type_of,
)
from mlnode.grammar.numerals import Bounds, BoundsUnsupported, write_integer, write_number
from mlnode.grammar.patterns import ANY_CHARACTER, PatternUnsupported, write_pattern

DEPTH_MAX = 40
"""Schemas inside schemas."""
RULES_MAX = 2000

_BASIC: Final[Mapping[str, str]] = {
    "ws": r'| " " | "\n" [ \t]{0,12}',
    ANY_CHARACTER: r'[^"\\\x00-\x1f\x7f] | "\\" (["\\/bfnrt] | "u" unicode)',
    "unicode": "([0-9a-cA-CefEF] hex | [dD] [0-7]) hex hex",
    "hex": "[0-9a-fA-F]",
    "string": '"\\"" char* "\\""',
    "number": '"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "integer": '"-"? ("0" | [1-9] [0-9]{0,15})',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "value": "object | array | string | number | boolean | null",
    "object": '"{" ws (pair ("," ws pair)*)? "}"',
    "pair": 'string ws ":" ws value ws',
    "array": '"[" ws (value ws ("," ws value ws)*)? "]"',
}


def write_schema(schema: Anything) -> str:
    """GBNF whose `root` is a JSON text valid by the schema. Raises `SchemaUnsupported`."""
    writer = SchemaWriter()
    return writer.finish(writer.write(schema))


class SchemaWriter:
    """Rules for one or several schemas."""

    def __init__(self) -> None:
        self._rules: dict[str, str] = {}
        self._document: Anything = None
        self._known: dict[str, str] = {}
        self._depth = 0

    def write(self, document: Anything) -> str:
        """The name of a rule for this schema; references in it are looked up in itself."""
        self._document, self._known = document, {}
        return self._visit(document, "#")

    def finish(self, root: str) -> str:
        """The whole grammar with this text for the rule `root`."""
        rules = [f"root ::= {root}", *(f"{name} ::= {body}" for name, body in self._rules.items())]
        return "\n".join([*rules, *(f"{name} ::= {body}" for name, body in _BASIC.items())]) + "\n"

    def add(self, body: str) -> str:
        """A rule of this text; its name."""
        if len(self._rules) >= RULES_MAX:
            raise SchemaUnsupported("The schema is too large.")
        name = f"r{len(self._rules)}"
        self._rules[name] = body
        return name

    def _visit(self, schema: Anything, place: str) -> str:
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, dict):
            raise fault(place, "false allows nothing" if schema is False else "a schema is expected")
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise fault(place[:80], f"more than {DEPTH_MAX} schemas inside each other")
        try:
            return self._visit_one({k: v for k, v in schema.items() if k not in NOTES}, place)
        finally:
            self._depth -= 1

    def _visit_one(self, schema: dict[str, Anything], place: str) -> str:
        if "$ref" in schema:
            return self._refer(read_alone(schema, "$ref", place), place)
        if "allOf" in schema:
            return self._visit(merge_all(schema, place), place)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._choose(keyword, schema, place)
        if "const" in schema or "enum" in schema:
            return self._list(schema, place)
        return self._typed(schema, place)

    def _refer(self, ref: Anything, place: str) -> str:
        """The rule of another place of the document; made once, so that a schema may contain itself."""
        if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise fault(place, f"$ref {ref!r}: only places in the schema itself (#/...) are offered")
        if ref not in self._known:
            name = self._known[ref] = self.add("")
            depth, self._depth = self._depth, 0
            self._rules[name] = self._visit(find_place(self._document, ref, place), ref)
            self._depth = depth
        return self._known[ref]

    def _choose(self, keyword: str, schema: dict[str, Anything], place: str) -> str:
        options = schema.pop(keyword)
        if not isinstance(options, list) or not options:
            raise fault(place, f"{keyword} must be a list of schemas")
        if schema:
            raise fault(place, f"{keyword} beside {', '.join(map(repr, sorted(schema)))}")
        if keyword == "oneOf":
            self._check_apart(options, place)
        names = [self._visit(option, f"{place}/{keyword}/{at}") for at, option in enumerate(options)]
        return self.add(" | ".join(names))

    def _check_apart(self, options: Sequence[Anything], place: str) -> None:
        """Of `oneOf` exactly one may be valid: they must not overlap."""
        shapes = [self._shape(option, place) for option in options]
        for at, one in enumerate(shapes):
            for other in shapes[at + 1 :]:
                shared = set(one[0]) & set(other[0])
                told = any(name in other[1] and not one[1][name] & other[1][name] for name in one[1])
                if shared and not (shared == {"object"} and told):
                    raise fault(place, "oneOf whose options may both be valid; use anyOf")

    def _shape(self, schema: Anything, place: str) -> tuple[list[str], dict[str, set[str]]]:
        """Types that a schema allows, and what its required properties of fixed values can be."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema = find_place(self._document, schema["$ref"], place)
        if not isinstance(schema, dict):
            return list(KEYWORDS), {}
        if (values := read_values(schema)) is not None:
            return sorted({type_of(value) for value in values}), {}
        types = schema.get("type", list(KEYWORDS))
        types = [types] if isinstance(types, str) else list(types)
        if "number" in types:
            types.append("integer")
        fixed = {}
        for name in schema.get("required", ()):
            part = schema.get("properties", {}).get(name)
            if isinstance(part, dict) and (values := read_values(part)) is not None:
                fixed[name] = {json.dumps(value, sort_keys=True) for value in values}
        return types, fixed

    def _list(self, schema: dict[str, Anything], place: str) -> str:
        """const and enum; a type beside them is looked at, anything else is refused."""
        values = read_values(schema) or []
        types = schema.get("type")
        if rest := sorted(set(schema) - {"const", "enum", "type"}):
            raise fault(place, f"const or enum beside {', '.join(map(repr, rest))}")
        allowed = [types] if isinstance(types, str) else types
        kept = [v for v in values if allowed is None or type_of(v) in allowed or is_number(v, allowed)]
        if not kept:
            raise fault(place, "no value is left")
        return self.add(" | ".join(write_literal(json.dumps(value, ensure_ascii=False)) for value in kept))

    def _typed(self, schema: dict[str, Anything], place: str) -> str:
        types = schema.pop("type", None)
        if types is None:
            types = [kind for kind, words in KEYWORDS.items() if kind != "integer" and words & set(schema)]
        types = [types] if isinstance(types, str) else types
        known = isinstance(types, list) and types and all(t in KEYWORDS for t in types if isinstance(t, str))
        if not known or not all(isinstance(t, str) for t in types):
            what = ", ".join(map(repr, sorted(schema))) or f"type {types!r}"
            raise fault(place, f"{what} cannot be kept")
        meant = frozenset[str]().union(*(KEYWORDS[kind] for kind in types))
        if unknown := sorted(set(schema) - meant):
            raise fault(place, f"the keyword {unknown[0]!r} cannot be kept")
        write: dict[str, Callable[[dict[str, Anything], str], str]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "number": self._number,
            "integer": self._number,
        }
        names = []
        for kind in types:
            part = {key: value for key, value in schema.items() if key in KEYWORDS[kind]}
            names.append(write[kind](part | {"type": kind}, place) if part else kind)
        return names[0] if len(names) == 1 else self.add(" | ".join(names))

    def _object(self, schema: dict[str, Anything], place: str) -> str:
        parts, needed = schema.get("properties", {}), schema.get("required", [])
        more = schema.get("additionalProperties", True)
        if not isinstance(parts, dict) or not are_strings(needed):
            raise fault(place, "properties must be an object and required a list of names")
        for name in needed:
            if name not in parts:
                parts = {**parts, name: more}
        if not parts:
            return self._map(more, place)
        pairs = []
        for name, part in parts.items():
            value = self._visit(part, f"{place}/properties/{name}")
            key = write_literal(json.dumps(name, ensure_ascii=False))
            pairs.append((self.add(f'{key} ws ":" ws {value} ws'), name in needed))
        return self.add(f'"{{" ws {self._chain(pairs)} "}}"')

    def _chain(self, pairs: Sequence[tuple[str, bool]]) -> str:
        """Pairs in their order, optional ones left out at will, commas between: from the last to the first,
        what may follow when something stands before, and what when nothing does."""
        after, alone = '""', '""'
        for pair, needed in reversed(pairs):
            first = self.add(f"{pair} {after}")
            if needed:
                after, alone = self.add(f'"," ws {pair} {after}'), first
            else:
                after = self.add(f'("," ws {pair})? {after}')
                alone = self.add(f"{first} | {alone}")
        return alone

    def _map(self, more: Anything, place: str) -> str:
        """An object of any names."""
        if more is False:
            return self.add('"{" ws "}"')
        pair = self.add(f'string ws ":" ws {self._visit(more, f"{place}/additionalProperties")} ws')
        return self.add(f'"{{" ws ({pair} ("," ws {pair})*)? "}}"')

    def _array(self, schema: dict[str, Anything], place: str) -> str:
        if schema.get("uniqueItems"):
            raise fault(place, "the keyword 'uniqueItems' cannot be kept")
        low, high = read_span(schema, "minItems", "maxItems", place)
        head, rest = schema.get("prefixItems", []), schema.get("items", True)
        if isinstance(rest, list):
            head, rest = rest, True
        if not isinstance(head, list):
            raise fault(place, "prefixItems must be a list of schemas")
        head = head[: high if high is not None else len(head)]
        items = [f"{self._visit(part, f'{place}/prefixItems/{at}')} ws" for at, part in enumerate(head)]
        if rest is False or high == len(items):
            if low > len(items):
                raise fault(place, "minItems is more than there can be")
            body = ' "," ws '.join(items)
        else:
            low, high = max(low - len(items), 0), None if high is None else high - len(items)
            body = self._repeat(f"{self._visit(rest, f'{place}/items')} ws", items, low, high)
        return self.add(f'"[" ws {body} "]"')

    def _repeat(self, item: str, head: Sequence[str], low: int, high: int | None) -> str:
        more = self.add(f'"," ws {item}')
        top = "" if high is None else str(high if head else high - 1)
        if head:
            return ' "," ws '.join(head) + f" {more}{{{low},{top}}}"
        body = f"{item} {more}{{{max(low - 1, 0)},{top}}}"
        return body if low else f"({body})?"

    def _string(self, schema: dict[str, Anything], place: str) -> str:
        low, high = read_span(schema, "minLength", "maxLength", place)
        limits = {"minLength", "maxLength"} & set(schema)
        pattern = schema.get("pattern")
        if "format" in schema:
            if pattern is not None or schema["format"] not in FORMATS:
                offered = ", ".join(FORMATS)
                raise fault(place, f"format {schema['format']!r} cannot be kept; offered alone are {offered}")
            pattern = FORMATS[schema["format"]]
        if pattern is None:
            top = "" if high is None else high
            return self.add(f'"\\"" {ANY_CHARACTER}{{{low},{top}}} "\\""')
        if limits or not isinstance(pattern, str):
            raise fault(place, "pattern or format beside minLength or maxLength")
        try:
            return self.add(f'"\\"" ({write_pattern(pattern)}) "\\""')
        except PatternUnsupported as error:
            raise fault(place, f"the pattern {pattern[:80]!r} holds {error}") from None

    def _number(self, schema: dict[str, Anything], place: str) -> str:
        whole = schema["type"] == "integer"
        if schema.get("multipleOf", 1) != 1 or ("multipleOf" in schema and not whole):
            raise fault(place, "the keyword 'multipleOf' cannot be kept")
        if set(schema) == {"type", "multipleOf"}:
            return "integer"
        lows = read_limits(schema, "minimum", "exclusiveMinimum", place)
        highs = read_limits(schema, "maximum", "exclusiveMaximum", place)
        low, above = max(lows, key=lambda limit: (limit[0], limit[1]), default=(None, False))
        high, below = min(highs, key=lambda limit: (limit[0], not limit[1]), default=(None, False))
        try:
            return self.add((write_integer if whole else write_number)(Bounds(low, high, above, below)))
        except BoundsUnsupported as error:
            raise fault(place, f"{error}") from None


def write_literal(text: str) -> str:
    """A text as a GBNF literal."""
    written = []
    for char in text:
        plain = " " <= char <= "~" and char not in '"\\'
        written.append(char if plain else f"\\U{ord(char):08X}")
    return f'"{"".join(written)}"'
