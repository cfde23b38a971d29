"""The keywords of JSON schemas, read and checked: what a schema says, before any grammar is made of it."""

from collections.abc import Mapping
from typing import Any as Anything
from typing import Final

from mlnode.grammar.gbnf import REPEAT_MAX

Schema = Mapping[str, Anything]


class SchemaUnsupported(ValueError):
    """The schema cannot be kept; the text is a sentence with the place in it."""


NOTES = frozenset(
    {"$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples"}
    | {"deprecated", "readOnly", "writeOnly", "discriminator"}
)
"""Keywords that say nothing about what is valid."""

KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "boolean": frozenset(),
    "null": frozenset(),
}
_DATE = (
    "[12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL = "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"
FORMATS: Final[Mapping[str, str]] = {
    "date": f"^{_DATE}$",
    "time": f"^{_TIME}$",
    "date-time": f"^{_DATE}T{_TIME}$",
    "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "ipv4": rf"^{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}$",
    "email": rf"^[A-Za-z0-9_+-]{{1,30}}@{_LABEL}(\.{_LABEL}){{1,3}}$",
    "hostname": rf"^{_LABEL}(\.{_LABEL}){{0,3}}$",
    "uri": rf"^https?://{_LABEL}(\.{_LABEL}){{0,3}}(/[A-Za-z0-9_.~-]{{1,40}}){{0,8}}/?$",
}


def fault(place: str, what: str) -> SchemaUnsupported:
    return SchemaUnsupported(f"The schema at {place}: {what}. Say it in another way, or leave it out.")


def read_alone(schema: dict[str, Anything], keyword: str, place: str) -> Anything:
    if len(schema) > 1:
        raise fault(place, f"{keyword} beside {', '.join(sorted(set(schema) - {keyword}))}")
    return schema[keyword]


def find_place(document: Anything, ref: Anything, place: str) -> Anything:
    for part in str(ref).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            raise fault(place, f"$ref {ref!r} leads nowhere")
    return document


def merge_all(schema: dict[str, Anything], place: str) -> dict[str, Anything]:
    """allOf as one schema, where no keyword but those of objects stands twice."""
    parts = schema.pop("allOf")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise fault(place, "allOf must be a list of schemas")
    merged = dict(schema)
    for part in parts:
        for key, value in part.items():
            known = merged.get(key, value)
            if key == "properties" and isinstance(known, dict) and isinstance(value, dict):
                if any(known.get(name, text) != text for name, text in value.items()):
                    raise fault(place, "allOf that describes a property twice")
                merged[key] = {**known, **value}
            elif key == "required" and are_strings(known) and are_strings(value):
                merged[key] = list(dict.fromkeys([*known, *value]))
            elif known == value or key in NOTES:
                merged[key] = known
            else:
                raise fault(place, f"allOf that says {key!r} twice")
    if "additionalProperties" in merged and len(parts) + bool(schema) > 1:
        raise fault(place, "allOf beside or with 'additionalProperties'")
    return merged


def read_values(schema: Schema) -> list[Anything] | None:
    """What const and enum allow; None without them."""
    if "const" in schema:
        given = schema.get("enum", [schema["const"]])
        return [schema["const"]] if isinstance(given, list) and schema["const"] in given else []
    values = schema.get("enum")
    return values if isinstance(values, list) else ([] if "enum" in schema else None)


def type_of(value: Anything) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def is_number(value: Anything, types: Anything) -> bool:
    return "number" in types and type_of(value) == "integer"


def are_strings(names: Anything) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def read_span(schema: Schema, least: str, most: str, place: str) -> tuple[int, int | None]:
    """Bounds of a length, the upper one cut to what a grammar can count."""
    low, high = schema.get(least, 0), schema.get(most)
    if not all(type(value) is int and value >= 0 for value in (low, 0 if high is None else high)):
        raise fault(place, f"{least} and {most} must be whole numbers")
    if low > REPEAT_MAX or (high is not None and high < low):
        raise fault(place, f"{least} is more than can be")
    return low, None if high is None else min(high, REPEAT_MAX)


def read_limits(schema: Schema, within: str, beyond: str, place: str) -> list[tuple[float, bool]]:
    """The bounds on one side, each with whether it is itself excluded."""
    found = []
    for keyword, excluded in ((within, False), (beyond, True)):
        if keyword in schema:
            value = schema[keyword]
            if type(value) not in (int, float) or abs(value) >= 10**15:
                raise fault(place, f"{keyword} must be a number below 10^15")
            found.append((value, excluded))
    return found
