"""Lists in a genesis document are sorted, so that one state has one document."""

from collections.abc import Sequence
from itertools import pairwise

from chain.errors import ErrInvalidRecord


def refuse_unsorted(what: str, keys: Sequence[str]) -> None:
    """Refuses keys that are not strictly ascending: unsorted, or one twice."""
    for left, right in pairwise(keys):
        if left >= right:
            raise ErrInvalidRecord(what=f"genesis {what}", why=f"{right!r} comes after {left!r}; sort them")
