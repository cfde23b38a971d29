"""What every value of the machine is made of: state, messages, questions and answers, blocks and results.

A record is a frozen structure with named, typed fields in the order of its message's fields. It is made by
msgspec, whose structures are built and copied about twenty times as fast as frozen dataclasses, with the
same meaning: compared by value, changed only by `replace`, which makes a new one.
"""

from typing import Any, TypeVar

from msgspec import UNSET, Struct, structs

Kind = TypeVar("Kind", bound=Struct)


class Record(Struct, frozen=True, gc=False):
    """A value that never changes. The collector need not look inside: what never changes cannot point at
    what is made later, so records form no cycles.
    """


def replace(record: Kind, **changes: Any) -> Kind:
    """The record with other values in some fields."""
    return structs.replace(record, **changes)


def get_columns(record_class: type[Struct]) -> list[tuple[str, Any, Any]]:
    """Name, default and type of each field, in order. A field without a default has UNSET."""
    found = structs.fields(record_class)
    return [(field.name, UNSET if field.required else field.default, field.type) for field in found]


def get_fields(record: Struct) -> dict[str, Any]:
    """The record's fields by name."""
    return structs.asdict(record)
