"""Pages of a list, as Cosmos clients ask for them: by key, or by offset."""

from typing import TypeVar, cast

from chain.errors import ErrInvalidRequest
from chain.queries.types import PageRequest, PageResponse
from chain.store import KeyPart, Map, Store

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000

Value = TypeVar("Value")


def get_page(
    store: Store, collection: Map[Value], request: PageRequest, *parts: KeyPart
) -> tuple[tuple[tuple[tuple[KeyPart, ...], Value], ...], PageResponse]:
    """One page of a collection: keys (as parts) with their values, and where the list goes on. The parts
    narrow the list down to keys that begin with them. A limit of 0 means 100, more than 1000 means 1000.
    """
    limit = min(request.limit or LIMIT_DEFAULT, LIMIT_MAX)
    prefix = collection.encode(*parts)
    if request.key and request.offset:
        raise ErrInvalidRequest(why="a page has a key or an offset, not both")
    if request.key and not request.key.startswith(prefix):
        raise ErrInvalidRequest(why="the page's key is not one of this list; use next_key of the page before")
    keys = [key for key, _ in store.iterate(prefix)]
    total = len(keys) if request.count_total and not request.key else 0
    if request.reverse:
        keys.reverse()
    start = _find_start(keys, request)
    chosen = tuple(
        (collection.decode(key), cast(Value, store.get(key))) for key in keys[start : start + limit]
    )
    rest = keys[start + limit : start + limit + 1]
    return chosen, PageResponse(next_key=rest[0] if rest else b"", total=total)


def get_page_values(
    store: Store, collection: Map[Value], request: PageRequest, *parts: KeyPart
) -> tuple[tuple[Value, ...], PageResponse]:
    """The same without keys."""
    entries, page = get_page(store, collection, request, *parts)
    return tuple(value for _, value in entries), page


def _find_start(keys: list[bytes], request: PageRequest) -> int:
    if not request.key:
        return request.offset
    later = (
        at for at, key in enumerate(keys) if (key <= request.key if request.reverse else key >= request.key)
    )
    return next(later, len(keys))
