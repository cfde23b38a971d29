"""The shape that all frames of the worker protocol share."""

import msgspec


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Immutable, tagged by type, nothing unknown accepted."""
