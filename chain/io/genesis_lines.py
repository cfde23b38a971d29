"""A genesis document as lines: one JSON object for each entry of the state, so that a state of any size is
written entry by entry.

    {"chain_id":…,"exported_height":…,"format":"meshkeeper/genesis/1","genesis_time_ns":…,"initial_height":…}
    {"collection":"auth/accounts","key":["mesh1…"],"value":{…}}
    …                                                                       in the order of the state's keys
    {"entries":12345}

Every object has its fields in order and no blanks; numbers that may be large are text, bytes base64, as in
protobuf's JSON. So one state has one form.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import json_format

from chain.block import Header
from chain.codec import from_message, message_class, to_message
from chain.errors import Fatal, Refusal
from chain.genesis import GenesisState
from chain.genesis_entries import gather_genesis
from chain.io.refused import GenesisRefused, first_line
from chain.layout import COLLECTIONS, decode_value, find_collection
from chain.store import KeyPart, Map

FORMAT = "meshkeeper/genesis/1"
UNUSABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    Refusal,
    Fatal,
    json_format.ParseError,
)
"""What a line that is no entry ends in."""
_BY_NAME = {collection.name: collection for collection in COLLECTIONS}


def format_lines(header: Header, entries: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    """The state at the end of a block as lines, one after the other; entries are encoded and in key order."""
    head = {
        "format": FORMAT,
        "chain_id": header.chain_id,
        "exported_height": str(header.height),
        "genesis_time_ns": str(header.time_ns),
        "initial_height": str(header.height + 1),
    }
    yield _line(head)
    count = 0
    for key, data in entries:
        collection = find_collection(key)
        value = _show(collection, decode_value(key, data))
        parts = [str(part) for part in collection.decode(key)]
        yield _line({"collection": collection.name, "key": parts, "value": value})
        count += 1
    yield _line({"entries": str(count)})


def is_lines(first: str) -> bool:
    """Whether a file with this first line holds lines; else it may hold a single document."""
    try:
        head = json.loads(first)
    except ValueError:
        return False
    return isinstance(head, dict) and "format" in head


def parse_lines(lines: Iterable[str], source: str) -> GenesisState:
    """The document of the lines. Refuses anything but their one form, and a state that cannot be."""
    numbered = enumerate(lines, 1)
    try:
        header = _read_head(next(numbered)[1])
        return gather_genesis(header, _read_entries(numbered, source))
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise GenesisRefused(f"{source} is not a genesis document: its first line is no head") from error
    except Refusal as refusal:
        raise GenesisRefused(f"{source} cannot begin a chain: {refusal}") from refusal


def _read_head(line: str) -> Header:
    head = json.loads(line)
    header = Header(head["chain_id"], int(head["exported_height"]), int(head["genesis_time_ns"]))
    if head["format"] != FORMAT or int(head["initial_height"]) != header.height + 1 or header.height < 0:
        raise ValueError("another format, or heights that do not fit")
    return header


def _read_entries(numbered: Iterator[tuple[int, str]], source: str) -> Iterator[tuple[bytes, object]]:
    last, count = b"", 0
    for number, line in numbered:
        try:
            document = json.loads(line)
            if "entries" in document:
                if document != {"entries": str(count)} or next(numbered, None) is not None:
                    raise ValueError(f"it counts {document['entries']} entries, there are {count} before it")
                return
            key, value = _read_entry(document)
            if key <= last:
                raise ValueError("it is not in order")
        except UNUSABLE as error:
            raise GenesisRefused(f"line {number} of {source} cannot be used: {first_line(error)}") from error
        last, count = key, count + 1
        yield key, value
    raise GenesisRefused(f"{source} ends after {count} entries, without their count; fetch it again")


def _read_entry(document: dict[str, Any]) -> tuple[bytes, object]:
    if document.keys() != {"collection", "key", "value"}:
        raise ValueError("an entry has collection, key and value")
    collection = _BY_NAME.get(document["collection"])
    if collection is None:
        raise ValueError(f"there is no collection {document['collection']!r}")
    parts: list[KeyPart] = [kind(part) for kind, part in zip(collection.key, document["key"], strict=True)]
    return collection.encode(*parts), _read_value(collection, document["value"])


def _read_value(collection: Map[Any], value: Any) -> object:
    if collection.value is int:
        return int(value)
    if collection.value is str:
        if not isinstance(value, str):
            raise ValueError("its value is not text")
        return value
    kind: Any = collection.value
    record: object = from_message(kind, json_format.ParseDict(value, message_class(kind)()))
    return record


def _show(collection: Map[Any], value: Any) -> Any:
    if collection.value in (int, str):
        return str(value)
    return json_format.MessageToDict(to_message(value), preserving_proto_field_name=True)


def _line(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"
