"""Records as JSON, in the form that protobuf gives every message: the form of the genesis document.

Names are the contract's, numbers of 64 bits text, bytes base64, enumerations names; what is at its default is
left out.
"""

from collections.abc import Mapping
from typing import Any as Anything
from typing import TypeVar

from google.protobuf import json_format

from chain.codec import Kind, from_message, message_class, to_message
from chain.errors import ErrTxDecode

Record = TypeVar("Record")


def to_json(record: object) -> dict[str, Anything]:
    """The record as a JSON object."""
    document: dict[str, Anything] = json_format.MessageToDict(
        to_message(record), preserving_proto_field_name=True
    )
    return document


def from_json(record_class: type[Record], document: Mapping[str, Anything]) -> Record:
    """The record of a JSON object. Raises ErrTxDecode when it is not one; unknown fields are refused."""
    kind: Kind = record_class
    try:
        message = json_format.ParseDict(dict(document), message_class(kind)())
    except json_format.ParseError as error:
        raise ErrTxDecode(why=f"the document is not a {record_class.__name__}") from error
    return from_message(record_class, message)
