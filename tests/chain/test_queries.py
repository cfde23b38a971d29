"""The table of reads, and pages of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import codec
from chain.cosmos import auth_pb2, bank_pb2
from chain.errors import ErrInvalidRequest
from chain.machine import build_keepers
from chain.queries.pages import OFFSET_MAX, PAGE_BYTES_MAX, get_page
from chain.queries.table import REQUEST_BYTES_MAX, answer, build_queries
from chain.queries.types import PageRequest
from chain.store import Map, Store
from chain.v1 import query_pb2

NAMES = Map(b"\xf0\x01", "test/names", (str, int), str)


def test_every_method_of_every_query_service_is_answered_with_its_own_request() -> None:
    queries = build_queries(build_keepers())
    expected = {}
    for module in (query_pb2, auth_pb2, bank_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                expected[f"/{service.full_name}/{method.name}"] = method.input_type.full_name
    shown = {path: codec.type_url(query.request)[1:] for path, query in queries.items()}
    assert shown == expected


def filled(count: int) -> Store:
    store = Store()
    for number in range(count):
        NAMES.set(store, f"value {number}", "a", number)
    NAMES.set(store, "other", "b", 0)
    return store


@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_pages_by_key_join_to_the_whole_list(count: int, limit: int, reverse: bool) -> None:
    store, seen, key = filled(count), [], b""
    while True:
        entries, page = get_page(store, NAMES, PageRequest(key=key, limit=limit, reverse=reverse), "a")
        seen += [parts[1] for parts, _ in entries]
        if not page.next_key:
            break
        key = page.next_key
    assert seen == (list(range(count)) if not reverse else list(range(count))[::-1])


def test_a_page_has_a_hundred_entries_unless_asked_and_a_thousand_at_most() -> None:
    store = filled(1200)
    assert len(get_page(store, NAMES, PageRequest())[0]) == 100
    assert len(get_page(store, NAMES, PageRequest(limit=10**6))[0]) == 1000


def test_a_page_counts_all_entries_when_asked() -> None:
    entries, page = get_page(filled(7), NAMES, PageRequest(offset=2, limit=3, count_total=True), "a")
    assert ([parts[1] for parts, _ in entries], page.total) == ([2, 3, 4], 7)


def test_an_offset_beyond_the_end_gives_an_empty_page() -> None:
    for offset in (7, OFFSET_MAX):
        assert get_page(filled(7), NAMES, PageRequest(offset=offset), "a")[0] == ()


def test_an_offset_that_would_walk_over_a_long_list_is_refused() -> None:
    for offset in (OFFSET_MAX + 1, 2**64 - 1):
        with pytest.raises(ErrInvalidRequest, match="next_key"):
            get_page(filled(7), NAMES, PageRequest(offset=offset), "a")


def test_a_page_of_large_entries_is_shorter_and_the_pages_join_to_the_whole_list() -> None:
    store, seen, key = Store(), [], b""
    for number in range(9):
        NAMES.set(store, "x" * (PAGE_BYTES_MAX // 4), "a", number)
    NAMES.set(store, "x" * (PAGE_BYTES_MAX + 1), "a", 9)
    while len(seen) < 10:
        entries, page = get_page(store, NAMES, PageRequest(key=key), "a")
        assert 1 <= len(entries) <= 4
        seen += [parts[1] for parts, _ in entries]
        key = page.next_key
    assert (seen, key) == (list(range(10)), b"")


def test_a_request_that_is_too_large_is_refused_unread() -> None:
    queries = build_queries(build_keepers())
    for path in queries:
        with pytest.raises(ErrInvalidRequest, match="at most 262144"):
            answer(queries, None, path, bytes(REQUEST_BYTES_MAX + 1))  # type: ignore[arg-type]


def test_every_list_of_the_query_services_is_in_pages_or_short_by_its_nature() -> None:
    """What a model lists, what one participant withdraws, and what a thousand names were asked for."""
    whole = {
        method.full_name
        for module in (query_pb2, auth_pb2, bank_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if "pagination" not in method.output_type.fields_by_name
        and any(column.is_repeated for column in method.output_type.fields)
    }
    assert whole == {
        "chain.v1.Query.ModelAlternatives",
        "chain.v1.Query.ResolveModel",
        "chain.v1.Query.UnbondingCollateral",
        "chain.v1.Query.GetInferenceValidationParameters",
    }


def test_a_key_of_another_list_and_a_key_with_an_offset_are_refused() -> None:
    with pytest.raises(ErrInvalidRequest):
        get_page(filled(3), NAMES, PageRequest(key=NAMES.encode("b")), "a")
    with pytest.raises(ErrInvalidRequest):
        get_page(filled(3), NAMES, PageRequest(key=NAMES.encode("a"), offset=1), "a")
