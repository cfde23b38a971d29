"""Every request has a number and a trace, in its answer and in one line of the log when it is over.
Whoever asks may choose the number (`x-request-id`) and belong to a trace already (W3C `traceparent`); both
are made up otherwise."""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlnode.io.streams import Stream

_REQUEST_ID = re.compile(r"[!-~]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

_log = structlog.get_logger("mlnode.access")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a request belongs: its trace, the span that asked, and a new span for what we do."""

    trace_id: str
    parent_id: str = ""
    """Empty for a trace that begins here."""
    flags: str = "00"
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def header(self) -> str:
        """As `traceparent` for whoever comes after us."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


@dataclass(slots=True)
class Visit:
    """One HTTP request, from its first byte to its last."""

    method: str
    path: str
    request_id: str
    trace: Trace
    begun_s: float
    """Monotonic."""
    status: int = 0
    """0 while nothing was answered."""
    stream: Stream | None = None
    """What it asked of a model."""
    refusal: str = ""


class Access:
    """Numbers requests and tells of them. `tell` hears of each that asked something of a model."""

    def __init__(self, app: ASGIApp, tell: Callable[[Visit], None] | None = None) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _begin(scope, "00" if self._tell is None else "01")
        scope["request_id"] = visit.request_id
        named = [(b"x-request-id", visit.request_id.encode()), (b"traceparent", visit.trace.header.encode())]

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *named]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            visit.stream, visit.refusal = scope.get("stream"), scope.get("refusal", "")
            _note(visit)
            if self._tell is not None and visit.stream is not None:
                self._tell(visit)


def read_trace(headers: Mapping[bytes, bytes], flags: str = "00") -> Trace:
    """The trace that a request belongs to; a new one with these flags when it names none, or not as W3C has
    it."""
    found = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b"").decode("latin-1").strip())
    if found is None or found[0].startswith("ff") or not int(found[1], 16) or not int(found[2], 16):
        return Trace(secrets.token_hex(16), flags=flags)
    return Trace(found[1], found[2], found[3])


def _begin(scope: Scope, flags: str) -> Visit:
    headers = dict(scope["headers"])
    asked = headers.get(b"x-request-id", b"").decode("latin-1")
    request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(12)
    return Visit(
        scope["method"], scope["path"][:200], request_id, read_trace(headers, flags), time.monotonic()
    )


def _note(visit: Visit) -> None:
    """A line for what was asked of a model, what was refused and what changes something, not for looks."""
    facts: dict[str, Any] = {
        "method": visit.method,
        "path": visit.path,
        "status": visit.status or None,
        "refusal": visit.refusal or None,
        **(describe_stream(visit.stream) if visit.stream is not None else {}),
        "duration_ms": _ms(time.monotonic() - visit.begun_s),
        "request_id": visit.request_id,
        "trace_id": visit.trace.trace_id,
    }
    quiet = visit.method in ("GET", "HEAD") and visit.stream is None and visit.status < 400
    write = _log.debug if quiet else _log.info
    write("request", **{key: value for key, value in facts.items() if value is not None})


def describe_stream(stream: Stream) -> dict[str, Any]:
    """How a request of a model went: what is not known is None."""
    granted_s, first_s = stream.granted_s, stream.first_s
    return {
        "model": stream.model or None,
        "outcome": stream.outcome.lower(),
        "prompt_tokens": stream.n_prompt,
        "completion_tokens": stream.n_tokens,
        "queue_ms": _ms(granted_s - stream.opened_s) if granted_s is not None else None,
        "ttft_ms": _ms(first_s - stream.opened_s) if first_s is not None else None,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
