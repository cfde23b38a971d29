"""The client's end of a request: its body read within limits, its answer passed on, its leaving noticed."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from broker.completions import BODY_BYTES_MAX
from broker.errors import BrokerError, RequestRefused
from broker.io.executor import Relay

BODY_TIMEOUT_S = 30.0
"""How long a client may take to send its request."""
LEFT_STATUS = 499
"""What is counted when the client has left; nobody is told."""


class ClientLeft(BrokerError):
    """The client is gone; nobody reads the answer."""

    reason = "CLIENT_LEFT"
    http_status = LEFT_STATUS


async def read_body(request: Request) -> bytes:
    """The whole body. RequestRefused when it is too large or too slow."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared[:18]) > BODY_BYTES_MAX:
        raise _refuse_size()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise _refuse_size()
    except TimeoutError:
        raise RequestRefused(
            408, "request_timeout", f"the request did not arrive within {BODY_TIMEOUT_S:.0f} s"
        ) from None
    except ClientDisconnect:
        raise ClientLeft("the client left before its request was complete") from None
    return bytes(body)


def _refuse_size() -> RequestRefused:
    return RequestRefused(413, "request_too_large", f"a request has at most {BODY_BYTES_MAX} bytes")


async def unless_left(request: Request, work: Coroutine[Any, Any, Relay]) -> Relay:
    """The beginning of an answer; cancelled when the client leaves before it."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_wait_left(request.receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientLeft("the client left before the answer began")
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await _give_up(working)


async def _give_up(working: asyncio.Future[Relay]) -> None:
    """An answer that began all the same is ended like any other."""
    with contextlib.suppress(asyncio.CancelledError, BrokerError):
        await (await working).close()


class RelayResponse(Response):
    """Passes an answer on as it comes, and ends everything behind it when the client leaves."""

    def __init__(self, relay: Relay, on_end: Callable[[int], None]) -> None:
        super().__init__(status_code=relay.status, headers=relay.headers)
        del self.headers["content-length"]
        self._relay = relay
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the answer is complete or the client gone."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_wait_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(sending, leaving)
            await self._relay.chunks.aclose()
            await self._relay.close()
            self._on_end(LEFT_STATUS if sending.cancelled() else self._relay.status)
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        begin: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(begin)
        async for chunk in self._relay.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _cancel(*futures: asyncio.Future[None]) -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)


async def _wait_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
