"""Lists in a genesis document are sorted, so that one state has one document."""

from collections.abc import Sequence

from chain.errors import ErrInvalidRecord


def refuse_unsorted(what: str, keys: Sequence[object]) -> None:
    """Refuses keys that are not strictly ascending: unsorted, or one twice."""
    for left, right in zip(keys, keys[1:], strict=False):
        if not left < right:  # type: ignore[operator]
            raise ErrInvalidRecord(
                what=f"genesis {what}", why=f"{right!r} comes after {left!r}; sort, and no twice"
            )
