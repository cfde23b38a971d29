"""Requests as spans, and the collector that they are sent to."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mlnode.io.access import Trace, Visit
from mlnode.io.frames import Submit
from mlnode.io.spans import Collector, Spans, find_collector, make_spans
from mlnode.io.streams import Stream

TRACE = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01")


def visit(trace: Trace = TRACE, **facts: Any) -> Visit:
    known = {
        "granted_s": 12.5,
        "first_s": 13.0,
        "load_s": (11.0, 12.0),
        "outcome": "ok",
        "n_tokens": 7,
        **facts,
    }
    stream = Stream(1, Submit(request_id=1), 10.5, model="a.gguf", **known)
    return Visit("POST", "/infer", "r1", trace, 10.0, 200, stream)


class Sink:
    """A collector: an HTTP server that keeps what it is sent."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.came = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        (length,) = [int(line.split()[1]) for line in head.splitlines() if line.startswith("content-length")]
        self.documents.append(json.loads(await reader.readexactly(length)))
        self.heads.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()
        self.came.set()

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [
            span
            for document in self.documents
            for resource in document["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    made = Sink()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    async with server:
        yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def test_a_request_has_a_span_for_each_of_its_parts() -> None:
    own, *parts = make_spans(visit(), 15.0, 1_000_000_000)
    assert (own["traceId"], own["spanId"], own["parentSpanId"]) == (
        TRACE.trace_id,
        TRACE.span_id,
        TRACE.parent_id,
    )
    assert {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "7"}} in own["attributes"]
    assert {part["parentSpanId"] for part in parts} == {TRACE.span_id}
    times = {p["name"]: (p["startTimeUnixNano"], p["endTimeUnixNano"]) for p in parts}
    assert times == {
        "queue": ("11500000000", "13500000000"),
        "load": ("12000000000", "13000000000"),
        "prefill": ("13500000000", "14000000000"),
        "decode": ("14000000000", "16000000000"),
    }


def test_what_never_began_has_no_span_and_a_fault_is_marked() -> None:
    refused = visit(granted_s=None, first_s=None, load_s=None, outcome="WORKER_LOST")
    (own,) = make_spans(refused, 15.0, 0)
    assert own["status"] == {"code": 2}


async def test_spans_are_sent_together_with_the_headers_asked_for(sink: tuple[Sink, str]) -> None:
    made, url = sink
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": url + "/", "OTEL_EXPORTER_OTLP_HEADERS": "x-team=a%20b"}
    collector = find_collector({**variables, "OTEL_SERVICE_NAME": "node-1"})
    assert collector is not None
    spans = Spans(collector)
    spans.tell(visit())
    spans.tell(visit(Trace("1" * 32, "2" * 16, "00")))  # its caller does not want it
    async with asyncio.timeout(30):
        await made.came.wait()
    spans.tell(visit())
    await spans.close()
    assert len(made.spans) == 10
    assert "post /v1/traces" in made.heads[0]
    assert "x-team: a b" in made.heads[0]
    (service,) = made.documents[0]["resourceSpans"][0]["resource"]["attributes"]
    assert service["value"] == {"stringValue": "node-1"}


async def test_a_collector_that_is_gone_costs_nothing_but_spans(capfd: pytest.CaptureFixture[str]) -> None:
    spans = Spans(Collector("http://127.0.0.1:9/v1/traces", {}, "x"))
    spans.tell(visit())
    await spans.close()
    assert "spans lost" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "variables", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}]
)
def test_without_a_collector_there_are_no_spans(variables: dict[str, str]) -> None:
    assert find_collector(variables) is None
