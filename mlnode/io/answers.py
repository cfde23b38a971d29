"""Sending an answer: as events while it grows (SSE or ndjson), or as one document.

Nothing is sent before the first piece or the end is known, so that a refusal still has its own status. What
is there is sent at once, step by step. When the client goes, its request is cancelled within one turn of
the loop.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from mlnode.errors import (
    DefaultModelMissing,
    ModelBroken,
    ModelManaged,
    ModelTooLarge,
    ModelUnavailable,
    ModelUnknown,
    ModelUnsettled,
    NodeBusy,
    NodeDraining,
    NodeNotServing,
    QueueFull,
    Refusal,
    RequestInvalid,
    WaitExpired,
    WorkerLost,
)
from mlnode.io.asking import Asked
from mlnode.io.client import CLOSE
from mlnode.io.frames import Done, Submit
from mlnode.io.loop import Loop
from mlnode.io.openai import Answer, Choice, Document, Shape
from mlnode.io.streams import Item, Piece, Stream
from mlnode.tools import CallReader

PING_S = 15.0
"""A comment keeps an SSE connection alive while the model thinks."""

STATUSES: dict[type[Refusal], int] = {
    ModelUnknown: 404,
    DefaultModelMissing: 404,
    ModelManaged: 409,
    QueueFull: 429,
    WaitExpired: 429,
    NodeBusy: 429,
    ModelBroken: 500,
    WorkerLost: 502,
    NodeNotServing: 503,
    NodeDraining: 503,
    ModelUnavailable: 503,
    ModelUnsettled: 503,
    ModelTooLarge: 507,
}
_INVALID = {
    "TOO_LARGE": 413,
    "WRONG_TYPE": 415,
    "UNAUTHORIZED": 401,
    "CROSS_ORIGIN": 403,
    "QUEUE_FULL": 429,
    "NO_KV_ROOM": 503,
    "ENGINE": 500,
}
"""Codes of `RequestInvalid` that are not the usual 400."""

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


@dataclass(frozen=True, slots=True)
class Format:
    """How events are written one after the other."""

    media_type: str
    prefix: bytes
    suffix: bytes
    end: bytes

    def encode(self, documents: Iterable[Document]) -> bytes:
        return b"".join(self.prefix + msgspec.json.encode(d) + self.suffix for d in documents)


SSE = Format("text/event-stream", b"data: ", b"\n\n", b"data: [DONE]\n\n")
PLAIN_SSE = Format("text/event-stream", b"data: ", b"\n\n", b"")
NDJSON = Format("application/x-ndjson", b"", b"\n", b"")


def compute_status(refusal: Refusal) -> int:
    """The HTTP status that says the same."""
    if isinstance(refusal, RequestInvalid):
        return _INVALID.get(refusal.code, 400)
    return STATUSES.get(type(refusal), 500)


def describe_error(refusal: Refusal) -> Document:
    """OpenAI's error object."""
    status = compute_status(refusal)
    code = refusal.code if isinstance(refusal, RequestInvalid) else refusal.reason
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    param = refusal.param if isinstance(refusal, RequestInvalid) else None
    return {"message": refusal.sentence, "type": kind, "param": param, "code": code.lower()}


class RefusalResponse(JSONResponse):
    """An error as OpenAI writes it. It leaves its code in the scope, where it is counted."""

    def __init__(self, error: Document, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__({"error": error}, status, headers)
        self._code = str(error["code"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["refusal"] = self._code
        await super().__call__(scope, receive, send)


def refuse(refusal: Refusal) -> RefusalResponse:
    """A refusal as a response of its own."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if isinstance(refusal, NodeDraining):
        headers["Connection"] = "close"
    if compute_status(refusal) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return RefusalResponse(describe_error(refusal), compute_status(refusal), headers)


async def serve_while_there(work: Coroutine[None, None, None], receive: Receive) -> None:
    """Do it until it is done or the client is gone."""
    serve = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({serve, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (serve, gone):
            if not task.done():
                task.cancel()
    with contextlib.suppress(asyncio.CancelledError, OSError):
        await serve


class Choices:
    """The streams of one request's choices as one. With a single one there is nothing between."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = streams
        self._next: dict[asyncio.Task[Item], int] = {}
        self._open = set(range(len(streams)))

    async def next(self) -> tuple[int, Item]:
        """The next item of any of them, and whose it is. May be cancelled without losing one."""
        if len(self._streams) == 1:
            return 0, await self._streams[0].next()
        for index in self._open - set(self._next.values()):
            self._next[asyncio.ensure_future(self._streams[index].next())] = index
        done, _ = await asyncio.wait(self._next, return_when=asyncio.FIRST_COMPLETED)
        task = min(done, key=lambda task: (not isinstance(task.result(), Refusal), self._next[task]))
        index, item = self._next.pop(task), task.result()
        if not isinstance(item, Piece):
            self._open.discard(index)
        return index, item

    def close(self) -> None:
        """Nobody asks any more."""
        for task in self._next:
            task.cancel()


class AnswerResponse(Response):
    """Asks the node when the server calls it, and sends what comes."""

    def __init__(
        self,
        loop: Loop,
        model: str | None,
        orders: Sequence[Submit],
        answer: Answer,
        shape: Shape,
        format: Format | None,
    ) -> None:
        """One order for each choice. `format` None: one document. `answer.model` is completed when the
        request named none."""
        self._loop = loop
        self._model = model
        self._orders = orders
        self._answer = answer
        self._shape = shape
        self._format = format
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = [self._loop.open(self._model, order, scope["request_id"]) for order in self._orders]
        scope["stream"] = streams[0]
        choices = Choices(streams)
        try:
            await serve_while_there(self._serve(streams[0], choices, scope, receive, send), receive)
        finally:
            for stream in streams:
                self._loop.leave(stream)
            choices.close()

    async def _serve(
        self, stream: Stream, choices: Choices, scope: Scope, receive: Receive, send: Send
    ) -> None:
        index, first = await choices.next()
        self._answer.model = self._answer.model or stream.model
        if isinstance(first, Refusal):
            await refuse(first)(scope, receive, send)
        elif self._format is None:
            await (await self._collect(choices, index, first))(scope, receive, send)
        else:
            await self._stream(choices, index, first, self._format, scope, send)

    async def _collect(self, choices: Choices, index: int, item: Item) -> Response:
        left = len(self._orders)
        while True:
            if isinstance(item, Refusal):
                return refuse(item)
            choice = self._answer.choices[index]
            if isinstance(item, Piece):
                choice.add(item)
            elif isinstance(item, Done):
                choice.end(item)
                left -= 1
            if not left:
                body = msgspec.json.encode(self._shape.whole(self._answer))
                return Response(body, media_type="application/json")
            index, item = await choices.next()

    async def _stream(
        self, choices: Choices, index: int, item: Item, format: Format, scope: Scope, send: Send
    ) -> None:
        await send(_start(format))
        documents = list(self._shape.begin(self._answer))
        left = len(self._orders)
        while True:
            if isinstance(item, Refusal):
                await _break_off(format.encode([*documents, _error_event(item, format)]), scope, send)
                return
            choice = self._answer.choices[index]
            if isinstance(item, Piece):
                documents += self._shape.piece(self._answer, choice, item)
            elif isinstance(item, Done):
                documents += self._shape.close(self._answer, choice, item)
                left -= 1
            if not left:
                break
            if documents:
                await send(_body(format.encode(documents), more=True))
            documents = []
            index, item = await _next_or_ping(choices, format, send)
        documents += self._shape.end(self._answer)
        await send(_body(format.encode(documents) + format.end, more=False))


async def _next_or_ping(choices: Choices, format: Format, send: Send) -> tuple[int, Item]:
    """The next item. SSE clients get a comment when it takes long."""
    if format is NDJSON:
        return await choices.next()
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PING_S):
                return await choices.next()
        await send(_body(b": ping\n\n", more=True))


async def _break_off(last: bytes, scope: Scope, send: Send) -> None:
    """Send the last event and close the connection under an answer that is not whole: who does not
    understand the event sees that too. Ends by being cancelled when the connection is gone."""
    close = scope.get("extensions", {}).get(CLOSE)
    await send(_body(last, more=close is not None))
    if close is not None:
        close()
        await asyncio.get_running_loop().create_future()


def _error_event(refusal: Refusal, format: Format) -> Document:
    """The last event of an answer that broke off. Never followed by the usual end."""
    if format is NDJSON:
        return {"error": refusal.sentence, "code": compute_status(refusal), "reason": refusal.reason}
    return {"error": describe_error(refusal)}


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(format: Format) -> Message:
    headers = [
        (b"content-type", f"{format.media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _body(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def make_answer(
    model: str | None, asked: Asked, with_usage: bool = False, with_logprobs: bool = False
) -> Answer:
    """A new answer under the name that the client used."""
    choices = [
        Choice(
            index,
            counts_prompt=index % asked.copies == 0,
            reader=CallReader(asked.tools, asked.calls_max) if asked.tools else None,
            texts=asked.echoes[index : index + 1],
            offset=sum(map(len, asked.echoes[index : index + 1])),
        )
        for index in range(len(asked.orders))
    ]
    return Answer(secrets.token_hex(12), int(time.time()), model or "", choices, with_usage, with_logprobs)
