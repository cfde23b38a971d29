"""Fields of a message as parameters of a command, and what is written there as values of the fields."""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chain.io.commands import explain
from chain.io.refused import Refused, first_line

OPTIONAL_ARGUMENTS = {
    "chain.v1.QueryEpochGroupDataRequest.model_id",
    "chain.v1.QueryEpochPerformanceSummaryAllRequest.participant_id",
    "chain.v1.QueryGetRandomExecutorRequest.model",
    "chain.v1.QueryGetRandomExecutorRequest.request_id",
}
"""Fields of queries that may be left out."""
BOUNDS = ("epoch_from", "epoch_to", "time_from", "time_to")
"""Fields of queries that narrow an answer down."""
DEFAULT_DENOM = "umesh"
COIN = re.compile("([0-9]+)([a-z][a-z0-9/]*)")
FAILED = re.compile("Failed to parse ([a-zA-Z0-9_]+) field: ")
NO_NUMBER = re.compile("invalid literal for int[(][)] with base 10: (.*)")
DECIMAL = re.compile("(-?)([0-9]+)(?:[.]([0-9]+))?")
INTEGERS = (
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_UINT32,
)


class InputRefused(Refused):
    """Input that is no value of its field, in one sentence."""


@dataclass(frozen=True, slots=True)
class Given:
    """A field of a message as a parameter of a command."""

    field: FieldDescriptor
    kind: Any
    """Type of the parameter."""
    says: str
    """What it means, and how to write it."""


def describe(field: FieldDescriptor) -> Given | None:
    """A field as a parameter; None for one that only JSON can give."""
    kind: Any
    how = ""
    if field.type == FieldDescriptor.TYPE_STRING:
        kind = str
    elif field.type == FieldDescriptor.TYPE_BOOL:
        kind = bool
    elif field.type in INTEGERS:
        kind = int
    elif field.enum_type is not None:
        kind, how = str, f"One of {', '.join(value.name for value in field.enum_type.values)}."
    elif field.message_type is not None and field.message_type.name == "Coin":
        kind, how = str, f"Written like 5{DEFAULT_DENOM}."
    elif field.message_type is not None and field.message_type.name == "Decimal":
        kind, how = str, "Written like 0.05."
    else:
        return None
    repeated = "May be given several times." if field.is_repeated else ""
    says = " ".join(part for part in (explain(field.full_name), how, repeated) if part)
    return Given(field, list[kind] if field.is_repeated else kind, says)


def convert(given: Given, value: Any) -> Any:
    """A parameter's value as JSON of its field."""
    named = given.field.message_type.name if given.field.message_type is not None else ""
    one: Callable[[str], Any] | None = {"Coin": parse_coin, "Decimal": parse_decimal}.get(named)
    if given.field.enum_type is not None:
        one = partial(parse_name, given.field)
    if one is None:
        return value
    return [one(item) for item in value] if given.field.is_repeated else one(value)


def parse_name(field: FieldDescriptor, text: str) -> str:
    """One of an enumeration's names: in full, or its last word alone, "yes" for VOTE_OPTION_YES."""
    names = [value.name for value in field.enum_type.values]
    found = [name for name in names if name == text] or [
        name for name in names if name.endswith(f"_{text.upper()}")
    ]
    if len(found) != 1:
        raise InputRefused(f"--{dashed(field.name)} {text!r} is none of {', '.join(names)}")
    return str(found[0])


def parse_coin(text: str) -> dict[str, str]:
    """ "5umesh" as a coin."""
    match = COIN.fullmatch(text)
    if match is None:
        raise InputRefused(f"{text!r} is not an amount; write it like 5{DEFAULT_DENOM}")
    return {"amount": match[1], "denom": match[2]}


def parse_decimal(text: str) -> dict[str, int]:
    """ "0.05" as value 5, exponent -2."""
    match = DECIMAL.fullmatch(text)
    if match is None:
        raise InputRefused(f"{text!r} is not a decimal number; write it like 0.05")
    fraction = (match[3] or "").rstrip("0")
    return {"value": int(match[1] + match[2] + fraction), "exponent": -len(fraction)}


def read_json(text: str, option: str = "--json") -> dict[str, Any]:
    """An object given as JSON, or as @file."""
    if not text:
        return {}
    try:
        document = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise InputRefused(f"{option}: cannot read {text[1:]}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"{option} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputRefused(f"{option} is not an object: {{…}}")
    return document


def fill(message: Message, document: dict[str, Any]) -> Message:
    """The message of a JSON document. Unknown fields and wrong values are refused."""
    try:
        return json_format.ParseDict(document, message)
    except json_format.ParseError as error:
        raise InputRefused(_explain(first_line(error))) from error


def _explain(told: str) -> str:
    """What the library says of a wrong value, as "path.to.field: why"."""
    path = FAILED.findall(told)
    why = FAILED.sub("", told)
    number = NO_NUMBER.fullmatch(why)
    why = f"{number[1]} is not a whole number" if number else why
    return f"{'.'.join(path)}: {why}" if path else why


def build_argument(given: Given) -> inspect.Parameter:
    """A query's field: an argument, or an option where several may be left out."""
    name = given.field.name
    if given.field.is_repeated or name in BOUNDS:
        left_out: Any = [] if given.field.is_repeated else 0
        return build_parameter(name, given.kind, typer.Option(left_out, f"--{dashed(name)}", help=given.says))
    if name == "denom":
        return build_parameter(name, str, typer.Argument(DEFAULT_DENOM, help=given.says))
    default = "" if given.field.full_name in OPTIONAL_ARGUMENTS else ...
    return build_parameter(name, given.kind, typer.Argument(default, help=given.says))


def build_option(given: Given) -> inspect.Parameter:
    """A message's field: an option."""
    option = typer.Option(None, f"--{dashed(given.field.name)}", help=given.says)
    return build_parameter(
        given.field.name, given.kind if given.field.is_repeated else given.kind | None, option
    )


def build_parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    """A parameter by name."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def with_parameters(
    function: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """The function with the signature that the command line reads."""

    def command(**values: Any) -> None:
        function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def dashed(name: str) -> str:
    """A field's name as an option's."""
    return name.replace("_", "-")
