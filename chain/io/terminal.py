"""The commands `query` and `tx`, made from the descriptors of the services: one for each method.

A query takes its request's fields as arguments; a transaction takes its message's fields as options, and what
is nested as JSON. Answers are printed as JSON with the fields' own names.
"""

import base64
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chain.io.answers import format_message
from chain.io.commands import DATED, QUERIES, SERVICES, TXS, explain, explain_message, get_path
from chain.io.keys import DEFAULT_HOME, find_key
from chain.io.node import Node, run_on
from chain.io.parameters import (
    InputRefused,
    build_argument,
    build_option,
    build_parameter,
    convert,
    describe,
    fill,
    read_json,
    with_parameters,
)
from chain.io.state_terminal import build_state_app

DEFAULT_NODE = "127.0.0.1:9090"
NodeAddress = Annotated[
    str, typer.Option("--node", envvar="MESHKEEPER_CHAIN_NODE", help="gRPC address of a chain, host:port.")
]
Sender = Annotated[
    str, typer.Option("--from", help="Who signs: name of a key in the home, or a folder with a key.json.")
]
HomeFolder = Annotated[Path, typer.Option("--home", envvar="MESHKEEPER_CHAIN_HOME", help="The chain's home.")]
Memo = Annotated[str, typer.Option("--memo", help="Free text to go with the transaction.")]
Height = Annotated[
    int, typer.Option("--height", min=0, help="Height of the state that is asked; 0 for the last.")
]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Most entries on the page; 0 for 100.")]
PageKey = Annotated[
    str, typer.Option("--page-key", help="Where to go on: next_key of the page before, base64.")
]
Offset = Annotated[int, typer.Option("--offset", min=0, help="Entries to pass over; instead of --page-key.")]
CountTotal = Annotated[bool, typer.Option("--count-total", help="Count all entries; not with --page-key.")]
Reverse = Annotated[bool, typer.Option("--reverse", help="The last entry first.")]


def build_query_app() -> typer.Typer:
    """The commands below `query`."""
    app = typer.Typer(help="Ask a running chain. Answers are JSON.", no_args_is_help=True)
    for room, commands in QUERIES.items():
        group = typer.Typer(help=f"Ask about {room}.", no_args_is_help=True)
        app.add_typer(group, name=room)
        for name, method in commands.items():
            path = get_path(method)
            group.command(name, help=explain(path[1:].replace("/", ".")))(_build_query(path))
    app.add_typer(build_state_app(NodeAddress, Height, DEFAULT_NODE), name="state")
    return app


def build_tx_app() -> typer.Typer:
    """The commands below `tx`."""
    app = typer.Typer(help="Sign and send a transaction, and wait for its block.", no_args_is_help=True)
    for room, commands in TXS.items():
        group = typer.Typer(help=f"Transactions of {room}.", no_args_is_help=True)
        app.add_typer(group, name=room)
        for name, message_class in commands.items():
            group.command(name, help=explain_message(message_class))(_build_tx(message_class))
    return app


def _build_query(path: str) -> Callable[..., None]:
    service, _, method = path[1:].partition("/")
    module = SERVICES[service]
    described = module.DESCRIPTOR.services_by_name[service.rpartition(".")[2]].methods_by_name[method]
    request_class = getattr(module, described.input_type.name)
    answer_class = getattr(module, described.output_type.name)
    fields = [given for field in described.input_type.fields if (given := describe(field)) is not None]

    def query(node: str, state_height: int = 0, **values: Any) -> None:
        page = _take_page(values)
        document = {name: value for name, value in values.items() if value not in ("", [], ())}
        request = fill(request_class(), {**document, "pagination": page} if page else document)

        async def ask(connection: Node) -> Message:
            answer: Message = await connection.call(path, request, answer_class, state_height)
            return answer

        typer.echo(format_message(run_on(node, ask)))

    parameters = [build_argument(given) for given in fields]
    if "pagination" in described.input_type.fields_by_name:
        parameters += PAGING
    if service in DATED:
        parameters.append(build_parameter("state_height", Height, 0))
    return with_parameters(query, [*parameters, build_parameter("node", NodeAddress, DEFAULT_NODE)])


def _build_tx(message_class: Any) -> Callable[..., None]:
    signer, *rest = message_class.DESCRIPTOR.fields
    described = [(field, describe(field)) for field in rest]
    by_name = {given.field.name: given for _, given in described if given is not None}

    def send(node: str, sender: str, home: Path, nested: str, memo: str, **values: Any) -> None:
        key = find_key(home.expanduser(), sender)
        document = read_json(nested)
        for name, value in values.items():
            if value not in (None, [], ()):
                document[name] = convert(by_name[name], value)
        document[signer.name] = key.address
        message = fill(message_class(), document)
        typer.echo(format_message(run_on(node, lambda connection: connection.send([message], key, memo))))

    return with_parameters(
        send,
        [
            *(build_option(given) for given in by_name.values()),
            build_parameter("nested", str, _build_nested([field for field, given in described if not given])),
            build_parameter("memo", Memo, ""),
            build_parameter("sender", Sender, inspect.Parameter.empty),
            build_parameter("home", HomeFolder, DEFAULT_HOME),
            build_parameter("node", NodeAddress, DEFAULT_NODE),
        ],
    )


def _build_nested(fields: list[FieldDescriptor]) -> Any:
    """The option that takes JSON; it explains the fields that nothing else can give."""
    told = "".join(f" {field.name}: {explain(field.full_name)}" for field in fields)
    about = f" Only there:{told}" if told else ""
    return typer.Option("", "--json", help=f"The message, or parts of it, as JSON or @file.{about}")


PAGING = [
    build_parameter("limit", Limit, 0),
    build_parameter("page_key", PageKey, ""),
    build_parameter("offset", Offset, 0),
    build_parameter("count_total", CountTotal, False),
    build_parameter("reverse", Reverse, False),
]
"""Parameters of a query that answers in pages."""


def _take_page(values: dict[str, Any]) -> dict[str, Any]:
    """The page that is asked for, taken out of a query's values; empty for the first one."""
    page = {parameter.name: values.pop(parameter.name, None) for parameter in PAGING}
    page["key"] = _check_page_key(page.pop("page_key") or "")
    return {name: value for name, value in page.items() if value}


def _check_page_key(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputRefused(f"--page-key {text!r} is not base64; copy next_key of the page before") from error
    return text
