"""chain/README.md says what the code does: its tables are made of the code here and compared."""

import ast
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import fields

from chain.auth.addresses import MODULE_ACCOUNTS
from chain.codec import type_url
from chain.execution import MESSAGE_GAS, WORK_GAS, WRITE_BYTE_GAS, WRITE_GAS
from chain.fixed import Decimal, from_decimal, text_of
from chain.io.commands import QUERIES, get_path
from chain.layout import COLLECTIONS, ROOMS
from chain.machine import build_keepers
from chain.profiles import PROFILES
from chain.queries.table import build_queries
from chain.router import build_routes
from chain.v1 import tx_pb2

CHAIN = Path(__file__).parents[2] / "chain"
README = (CHAIN / "README.md").read_text("utf-8")
KINDS = {str: "text", int: "number"}


def table(heading: str) -> list[str]:
    """The rows of a section's table, without its head."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def test_the_sections_come_in_the_fixed_order() -> None:
    headings = [line[3:] for line in README.splitlines() if line.startswith("## ")]
    assert headings == ["Concepts", "State", "Messages", "Queries", "Block order", "Events", "Parameters"]


def test_the_state_is_laid_out_as_documented() -> None:
    rows = []
    for collection in COLLECTIONS:
        key = ", ".join(KINDS[kind] for kind in collection.key) or "none"
        prefix, value = collection.prefix.hex(" "), collection.value.__name__
        rows.append(f"| `{prefix}` | {collection.name} | {key} | {value} |")
    assert table("State") == rows


def test_no_two_collections_share_a_prefix_or_a_name_and_each_lies_in_its_room() -> None:
    prefixes = [collection.prefix for collection in COLLECTIONS]
    assert len(dict.fromkeys(prefixes)) == len(prefixes) and prefixes == sorted(prefixes)
    for room, first_byte, collections in ROOMS:
        for collection in collections:
            assert (collection.prefix[0], len(collection.prefix)) == (first_byte, 2)
            assert collection.name.startswith(f"{room}/")


def test_every_message_is_documented_and_routed() -> None:
    routes = build_routes(build_keepers())
    assert table("Messages") == [f"| `{url[1:]}` | `{route.signer}` |" for url, route in routes.items()]
    service = tx_pb2.DESCRIPTOR.services_by_name["Msg"]
    own = {f"/{method.input_type.full_name}" for method in service.methods}
    assert own == {url for url in routes if url.startswith("/chain.v1.")}


def test_every_query_is_documented_with_its_command() -> None:
    commands = {
        get_path(method): f"{room} {name}"
        for room, named in QUERIES.items()
        for name, method in named.items()
    }
    rows = []
    for path, query in build_queries(build_keepers()).items():
        name = path[1:].replace("/", ".").removeprefix("chain.v1.Query.")
        paged = "yes" if "pagination" in [field.name for field in fields(query.request)] else ""
        rows.append(f"| `{name}` | `{commands[path]}` | {paged} |")
    assert table("Queries") == rows


def test_the_signer_is_the_first_field_and_the_answer_is_the_services() -> None:
    service = tx_pb2.DESCRIPTOR.services_by_name["Msg"]
    answers = {f"/{method.input_type.full_name}": method.output_type.name for method in service.methods}
    for url, route in build_routes(build_keepers()).items():
        assert fields(route.message)[0].name == route.signer
        returns = route.handle.__annotations__["return"]
        assert type_url(route.message) == url
        assert answers.get(url, "MsgSendResponse") == returns.__name__


def test_every_parameter_is_documented_with_its_profiles() -> None:
    rows = []
    first = PROFILES[0][1]
    for group in fields(first):
        for parameter in fields(getattr(first, group.name)):
            values = [show(getattr(getattr(params, group.name), parameter.name)) for _, params in PROFILES]
            rows.append(f"| `{group.name}.{parameter.name}` | {' | '.join(values)} |")
    assert table("Parameters") == rows


def show(value: object) -> str:
    if isinstance(value, Decimal):
        return text_of(from_decimal(value))
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def emitted() -> Iterator[tuple[str, str]]:
    """Every event that the code emits, with its attributes as documented."""
    for path in sorted(CHAIN.rglob("*.py")):
        if path.relative_to(CHAIN).parts[0] == "io":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "emit"
            ):
                attributes = ", ".join(f"`{keyword.arg}`" for keyword in node.keywords)
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant):
                        yield str(part.value), attributes


def test_every_event_is_documented_with_its_attributes() -> None:
    documented = {row.split(" | ")[0].strip("|` "): row.split(" | ")[1].strip() for row in table("Events")}
    found = dict(emitted())
    assert len(found) > 20, "the walk must find the events"
    assert documented == found


def test_gas_and_module_accounts_are_as_documented() -> None:
    assert f"{MESSAGE_GAS:,} for each message, {WRITE_GAS:,} for each entry" in README
    assert f"and {WRITE_BYTE_GAS} for each byte of it, and {WORK_GAS} for each turn of a loop" in README
    assert all(f"`{name}`" in README for name in MODULE_ACCOUNTS)
