"""Pages of a list, as Cosmos clients ask for them: by key, or by offset, forwards or backwards."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar, cast

from chain.errors import ErrInvalidRequest
from chain.queries.types import PageRequest, PageResponse
from chain.store import KeyPart, Map, Store

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000
OFFSET_MAX = 2**62
"""No list is so long."""

Value = TypeVar("Value")


def get_page(
    store: Store, collection: Map[Value], request: PageRequest, *parts: KeyPart
) -> tuple[tuple[tuple[tuple[KeyPart, ...], Value], ...], PageResponse]:
    """One page of a collection: keys (as parts) with their values, and where the list goes on. The parts
    narrow the list down to keys that begin with them. A limit of 0 means 100, more than 1000 means 1000.
    A page by key costs what is on it, one by offset what comes before it, a total all there is.
    """
    prefix = collection.encode(*parts)
    check_page(request, (prefix,))
    total = count(store, collection, *parts) if request.count_total and not request.key else 0
    entries, next_key = cut_page(store.walk(prefix, request.key, request.reverse), request)
    chosen = tuple((collection.decode(key), cast(Value, value)) for key, value in entries)
    return chosen, PageResponse(next_key=next_key, total=total)


def get_page_values(
    store: Store, collection: Map[Value], request: PageRequest, *parts: KeyPart
) -> tuple[tuple[Value, ...], PageResponse]:
    """The same without keys."""
    entries, page = get_page(store, collection, request, *parts)
    return tuple(value for _, value in entries), page


def count(store: Store, collection: Map[Value], *parts: KeyPart) -> int:
    """How many entries have a key that begins with the parts."""
    return sum(1 for _ in store.walk(collection.encode(*parts)))


def check_page(request: PageRequest, prefixes: Iterable[bytes]) -> None:
    """Refuses a page with both a key and an offset, and a key that is none of the list's."""
    if request.key and request.offset:
        raise ErrInvalidRequest(why="a page has a key or an offset, not both")
    if request.key and not any(request.key.startswith(prefix) for prefix in prefixes):
        raise ErrInvalidRequest(why="the page's key is not one of this list; use next_key of the page before")


def cut_page(
    entries: Iterator[tuple[bytes, object]], request: PageRequest
) -> tuple[list[tuple[bytes, object]], bytes]:
    """The entries of the page out of all from its key on, and the key of the one after them."""
    limit, offset = min(request.limit or LIMIT_DEFAULT, LIMIT_MAX), min(request.offset, OFFSET_MAX)
    found = list(islice(entries, offset, offset + limit + 1))
    return found[:limit], found[limit][0] if len(found) > limit else b""
