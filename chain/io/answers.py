"""How answers are printed: JSON, every field under its own name and in the order of its message.

Hashes are hex, as logs and block explorers write them; other bytes are base64, as protobuf's JSON has them.
"""

import base64
import json
from typing import Any

from google.protobuf import descriptor_pool, json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

ANY = "google.protobuf.Any"
HASH = "_hash"
"""How the names of fields end that hold hashes."""


def format_message(message: Message) -> str:
    """A message as JSON, for people and for programs."""
    document = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return json.dumps(_arrange(document, message.DESCRIPTOR), indent=2, ensure_ascii=False)


def _arrange(document: dict[str, Any], descriptor: Descriptor) -> dict[str, Any]:
    if descriptor.full_name == ANY and "@type" in document:
        name = document["@type"].rpartition("/")[2]
        inner = descriptor_pool.Default().FindMessageTypeByName(name)
        return {"@type": document["@type"], **_arrange(document, inner)}
    return {
        field.name: _show(document[field.name], field)
        for field in descriptor.fields
        if field.name in document
    }


def _show(value: Any, field: FieldDescriptor) -> Any:
    if isinstance(value, list):
        return [_show(item, field) for item in value]
    if field.message_type is not None and isinstance(value, dict):
        return _arrange(value, field.message_type)
    if field.type == FieldDescriptor.TYPE_BYTES and field.name.endswith(HASH):
        return base64.b64decode(value).hex()
    return value
