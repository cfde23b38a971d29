"""The command `query state show`: one entry of the state, with a proof that is verified here."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from chain.codec import message_class
from chain.cosmos import tendermint_pb2
from chain.io.answers import format_message
from chain.io.node import Node, run_on
from chain.io.proofs import check_answer
from chain.io.refused import Refused
from chain.layout import COLLECTIONS
from chain.store import KeyPart, Map
from chain.v1 import events_pb2

ABCI_QUERY = "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery"


class StateRefused(Refused):
    """An entry that cannot be named, or that the node refused, in one sentence."""


def build_state_app(node_address: Any, height_option: Any, default_node: str) -> typer.Typer:
    """The group `state`."""
    app = typer.Typer(help="Ask for single entries of the state.", no_args_is_help=True)

    @app.command("show", help="One entry of the state, proven against the app hash of its height.")
    def show(
        collection: Annotated[str, typer.Argument(help="Name of the collection, like bank/balances.")],
        key: Annotated[list[str] | None, typer.Argument(help="The parts of the key.")] = None,
        height: height_option = 0,
        node: node_address = default_node,
    ) -> None:
        of = find_named(collection)
        request = tendermint_pb2.ABCIQueryRequest(
            data=of.encode(*read_key(of, key or [])),
            path=f"/store/{of.name.partition('/')[0]}/key",
            height=height,
            prove=True,
        )
        print(json.dumps(run_on(node, _ask(of, request)), indent=2, ensure_ascii=False))

    return app


def find_named(name: str) -> Map[Any]:
    """The collection of a name. Refuses others and lists what there is."""
    for collection in COLLECTIONS:
        if collection.name == name:
            return collection
    names = ", ".join(collection.name for collection in COLLECTIONS)
    raise StateRefused(f"there is no collection {name!r}; there are: {names}")


def read_key(collection: Map[Any], texts: list[str]) -> list[KeyPart]:
    """The parts of a key. Refuses another number of them, and text where a number belongs."""
    kinds = ", ".join("number" if kind is int else "text" for kind in collection.key)
    try:
        return [kind(text) for kind, text in zip(collection.key, texts, strict=True)]
    except ValueError as error:
        raise StateRefused(f"the key of {collection.name} has the parts: {kinds or 'none'}") from error


def _ask(of: Map[Any], request: tendermint_pb2.ABCIQueryRequest) -> Callable[[Node], Any]:
    async def ask(connection: Node) -> dict[str, Any]:
        entry = await connection.call(ABCI_QUERY, request, tendermint_pb2.ABCIQueryResponse)
        if entry.code:
            raise StateRefused(f"{entry.info}: {entry.log}")
        block = await connection.call(
            "/chain.v1.EventStream/GetBlock",
            events_pb2.GetBlockRequest(height=entry.height),
            events_pb2.BlockSummary,
        )
        check_answer(entry, block.app_hash)
        return {
            "collection": of.name,
            "key": entry.key.hex(),
            "value": _show(of, entry.value) if entry.value else None,
            "height": entry.height,
            "app_hash": block.app_hash.hex(),
            "proven": True,
        }

    return ask


def _show(of: Map[Any], value: bytes) -> Any:
    if of.value in (int, str):
        return value.decode()
    if of.value is bytes:
        return value.hex()
    kind: Any = of.value
    return json.loads(format_message(message_class(kind).FromString(value)))
