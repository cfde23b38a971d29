"""Records to protobuf bytes and back. The one pure file that knows the generated code.

A record's message has the same name: `chain.v1.Model` for `Model`, and the Cosmos messages of the table
below. The bytes are canonical: fields in order of their numbers, nothing at its default, no maps. A
sub-record that equals its default is left out, one that may be None is left out when it is None.

Decoding is tolerant for state and answers, which this machine wrote itself, and strict for what others
send (`decode_strict`): unknown fields are refused at every depth, and so are numbers that an enumeration
does not have.
"""

import types
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import Any as Anything
from typing import TypeVar, Union, get_args, get_origin

from google.protobuf import any_pb2, timestamp_pb2
from google.protobuf.message import DecodeError, Message

from chain import wire
from chain.cosmos import abci_pb2, auth_pb2, bank_pb2, coin_pb2, keys_pb2, pagination_pb2, tx_pb2
from chain.errors import ErrTxDecode
from chain.records import Record as AnyRecord
from chain.records import get_columns
from chain.v1 import (
    collateral_pb2,
    decimal_pb2,
    epochs_pb2,
    events_pb2,
    genesis_pb2,
    inference_pb2,
    models_pb2,
    nodes_pb2,
    params_pb2,
    poc_pb2,
    pricing_pb2,
    proposals_pb2,
    query_pb2,
    rewards_pb2,
    slashing_pb2,
    upgrades_pb2,
    validation_pb2,
    validators_pb2,
)
from chain.v1 import tx_pb2 as msg_pb2

Record = TypeVar("Record")
Kind = Anything
"""A class of records. Spelt loosely because the caches want to know that it can be hashed."""

_OWN = (
    collateral_pb2,
    decimal_pb2,
    epochs_pb2,
    events_pb2,
    genesis_pb2,
    inference_pb2,
    models_pb2,
    nodes_pb2,
    params_pb2,
    poc_pb2,
    pricing_pb2,
    proposals_pb2,
    query_pb2,
    rewards_pb2,
    slashing_pb2,
    upgrades_pb2,
    validation_pb2,
    validators_pb2,
    msg_pb2,
)
_COSMOS = {
    "Any": any_pb2.Any,
    "Timestamp": timestamp_pb2.Timestamp,
    "PubKey": keys_pb2.PubKey,
    "Coin": coin_pb2.Coin,
    "TxRaw": tx_pb2.TxRaw,
    "SignDoc": tx_pb2.SignDoc,
    "TxBody": tx_pb2.TxBody,
    "AuthInfo": tx_pb2.AuthInfo,
    "SignerInfo": tx_pb2.SignerInfo,
    "ModeInfo": tx_pb2.ModeInfo,
    "Single": tx_pb2.ModeInfo.Single,
    "Fee": tx_pb2.Fee,
    "TxMsgData": abci_pb2.TxMsgData,
    "MsgSend": bank_pb2.MsgSend,
    "MsgSendResponse": bank_pb2.MsgSendResponse,
    "PageRequest": pagination_pb2.PageRequest,
    "PageResponse": pagination_pb2.PageResponse,
    "BaseAccount": auth_pb2.BaseAccount,
    "QueryAccountRequest": auth_pb2.QueryAccountRequest,
    "QueryAccountResponse": auth_pb2.QueryAccountResponse,
    "QueryBalanceRequest": bank_pb2.QueryBalanceRequest,
    "QueryBalanceResponse": bank_pb2.QueryBalanceResponse,
    "QueryAllBalancesRequest": bank_pb2.QueryAllBalancesRequest,
    "QueryAllBalancesResponse": bank_pb2.QueryAllBalancesResponse,
    "QuerySupplyOfRequest": bank_pb2.QuerySupplyOfRequest,
    "QuerySupplyOfResponse": bank_pb2.QuerySupplyOfResponse,
}
"""Messages that are Cosmos's or Google's. PubKey stands for both kinds, which have the same shape."""


def encode(record: object) -> bytes:
    """The record as bytes. The same record gives the same bytes everywhere."""
    return bytes(to_message(record).SerializeToString(deterministic=True))


def decode(record_class: type[Record], data: bytes) -> Record:
    """The record in the bytes. Raises ErrTxDecode when they are not one."""
    return from_message(record_class, _parse(record_class, data))


def decode_strict(
    record_class: type[Record], data: bytes, check: Callable[[Message], None] = lambda message: None
) -> Record:
    """The same for bytes from outside: refuses what is not well formed (`wire.py`), unknown fields too, and
    what `check` refuses of the message before records are made of it.
    """
    message = _parse_strict(record_class, data)
    check(message)
    return from_message(record_class, message)


def decode_canonical(
    record_class: type[Record], data: bytes, check: Callable[[Message], None] = lambda message: None
) -> Record:
    """The same for bytes that are hashed as they came: refuses any but the canonical form."""
    message = _parse_strict(record_class, data)
    check(message)
    if message.SerializeToString(deterministic=True) != data:
        raise ErrTxDecode(why=f"{record_class.__name__} is not in canonical form")
    return from_message(record_class, message)


def to_message(record: Anything) -> Message:
    """The record as a protobuf message."""
    kind: Kind = type(record)
    return message_class(kind)(**_writer(kind)(record))


def from_message(record_class: type[Record], message: Message) -> Record:
    """The record of a protobuf message."""
    try:
        kind: Kind = record_class
        record: Record = _reader(kind)(message)
    except ValueError as error:
        raise ErrTxDecode(why=f"{record_class.__name__} has a value out of range") from error
    return record


@cache
def message_class(record_class: Kind) -> type[Message]:
    """The generated class that belongs to a record."""
    found: type[Message] | None = _COSMOS.get(record_class.__name__)
    for module in _OWN if found is None else ():
        found = found or getattr(module, record_class.__name__, None)
    if found is None:
        raise LookupError(f"no message is named {record_class.__name__}")
    return found


def type_url(record_class: type) -> str:
    """How a message of this record is named in an Any: "/chain.v1.MsgSubmitSeed"."""
    return f"/{message_class(record_class).DESCRIPTOR.full_name}"


def _parse(record_class: type, data: bytes) -> Message:
    message = message_class(record_class)()
    try:
        message.ParseFromString(data)
    except (DecodeError, ValueError) as error:
        raise ErrTxDecode(why=f"the bytes are not a {record_class.__name__}") from error
    return message


def _parse_strict(record_class: type, data: bytes) -> Message:
    """The message in bytes that any library reads alike. What is in canonical form is well formed: most bytes
    are, and the library tells it faster.
    """
    try:
        message = _parse(record_class, data)
        message.DiscardUnknownFields()
        if message.SerializeToString(deterministic=True) != data:
            wire.check(data, message.DESCRIPTOR)
    except wire.Malformed as fault:
        raise ErrTxDecode(why=f"the bytes are not a {record_class.__name__}: {fault}") from fault
    return message


@cache
def _writer(record_class: Kind) -> Callable[[Anything], dict[str, Anything]]:
    """Gives what a record's message is built from: its fields that are not at their defaults. Protobuf builds
    messages inside others in place, from fields twice as fast as from messages.
    """
    columns = get_columns(record_class)
    names, defaults = [name for name, _, _ in columns], [default for _, default, _ in columns]
    outs, get = [_out(hint) for _, _, hint in columns], _getter(names)

    def write(record: Anything) -> dict[str, Anything]:
        values = {}
        for name, default, out, value in zip(names, defaults, outs, get(record), strict=True):
            if value != default:
                values[name] = value if out is None else out(value)
        return values

    return write


@cache
def _reader(record_class: Kind) -> Callable[[Message], Anything]:
    columns = get_columns(record_class)
    get = _getter([name for name, _, _ in columns])
    converted = [
        (at, into)
        for at, (_, _, hint) in enumerate(columns)
        if not _is_optional(hint) and (into := _into(hint)) is not None
    ]
    optional = [(at, name, _into(hint)) for at, (name, _, hint) in enumerate(columns) if _is_optional(hint)]

    def read(message: Message) -> Anything:
        values = list(get(message))
        for at, into in converted:
            values[at] = into(values[at])
        for at, name, into_optional in optional:
            if not message.HasField(name):
                values[at] = None
            elif into_optional is not None:
                values[at] = into_optional(values[at])
        return record_class(*values)

    return read


def _getter(names: list[str]) -> Callable[[Anything], tuple[Anything, ...]]:
    """Gives all attributes of these names at once, always as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda source: tuple(getattr(source, name) for name in names)


def _is_optional(hint: Anything) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _plain(hint: Anything) -> Anything:
    return next(kind for kind in get_args(hint) if kind is not type(None)) if _is_optional(hint) else hint


def _is_record(hint: Anything) -> bool:
    return isinstance(hint, type) and issubclass(hint, AnyRecord)


def _out(hint: Anything) -> Callable[[Anything], Anything] | None:
    """How a field's value becomes part of a message; None when it goes as it is."""
    hint = _plain(hint)
    if get_origin(hint) is tuple:
        item = _out(get_args(hint)[0])
        return None if item is None else lambda values: [item(value) for value in values]
    return _writer(hint) if _is_record(hint) else None


def _into(hint: Anything) -> Callable[[Anything], Anything] | None:
    """How a message's field becomes a field's value; None when it comes as it is."""
    hint = _plain(hint)
    if get_origin(hint) is tuple:
        item = _into(get_args(hint)[0])
        return tuple if item is None else lambda values: tuple(item(value) for value in values)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return hint
    return _reader(hint) if _is_record(hint) else None
