"""A client's connection: what it may cost the node, and for how long.

uvicorn speaks HTTP; this is what it leaves open. Who sends nothing of a request, or takes nothing of an
answer, for the time of patience is given up. A head above its limit is refused. A client of HTTP/1.0 gets no
chunks. When a client goes, the request that it has answered at the moment hears of it, also when others stand
in line behind on the same connection.
"""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES_MAX = 64 * 1024
"""Request line and headers together."""

CLOSE = "mlnode.close"
"""Key in a request's `extensions`: call it to end the connection after what was sent. A client then sees that
the answer is not whole."""


def make_connection_class(patience_s: float) -> type[asyncio.Protocol]:
    """The class of connections for uvicorn."""

    class PatientConnection(ClientConnection):
        _patience_s = patience_s

    return PatientConnection


class ClientConnection(HttpToolsProtocol):
    """One connection."""

    _patience_s = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._running: RequestResponseCycle | None = None
        """The one that is answered; `cycle` is the one that is read."""
        self._reading = False
        self._head_bytes: int | None = None
        """Of the head that is being read; None behind it."""
        self._unread: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None

    # A request that does not come

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(b"431 Request Header Fields Too Large")
                return
        if self._reading or not self._is_answering():
            self._expect_request()
        else:
            self._unread = _cancel(self._unread)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        extensions: dict[str, Any] = {CLOSE: self.transport.close}
        self.scope["extensions"] = extensions
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._reading = False

    def _expect_request(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(self._patience_s, self._give_up_reading)

    def _give_up_reading(self) -> None:
        """Unless the answer before is still under way: then it is the node that is slow."""
        self._unread = None
        if self._running is not None and self._is_answering() and not self._running.more_body:
            self._expect_request()
        elif self._reading:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        """Without a word where it would fall into the middle of an answer."""
        if self._running is not None and self._running.response_started and self._is_answering():
            self.transport.abort()
        elif not self.transport.is_closing():
            head = b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(head)
            self.transport.close()

    # An answer that is not taken

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken = self.loop.call_later(self._patience_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._untaken = _cancel(self._untaken)

    # Who is answered

    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        if cycle.scope["http_version"] == "1.0":
            app = Unchunked(app, cycle)
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread, self._untaken = _cancel(self._unread), _cancel(self._untaken)
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)


class Unchunked:
    """HTTP/1.0 knows no chunks: an answer whose length is not known ends with the connection."""

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_plain(message: Message) -> None:
            if message["type"] == "http.response.start":
                if all(name.lower() != b"content-length" for name, _ in message["headers"]):
                    self._cycle.chunked_encoding = False
            elif not self._cycle.chunked_encoding and self._cycle.expected_content_length == 0:
                self._cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, send_plain)


def _cancel(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
