"""Records and their bytes."""

import importlib
import pkgutil
from enum import IntEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chain
from chain import codec
from chain.bank.types import Coin, MsgSend
from chain.errors import ErrTxDecode
from chain.nodes.types import HardwareNode
from chain.records import Record, get_columns

NOT_A_MESSAGE = {"Tx", "Claim", "Signed", "Boundaries", "Electorate", "EligibilityMap", "Mined"}
"""Records of the machine's own, which never become bytes."""
NUMBERS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
KINDS = {1: "double", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message"} | {
    12: "bytes",
    13: "uint32",
    14: "enum",
}


def is_record(hint: Any) -> bool:
    """Whether a field of this type holds a record."""
    return isinstance(hint, type) and issubclass(hint, Record)


def record_classes() -> list[type]:
    """Every record in a file of records."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(chain.__path__, "chain."):
        name = module.name.rsplit(".", 1)[-1]
        if ".io." in module.name or not (
            name.endswith("types") or name in ("tx", "params", "genesis", "fixed")
        ):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            own = is_record(value) and value.__module__ == module.name
            if own and value.__name__ not in NOT_A_MESSAGE:
                found[value.__name__] = value
    return [found[name] for name in sorted(found)]


RECORDS = record_classes()


def strategy(hint: Any, descriptor: Any) -> st.SearchStrategy:
    """Values that a field may hold."""
    if get_origin(hint) in (Union, UnionType):
        plain = next(kind for kind in get_args(hint) if kind is not type(None))
        return st.none() | strategy(plain, descriptor)
    if get_origin(hint) is tuple:
        return st.lists(strategy(get_args(hint)[0], descriptor), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(list(hint))
    if is_record(hint):
        return records(hint)
    plain = {str: st.text(max_size=8), bytes: st.binary(max_size=8), bool: st.booleans()}
    return (
        plain[hint] if hint in plain else st.integers(*NUMBERS.get(KINDS[descriptor.type], NUMBERS["int32"]))
    )


def records(record_class: Any) -> st.SearchStrategy:
    """Records of a class with any values in their fields."""
    hints = get_type_hints(record_class)
    by_name = codec.message_class(record_class).DESCRIPTOR.fields_by_name
    parts = {name: strategy(hint, by_name[name]) for name, hint in hints.items()}
    return st.builds(record_class, **parts)


def test_the_walk_finds_the_records() -> None:
    assert len(RECORDS) > 100


@pytest.mark.parametrize("record_class", RECORDS, ids=lambda record_class: record_class.__name__)
def test_every_record_agrees_with_its_message_field_by_field(record_class: Any) -> None:
    descriptor = codec.message_class(record_class).DESCRIPTOR
    hints = get_type_hints(record_class)
    assert sorted(hints) == sorted(descriptor.fields_by_name)
    for name, hint in hints.items():
        field = descriptor.fields_by_name[name]
        assert (get_origin(hint) is tuple) == field.is_repeated, name
        assert not (field.message_type and field.message_type.GetOptions().map_entry), name
        plain = get_args(hint)[0] if get_origin(hint) is tuple else hint
        kind = KINDS[field.type]
        if kind == "message":
            inner = [
                k for k in (get_args(plain) or (plain,)) if isinstance(k, type) and issubclass(k, Record)
            ]
            assert codec.message_class(inner[0]).DESCRIPTOR.full_name == field.message_type.full_name, name
        elif kind == "enum":
            named = isinstance(plain, type) and issubclass(plain, IntEnum)
            assert not named or [int(value) for value in plain] == list(field.enum_type.values_by_number)
        else:
            assert plain is {"string": str, "bytes": bytes, "bool": bool}.get(kind, int), name
            assert kind != "double", name


@pytest.mark.parametrize("record_class", RECORDS, ids=lambda record_class: record_class.__name__)
def test_every_record_comes_back_from_its_bytes(record_class: Any) -> None:
    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(records(record_class))
    def check(record: Any) -> None:
        data = codec.encode(record)
        assert codec.decode_canonical(record_class, data) == record
        assert codec.encode(codec.decode(record_class, data)) == data

    check()


def test_a_sub_record_at_its_default_is_left_out_and_one_that_is_none_too() -> None:
    assert codec.encode(Coin()) == codec.encode(MsgSend()) == b""


def test_numbers_that_an_enumeration_does_not_have_are_refused() -> None:
    with pytest.raises(ErrTxDecode):
        codec.decode(HardwareNode, b"\x10\x63")


@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_decode_or_be_refused(data: bytes) -> None:
    try:
        record = codec.decode_strict(MsgSend, data)
    except ErrTxDecode:
        return
    assert codec.decode(MsgSend, codec.encode(record)) == record


def test_every_field_of_a_record_has_a_default() -> None:
    for record_class in RECORDS:
        assert record_class() == record_class(*(default for _, default, _ in get_columns(record_class)))
