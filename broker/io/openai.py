"""The public HTTP interface, as OpenAI speaks it: models, completions, and the record of an inference.

A request with the header X-Inference-Id comes from another participant's broker, for which this one is the
executor; every other request comes from somebody who wants an answer, and this broker finds one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from broker.actions import StoreFinish
from broker.completions import CompletionRequest, Kind, build_payload, parse_request
from broker.errors import BrokerError, RequestRefused
from broker.handover import INFERENCE_ID, REQUESTER, Handover, hash_text, read_handover
from broker.io.admission import Admission
from broker.io.chain import Chain
from broker.io.executor import Ask, Executor, Order, Post, Relay
from broker.io.keys import AccountKey
from broker.io.metrics import CONTENT_TYPE, Metrics, Passage
from broker.io.relaying import LEFT_STATUS, ClientLeft, RelayResponse, read_body, unless_left
from broker.io.transfer import TransferAgent

INFLIGHT_MAX = 256
"""Requests that are answered at once; more are told to come back."""
EXECUTOR, TRANSFER_AGENT = "executor", "transfer_agent"
_TYPES = {401: "authentication_error", 402: "insufficient_quota", 429: "rate_limit_error"}


class PublicInterface:
    """The routes, and what they need."""

    def __init__(self, chain: Chain, key: AccountKey, ask: Ask, post: Post, version: str) -> None:
        self._chain = chain
        self._version = version
        self._executor = Executor(chain, key, ask, post)
        self._agent = TransferAgent(chain, key, self._executor)
        self._admission = Admission(chain, key)
        self._metrics = Metrics()
        self._inflight = 0
        self.app = self._build_app()

    def resume(self, owed: Iterable[StoreFinish]) -> None:
        """Has the chain told what an earlier process still owed it."""
        self._executor.resume(owed)

    async def close(self) -> None:
        """Ends the connections to nodes and executors."""
        await self._agent.close()
        await self._executor.close()

    def _build_app(self) -> Starlette:
        routes = [
            Route("/v1/models", self._list_models),
            Route(Kind.CHAT.value, self._make_endpoint(Kind.CHAT), methods=["POST"]),
            Route(Kind.TEXT.value, self._make_endpoint(Kind.TEXT), methods=["POST"]),
            Route("/v1/inferences/{inference_id:path}", self._show_inference),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._show_metrics),
        ]
        handlers = {BrokerError: _refuse, HTTPException: _refuse_route, Exception: _apologise}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def _healthz(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": self._version})

    async def _readyz(self, request: Request) -> Response:
        if self._chain.is_following:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": "the chain is not being followed"}, 503)

    async def _show_metrics(self, request: Request) -> Response:
        return Response(self._metrics.write(), headers={"content-type": CONTENT_TYPE})

    async def _list_models(self, request: Request) -> Response:
        """Governance models that somebody serves now; requests may name their alternatives as well."""
        served = await self._chain.queries.fetch_served_models()
        records = await asyncio.gather(*map(self._chain.queries.fetch_model, served))
        listed: list[dict[str, Any]] = [
            {
                "id": model_id,
                "object": "model",
                "created": 0,
                "owned_by": record.proposed_by if record else "",
                "alternatives": list(record.alternative_models) if record else [],
            }
            for model_id, record in zip(served, records, strict=True)
        ]
        return JSONResponse({"object": "list", "data": listed})

    async def _show_inference(self, request: Request) -> Response:
        """The chain's record. An id is base64 and may hold slashes; they need no escaping here."""
        record = await self._chain.queries.fetch_inference(request.path_params["inference_id"])
        if record is None:
            raise RequestRefused(
                404, "inference_not_found", "the chain has no such inference; it may not be in a block yet"
            )
        document = MessageToDict(
            record, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        return JSONResponse(document)

    def _make_endpoint(self, kind: Kind) -> Callable[[Request], Awaitable[Response]]:
        async def complete(request: Request) -> Response:
            role = EXECUTOR if INFERENCE_ID in request.headers else TRANSFER_AGENT
            if self._inflight >= INFLIGHT_MAX:
                raise RequestRefused(
                    503, "overloaded", f"{INFLIGHT_MAX} requests are being answered; try again soon", "", 5
                )
            passage = self._begin(role)
            try:
                relay = await self._answer(kind, role, request)
            except BaseException as error:
                self._end(passage, _tell_status(error))
                raise
            passage.note_first_byte()
            return RelayResponse(relay, lambda status: self._end(passage, status))

        return complete

    def _begin(self, role: str) -> Passage:
        self._inflight += 1
        return self._metrics.begin(role)

    def _end(self, passage: Passage, status: int) -> None:
        self._inflight -= 1
        passage.end(status)

    async def _answer(self, kind: Kind, role: str, request: Request) -> Relay:
        parsed = parse_request(kind, await read_body(request))
        work = self._execute(parsed, request) if role == EXECUTOR else self._transfer(parsed, request)
        return await unless_left(request, work)

    async def _transfer(self, parsed: CompletionRequest, request: Request) -> Relay:
        """A request is the requester's own where it is signed, and this participant's where it is not."""
        is_signed = REQUESTER in request.headers
        claim = await self._admission.admit_requester(parsed, request.headers) if is_signed else None
        return await self._agent.transfer(parsed, claim)

    async def _execute(self, parsed: CompletionRequest, request: Request) -> Relay:
        handover = read_handover(request.headers)
        await self._admission.admit_handover(parsed, handover)
        order = await self._build_order(parsed, handover)
        lease = await self._executor.reserve(order.model_id)
        return await self._executor.execute(order, lease)

    async def _build_order(self, parsed: CompletionRequest, handover: Handover) -> Order:
        """The order as the transfer agent must have understood it too."""
        queries = self._chain.queries
        model_id, params = await asyncio.gather(queries.resolve_model(parsed.model), queries.fetch_params())
        if not model_id:
            raise RequestRefused(404, "model_not_found", f"no such model: {parsed.model!r}", "model")
        payload = build_payload(parsed, model_id, params.inference.default_max_tokens, handover.seed)
        if hash_text(payload) != handover.prompt_hash:
            raise RequestRefused(
                400, "prompt_hash_mismatch", "the transfer agent understood the request differently"
            )
        return Order(parsed, handover, model_id, payload)


def describe_error(status: int, code: str, message: str, param: str = "") -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param or None, "code": code}}


def _tell_status(error: BaseException) -> int:
    if isinstance(error, BrokerError):
        return error.http_status
    return LEFT_STATUS if isinstance(error, ClientLeft | asyncio.CancelledError) else 500


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, BrokerError)
    retry_after_s = getattr(error, "retry_after_s", 0) or (5 if error.http_status == 503 else 0)
    headers = {"retry-after": str(retry_after_s)} if retry_after_s else {}
    document = describe_error(error.http_status, error.reason, str(error), getattr(error, "param", ""))
    return JSONResponse(document, error.http_status, headers)


async def _apologise(request: Request, error: Exception) -> Response:
    """What nobody foresaw; the log has the rest."""
    return JSONResponse(describe_error(500, "internal_error", "the broker failed; its log says why"), 500)


async def _refuse_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = "no_such_route", f"{request.method} {request.url.path} is not offered here"
    return JSONResponse(describe_error(error.status_code, code, message), error.status_code, error.headers)
