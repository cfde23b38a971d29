"""Which trace a request belongs to."""

import pytest

from mlnode.io.access import read_trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_request_stays_in_its_trace_with_a_span_of_its_own() -> None:
    trace = read_trace({b"traceparent": PARENT.encode()})
    assert (trace.trace_id, trace.parent_id, trace.flags) == (PARENT[3:35], PARENT[36:52], "01")
    assert trace.header.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert trace.header.endswith("-01")
    assert trace.span_id not in PARENT


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert (
        read_trace({b"traceparent": b"cc" + PARENT[2:].encode() + b"-what-comes-later"}).trace_id
        == PARENT[3:35]
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no trace",
        PARENT.upper(),
        "ff" + PARENT[2:],
        PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        PARENT.replace("00f067aa0ba902b7", "0" * 16),
        PARENT[:-1],
    ],
)
def test_a_header_that_is_none_begins_a_trace(header: str) -> None:
    trace = read_trace({b"traceparent": header.encode()})
    assert trace.parent_id == ""
    assert len(trace.trace_id) == 32
    assert trace.trace_id not in PARENT
