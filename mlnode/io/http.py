"""The HTTP door: the node's own routes and OpenAI's, health, status and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from mlnode import __version__
from mlnode.errors import Refusal, RequestInvalid
from mlnode.events import LoadAsked, UnloadAsked
from mlnode.io.answers import NDJSON, PLAIN_SSE, SSE, AnswerResponse, RefusalResponse, make_answer, refuse
from mlnode.io.asking import Asked, ask_chat, ask_completion, ask_plainly, ask_vectors
from mlnode.io.bodies import (
    ChatBody,
    CompletionBody,
    EmbeddingBody,
    InferBody,
    Sampling,
    decode_body,
)
from mlnode.io.counting import Counted
from mlnode.io.keys import KeyCheck, Keys
from mlnode.io.loop import Loop
from mlnode.io.metrics import CONTENT_TYPE, Metrics
from mlnode.io.openai import ChatShape, CompletionShape, PlainShape
from mlnode.io.openapi import describe_interface
from mlnode.io.page import show_page
from mlnode.io.settings import Settings
from mlnode.io.status import describe_models, describe_status
from mlnode.io.tail import Tail, follow_events
from mlnode.io.vector_answers import VectorResponse
from mlnode.io.watch import ModelFolder


def make_app(loop: Loop, settings: Settings, started_s: float, folder: ModelFolder, keys: Keys) -> ASGIApp:
    """The node's HTTP application. `started_s`: monotonic time of the start."""
    door = Door(loop, settings, started_s, folder)
    routes = [
        Route("/", door.page),
        Route("/openapi.json", door.openapi),
        Route("/healthz", door.healthz),
        Route("/readyz", door.readyz),
        Route("/status", door.status),
        Route("/metrics", door.metrics),
        Route("/models", door.models),
        Route("/models/reload", door.reload, methods=["POST"]),
        Route("/models/{name:path}/load", door.load, methods=["POST"]),
        Route("/models/{name:path}/unload", door.unload, methods=["POST"]),
        Route("/models/{name:path}/log", door.log),
        Route("/infer", door.infer, methods=["POST"]),
        Route("/v1/models", door.openai_models),
        Route("/v1/models/{name:path}", door.openai_model),
        Route("/v1/embeddings", door.embeddings, methods=["POST"]),
        Route("/v1/completions", door.completions, methods=["POST"]),
        Route("/v1/chat/completions", door.chat, methods=["POST"]),
    ]
    handlers = {Refusal: _refused, ClientDisconnect: _gone, 404: _lost, 405: _lost}
    app = Starlette(routes=routes, exception_handlers=handlers)
    checked = KeyCheck(app, keys, settings.open_metrics)
    return Counted(checked, routes, loop.figures)


class Door:
    """One method a route."""

    def __init__(self, loop: Loop, settings: Settings, started_s: float, folder: ModelFolder) -> None:
        self._folder = folder
        self._loop = loop
        self._settings = settings
        self._started_s = started_s
        self._metrics = Metrics(loop)

    async def page(self, request: Request) -> Response:
        return show_page()

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(describe_interface(__version__))

    async def healthz(self, request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        """Requests are taken and a model answers, those of the start included."""
        scheduler = self._loop.scheduler
        body = {
            "ready": scheduler.readiness.ready,
            "activity": scheduler.mission.activity.value,
            "models": scheduler.readiness.models,
            "awaited": scheduler.readiness.awaited,
        }
        return JSONResponse(body, 200 if body["ready"] else 503)

    async def status(self, request: Request) -> Response:
        return JSONResponse(describe_status(self._loop, self._settings, self._started_s))

    async def metrics(self, request: Request) -> Response:
        return Response(self._metrics.render(), media_type=CONTENT_TYPE)

    async def models(self, request: Request) -> Response:
        return JSONResponse({"models": describe_models(self._loop)})

    async def reload(self, request: Request) -> Response:
        """Look into the models' folder now."""
        return JSONResponse(asdict(await self._folder.rescan()))

    async def load(self, request: Request) -> Response:
        """Have a model in memory. Answered at once; `/models` tells how it goes."""
        name = request.path_params["name"]
        self._loop.command(LoadAsked(name))
        return self._describe_model(name)

    async def unload(self, request: Request) -> Response:
        """Have its memory free, when its running requests are answered."""
        name = request.path_params["name"]
        self._loop.command(UnloadAsked(name))
        return self._describe_model(name)

    def _describe_model(self, name: str) -> Response:
        id = self._loop.scheduler.catalog.find(name).id
        entry = next(entry for entry in describe_models(self._loop) if entry["id"] == id)
        return JSONResponse(entry, 202)

    async def log(self, request: Request) -> Response:
        """What a model's workers wrote last; what they write from now on too, for who follows."""
        name = request.path_params["name"]
        id = name if name in self._loop.tails else self._loop.scheduler.catalog.find(name).id
        tail = self._loop.tails.setdefault(id, Tail())
        if "text/event-stream" in request.headers.get("accept", "") or request.query_params.get("follow"):
            return StreamingResponse(follow_events(tail), media_type=SSE.media_type)
        return Response(tail.read(), media_type="text/plain")

    async def openai_models(self, request: Request) -> Response:
        catalog = self._loop.scheduler.catalog
        return JSONResponse({"object": "list", "data": [_card(name) for name in catalog.names()]})

    async def openai_model(self, request: Request) -> Response:
        name = request.path_params["name"]
        self._loop.scheduler.catalog.find(name)
        return JSONResponse(_card(name))

    async def infer(self, request: Request) -> Response:
        body = decode_body(await self._read(request), InferBody)
        accept = request.headers.get("accept", "")
        format = PLAIN_SSE if "text/event-stream" in accept else NDJSON
        asked = await _ask(ask_plainly, body)
        answer = make_answer(body.model, asked)
        return AnswerResponse(
            self._loop, body.model, asked.orders, answer, PlainShape(), format if body.stream else None
        )

    async def completions(self, request: Request) -> Response:
        body = decode_body(await self._read(request), CompletionBody)
        asked, format = await _ask(ask_completion, body), SSE if body.stream else None
        answer = make_answer(body.model, asked, body.with_usage, body.logprobs is not None)
        return AnswerResponse(self._loop, body.model, asked.orders, answer, CompletionShape(), format)

    async def chat(self, request: Request) -> Response:
        body = decode_body(await self._read(request), ChatBody)
        asked, format = await _ask(ask_chat, body), SSE if body.stream else None
        answer = make_answer(body.model, asked, body.with_usage, bool(body.logprobs))
        return AnswerResponse(self._loop, body.model, asked.orders, answer, ChatShape(), format)

    async def embeddings(self, request: Request) -> Response:
        body = decode_body(await self._read(request), EmbeddingBody)
        return VectorResponse(self._loop, body, ask_vectors(body))

    async def _read(self, request: Request) -> bytes:
        """The body, refused before it is read where its announced size or type is wrong."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise RequestInvalid("WRONG_TYPE", "Send the body as application/json.")
        limit = self._settings.max_body_bytes
        sentence = f"The body is above the limit of {limit} bytes; send less, or raise --max-body-bytes."
        too_large = RequestInvalid("TOO_LARGE", sentence)
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise too_large
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise too_large
        return bytes(data)


Handler = Callable[[Request], Awaitable[Response]]
Wish = TypeVar("Wish", bound=Sampling)


async def _ask(ask: Callable[[Wish], Asked], body: Wish) -> Asked:
    """The orders. Schemas and grammars may take a while to read: beside the loop."""
    plain = body.grammar is None and body.json_schema is None
    if plain and not (isinstance(body, ChatBody) and (body.response_format or body.tools)):
        return ask(body)
    return await asyncio.to_thread(ask, body)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refuse(error)


async def _gone(request: Request, error: Exception) -> Response:
    """The client left before its request was whole: nobody reads this."""
    return Response(status_code=400)


async def _lost(request: Request, error: Exception) -> Response:
    status: int = getattr(error, "status_code", 404)
    what = "There is no such path" if status == 404 else "This path does not take this method"
    sentence = f"{what}: {request.method} {request.url.path[:200]}."
    kind = {"message": sentence, "type": "invalid_request_error", "param": None, "code": "no_route"}
    return RefusalResponse(kind, status, getattr(error, "headers", None))


def _card(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "meshkeeper"}
