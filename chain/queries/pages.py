"""Pages of a list, as Cosmos clients ask for them: by key, or by offset, forwards or backwards."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar, cast

from chain.codec import encode
from chain.errors import ErrInvalidRequest
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record
from chain.store import KeyPart, Map, Store

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000
PAGE_BYTES_MAX = 8 * 1024 * 1024
"""Most bytes of entries on one page, unless one alone is larger: records hold prompts and answers."""
OFFSET_MAX = TOTAL_MAX = 100_000
"""Most entries that are walked over for an offset or a total. Behind that a list goes on by keys alone."""

Value = TypeVar("Value")


def get_page(
    store: Store, collection: Map[Value], request: PageRequest, *parts: KeyPart
) -> tuple[tuple[tuple[tuple[KeyPart, ...], Value], ...], PageResponse]:
    """One page of a collection: keys (as parts) with their values, and where the list goes on. The parts
    narrow the list down to keys that begin with them. A limit of 0 means 100, more than 1000 means 1000; a
    page of large entries is shorter. A page by key costs what is on it, one by offset what comes before it,
    which is bounded, and so is a total: a list longer than that is told with what was counted.
    """
    prefix = collection.encode(*parts)
    check_page(request, (prefix,))
    wanted = request.count_total and not request.key
    total = sum(1 for _ in islice(store.walk(prefix), TOTAL_MAX)) if wanted else 0
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
    """Refuses a page with a key and an offset, one whose key is none of the list's, and an offset too far."""
    if request.offset > OFFSET_MAX:
        raise ErrInvalidRequest(
            why=f"an offset is at most {OFFSET_MAX}; go on with next_key of a page before"
        )
    if request.key and request.offset:
        raise ErrInvalidRequest(why="a page has a key or an offset, not both")
    if request.key and not any(request.key.startswith(prefix) for prefix in prefixes):
        raise ErrInvalidRequest(why="the page's key is not one of this list; use next_key of the page before")


def cut_page(
    entries: Iterator[tuple[bytes, object]], request: PageRequest
) -> tuple[list[tuple[bytes, object]], bytes]:
    """The entries of the page out of all from its key on, and the key of the one after them."""
    limit, room = min(request.limit or LIMIT_DEFAULT, LIMIT_MAX), PAGE_BYTES_MAX
    found: list[tuple[bytes, object]] = []
    for key, value in islice(entries, request.offset, None):
        room -= _measure(value)
        if len(found) == limit or (found and room < 0):
            return found, key
        found.append((key, value))
    return found, b""


def _measure(value: object) -> int:
    """About how many bytes a value takes in an answer."""
    return len(encode(value)) if isinstance(value, Record) else len(str(value))
