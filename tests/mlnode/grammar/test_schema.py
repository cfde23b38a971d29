"""Schemas: what their grammar lets through is valid by them, and what cannot be kept is refused by name."""

import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlnode.grammar.schema import SchemaUnsupported, write_schema
from mlnode.grammar.states import Grammar

CHECKER = jsonschema.FormatChecker(("date", "uuid", "ipv4", "email"))


def wander(grammar: Grammar, seed: int, length: int = 200) -> str | None:
    """A random text of the grammar; None where it did not end by itself."""
    choose = random.Random(seed)
    state, data = grammar.start, bytearray()
    while len(data) < 4 * length:
        mask = grammar.possible(state)
        if state.ends and (not mask or choose.random() < 0.3 or len(data) > length):
            return data.decode()
        options = [byte for byte in range(256) if mask >> byte & 1]
        closing = [byte for byte in options if byte in b'"}]']
        data.append(choose.choice(closing if closing and choose.random() < 0.4 else options))
        following = grammar.read(state, data[-1:])
        assert following is not None
        state = following
    return None


def texts(schema: Any, n: int = 25) -> Iterator[str]:
    grammar = Grammar.parse(write_schema(schema))
    for seed in range(n):
        if (text := wander(grammar, seed)) is not None:
            yield text


def check(schema: Any, n: int = 25) -> None:
    for text in texts(schema, n):
        jsonschema.validate(
            json.loads(text), schema, cls=jsonschema.Draft202012Validator, format_checker=CHECKER
        )


NODE = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    "required": ["v", "kids"],
}
SCHEMAS: list[Any] = [
    True,
    {},
    {"type": "object"},
    {"type": "object", "additionalProperties": False},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}},
    {"properties": {'a"\\\n': {"type": "string", "maxLength": 5}, "é": {}, "c": {"type": "boolean"}}},
    {"type": "object", "properties": {x: {"const": x} for x in "abc"}, "required": ["b"]},
    {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 4},
    {"type": "array", "items": {"type": "null"}, "maxItems": 0},
    {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"const": 3}],
        "items": {"type": "null"},
        "minItems": 3,
    },
    {"type": "array", "prefixItems": [{"type": "boolean"}, True], "items": False},
    {"enum": ["a", 'b"', None, 1.5, {"x": [1]}]},
    {"type": "string", "enum": ["a", 3]},
    {"const": "é\u2028\\"},
    {"type": ["string", "null"], "minLength": 2, "maxLength": 3},
    {"type": "string", "minLength": 3},
    {"type": "string", "pattern": '^[a-c]{2,4}(x|\\d+)"?\\\\$'},
    {"type": "string", "pattern": "ab|^c.?$"},
    {"type": "string", "pattern": "^\\S\\W[^x][^\\d]\\u0041(?:a|b)*?(?P<name>c)$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "ipv4"},
    {"type": "string", "format": "email"},
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    {"properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}},
    {
        "anyOf": [
            {"type": "integer"},
            {"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]},
        ]
    },
    {"oneOf": [{"properties": {"k": {"const": k}}, "required": ["k"], "type": "object"} for k in "ab"]},
    {"oneOf": [{"type": "string"}, {"type": "integer"}, {"enum": [None, True]}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {}}}]},
    {"type": "integer", "exclusiveMinimum": 9, "title": "more than nine", "default": 10},
    {"type": "number", "exclusiveMinimum": -3, "exclusiveMaximum": 5},
    {"type": "number", "minimum": -1.5, "exclusiveMaximum": 0},
    {"type": "integer", "multipleOf": 1},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:50])
def test_whatever_the_grammar_lets_through_is_valid(schema: Any):
    check(schema)
    assert any(texts(schema)), "something must end by itself"


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1000, 1000, allow_nan=False)


@st.composite
def bounds(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    schema: dict[str, Any] = {"type": kind}
    schema |= draw(st.sampled_from([{}, {"minimum": low}, {"exclusiveMinimum": low}]))
    return schema | draw(st.sampled_from([{}, {"maximum": high}, {"exclusiveMaximum": high}]))


def spans(words: tuple[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    pairs = st.tuples(st.integers(0, 3), st.integers(3, 6))
    return pairs.map(lambda pair: dict(zip(words, pair, strict=True)))


LEAVES = st.one_of(
    st.sampled_from([{"type": kind} for kind in ("boolean", "null", "string", "integer", "number")]),
    bounds("integer"),
    bounds("number"),
    spans(("minLength", "maxLength")).map(lambda span: {"type": "string", **span}),
    st.lists(NAMES | NUMBERS | st.booleans() | st.none(), min_size=1, max_size=4).map(lambda v: {"enum": v}),
)


def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.dictionaries(NAMES, inner, max_size=4)
    objects = parts.flatmap(
        lambda p: st.sets(st.sampled_from(sorted(p)) if p else st.nothing()).map(
            lambda needed: {"type": "object", "properties": p, "required": sorted(needed)}
        )
    )
    arrays = st.tuples(inner, spans(("minItems", "maxItems"))).map(
        lambda pair: {"type": "array", "items": pair[0], **pair[1]}
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    return (
        objects
        | arrays
        | unions
        | parts.map(lambda p: {"$defs": {"p": {"properties": p}}, "$ref": "#/$defs/p"})
    )


@settings(max_examples=120, deadline=None)
@given(st.recursive(LEAVES, grow, max_leaves=8))
def test_random_schemas_are_kept_or_refused(schema: Any):
    try:
        check(schema, 5)
    except SchemaUnsupported as refused:
        assert str(refused).startswith("The schema at #")


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (False, "false allows nothing"),
        (3, "a schema is expected"),
        ({"type": "thing"}, "type"),
        ({"type": []}, "type"),
        ({"type": [1]}, "type"),
        ({"not": {}}, "'not'"),
        ({"if": {}, "then": {}}, "'if'"),
        ({"type": "object", "patternProperties": {}}, "'patternProperties'"),
        ({"type": "object", "minProperties": 2}, "'minProperties'"),
        ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
        ({"type": "array", "contains": {}}, "'contains'"),
        ({"type": "array", "minItems": 5, "maxItems": 3}, "minItems"),
        ({"type": "array", "items": 5}, "#/items: a schema is expected"),
        ({"type": "array", "minItems": -1}, "whole numbers"),
        ({"type": "number", "multipleOf": 0.1}, "'multipleOf'"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "between the bounds"),
        ({"type": "number", "minimum": 0.2, "maximum": 0.8}, "between the bounds"),
        ({"type": "number", "exclusiveMinimum": True}, "exclusiveMinimum"),
        ({"type": "string", "format": "ean"}, "format 'ean'"),
        ({"type": "string", "pattern": "a", "minLength": 2}, "beside minLength"),
        ({"type": "string", "pattern": "(?=a)"}, "look-around"),
        ({"type": "string", "pattern": "a\\b"}, "escape"),
        ({"type": "string", "pattern": "a^b"}, "anchor"),
        ({"type": "string", "pattern": "(a"}, "not closed|end in the middle"),
        ({"type": "string", "pattern": "a{99999}"}, "more than 1000"),
        ({"type": "string", "pattern": "(" * 40 + ")" * 40}, "deep"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "use anyOf"),
        ({"anyOf": []}, "anyOf must be a list"),
        ({"anyOf": [{}], "type": "string"}, "anyOf beside 'type'"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "says 'type' twice"),
        ({"$ref": "http://example.com/x"}, "only places in the schema itself"),
        ({"$ref": "#/nowhere"}, "leads nowhere"),
        ({"$ref": "#/a", "type": "string"}, "beside type"),
        ({"enum": []}, "no value"),
        ({"type": "string", "enum": [1]}, "no value"),
        ({"type": "object", "properties": 3}, "properties must be"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "false allows nothing"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(schema: Any, why: str):
    with pytest.raises(SchemaUnsupported, match=why):
        write_schema(schema)


def test_depth_and_size_are_bounded():
    deep: Any = {}
    for _ in range(60):
        deep = {"type": "array", "items": deep, "maxItems": 1}
    with pytest.raises(SchemaUnsupported, match="inside each other"):
        write_schema(deep)
    with pytest.raises(SchemaUnsupported, match="too large"):
        write_schema({"properties": {str(i): {} for i in range(3000)}})


@pytest.mark.parametrize(
    ("low", "high"), [(-3, -5), (5, 3), (-0.5, -0.2), (-0.9, 0.9), (0.1, 0.2), (10**14, 10**14 - 1)]
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_bounds_between_which_nothing_can_be_written_leave_no_empty_number(
    low: float, high: float, kind: str
) -> None:
    schema = {"type": kind, "minimum": low, "maximum": high}
    try:
        check(schema, 10)
    except SchemaUnsupported as refused:
        assert "no number that can be written" in str(refused)
