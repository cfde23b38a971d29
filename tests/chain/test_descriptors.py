"""What is stored, signed or hashed has one form: its messages hold no maps, whose order differs from process
to process, and no binary fractions.
"""

from collections.abc import Iterator

from google.protobuf import struct_pb2, wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chain.codec import message_class
from chain.genesis import GenesisState
from chain.layout import COLLECTIONS
from chain.machine import build_keepers
from chain.router import build_routes
from chain.tx import AuthInfo, SignDoc, TxBody, TxMsgData, TxRaw

FRACTIONS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)


def roots() -> Iterator[Descriptor]:
    """Messages that are stored, signed, hashed, or that a state is made of."""
    kinds = [one.value for one in COLLECTIONS if one.value not in (int, str, bytes)]
    for route in build_routes(build_keepers()).values():
        kinds += [route.message, route.handle.__annotations__["return"]]
    kinds += [GenesisState, AuthInfo, SignDoc, TxBody, TxMsgData, TxRaw]
    return (message_class(kind).DESCRIPTOR for kind in kinds)


def find_faults(descriptor: Descriptor, known: dict[str, None]) -> list[str]:
    """Fields, however deep, that have no one form."""
    if descriptor.full_name in known:
        return []
    known[descriptor.full_name] = None
    found = []
    for field in descriptor.fields:
        if field.type in FRACTIONS:
            found.append(f"{field.full_name} is a binary fraction")
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            found.append(f"{field.full_name} is a map")
        elif field.message_type is not None:
            found += find_faults(field.message_type, known)
    return found


def test_nothing_that_is_hashed_holds_a_map_or_a_binary_fraction() -> None:
    known: dict[str, None] = {}
    assert [fault for root in roots() for fault in find_faults(root, known)] == []
    assert len(known) > 80, "the walk must find the messages"


def test_the_walk_finds_them() -> None:
    assert find_faults(struct_pb2.Struct.DESCRIPTOR, {}) == ["google.protobuf.Struct.fields is a map"]
    assert find_faults(struct_pb2.ListValue.DESCRIPTOR, {}) == [
        "google.protobuf.Value.number_value is a binary fraction",
        "google.protobuf.Struct.fields is a map",
    ]
    assert find_faults(wrappers_pb2.StringValue.DESCRIPTOR, {}) == []
