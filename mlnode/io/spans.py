"""Requests as OpenTelemetry spans: queue, load, prefill and decode below the request's own.

Sent as OTLP over HTTP in its JSON form, which every collector takes, to where the usual variables point
(OTEL_EXPORTER_OTLP_ENDPOINT and its kin); without them nothing here is made. Spans are put together when a
request is over, from times that are noted anyway, so a request pays nothing for being traced. A collector
that is gone costs spans, never requests.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
import structlog

from mlnode.io.access import Visit

BATCH_S = 1.0
"""From a span to the message that carries it."""
KEPT_MAX = 4096
"""Spans that wait for a collector; newer ones are dropped then."""
SEND_S = 5.0
_SERVER, _INTERNAL = 2, 1
_ERROR = 2

_log = structlog.get_logger("mlnode.spans")


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go."""

    url: str
    headers: Mapping[str, str]
    service: str


def find_collector(environment: Mapping[str, str]) -> Collector | None:
    """Where the variables of OpenTelemetry point; None when they point nowhere."""
    base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    url = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or (base and f"{base.rstrip('/')}/v1/traces")
    if not url or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    pairs = [item.partition("=") for item in environment.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")]
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs if name.strip()}
    return Collector(url, headers, environment.get("OTEL_SERVICE_NAME", "meshkeeper-mlnode"))


class Spans:
    """Collects spans and sends them together. Lives on the asyncio loop on which it is made."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._kept: list[dict[str, Any]] = []
        self._sending: asyncio.Task[None] | None = None
        self._client = httpx.AsyncClient(headers=dict(collector.headers), timeout=SEND_S)

    def tell(self, visit: Visit) -> None:
        """A request is over. One whose trace was not chosen by its caller is left out."""
        if visit.trace.parent_id and not int(visit.trace.flags, 16) & 1:
            return
        self._kept += list(make_spans(visit, time.monotonic(), time.time_ns() - time.monotonic_ns()))
        del self._kept[KEPT_MAX:]
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_soon())

    async def close(self) -> None:
        """Send what is left, and no more."""
        if self._sending is not None:
            self._sending.cancel()
        await self._send()
        await self._client.aclose()

    async def _send_soon(self) -> None:
        await asyncio.sleep(BATCH_S)
        await self._send()
        self._sending = asyncio.create_task(self._send_soon()) if self._kept else None

    async def _send(self) -> None:
        spans, self._kept = self._kept, []
        if not spans:
            return
        resource = {"attributes": _attributes({"service.name": self._collector.service})}
        scope = {"scope": {"name": "meshkeeper.mlnode"}, "spans": spans}
        document = {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}
        try:
            (await self._client.post(self._collector.url, json=document)).raise_for_status()
        except httpx.HTTPError as error:
            _log.warning("spans lost", count=len(spans), why=str(error) or type(error).__name__)


def make_spans(visit: Visit, ended_s: float, offset_ns: int) -> Iterator[dict[str, Any]]:
    """The request's span and those of its parts. Times are monotonic; `offset_ns` makes them the world's."""
    stream = visit.stream
    own: dict[str, str | int] = {
        "http.request.method": visit.method,
        "url.path": visit.path,
        "http.response.status_code": visit.status,
        "meshkeeper.request_id": visit.request_id,
    }
    if stream is not None:
        own |= {"gen_ai.request.model": stream.model, "gen_ai.usage.output_tokens": stream.n_tokens}
        own |= {"gen_ai.usage.input_tokens": stream.n_prompt or 0, "meshkeeper.outcome": stream.outcome}
    failed = visit.status >= 500 or (stream is not None and stream.outcome not in ("ok", "cancelled"))
    yield {
        **_span(visit, f"{visit.method} {visit.path}", visit.begun_s, ended_s, offset_ns),
        "spanId": visit.trace.span_id,
        "parentSpanId": visit.trace.parent_id,
        "kind": _SERVER,
        "attributes": _attributes(own),
        "status": {"code": _ERROR} if failed else {},
    }
    if stream is None:
        return
    parts = (
        ("queue", stream.opened_s, stream.granted_s),
        ("load", *(stream.load_s or (None, None))),
        ("prefill", stream.granted_s, stream.first_s),
        ("decode", stream.first_s, ended_s),
    )
    for name, begun_s, over_s in parts:
        if begun_s is not None and over_s is not None:
            yield _span(visit, name, begun_s, over_s, offset_ns)


def _span(visit: Visit, name: str, begun_s: float, ended_s: float, offset_ns: int) -> dict[str, Any]:
    return {
        "traceId": visit.trace.trace_id,
        "spanId": secrets.token_hex(8),
        "parentSpanId": visit.trace.span_id,
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(int(begun_s * 1e9) + offset_ns),
        "endTimeUnixNano": str(int(max(begun_s, ended_s) * 1e9) + offset_ns),
    }


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]
