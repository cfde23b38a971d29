"""The operators' HTTP interface: nodes and status, behind a bearer token.

An answer means that the decision is on the disk. Errors are `{"error": {"reason", "message"}}`, the
reason stable.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from broker import events
from broker.errors import BrokerError, NodeIdMismatch
from broker.events import Event
from broker.io.documents import NodeDocument, write_config, write_node, write_status
from broker.views import BatchResult

MAX_BATCH = 1000


class Owner(Protocol):
    """Whoever owns the controller."""

    async def ask(self, make_event: Callable[[int], Event]) -> Any: ...


class Unauthorized(BrokerError):
    """The bearer token is missing or wrong."""

    reason = "UNAUTHORIZED"
    http_status = 401


def build_admin_app(
    owner: Owner, token: str, config: dict[str, Any], explain_unready: Callable[[], str], version: str
) -> FastAPI:
    """The interface. `config` is what GET config shows; `explain_unready` says "" when all is well."""
    app = FastAPI(title="Meshkeeper broker, admin", version=version, docs_url=None, redoc_url=None)
    _add_error_answers(app)
    _add_health(app, explain_unready, version)
    routes = APIRouter(prefix="/admin/v1", dependencies=[Depends(_require(token))])
    _add_reads(routes, owner, config)
    _add_changes(routes, owner)
    app.include_router(routes)
    return app


def _require(token: str) -> Callable[[Request], Awaitable[None]]:
    expected = f"Bearer {token}".encode()

    async def check(request: Request) -> None:
        shown = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not token or not hmac.compare_digest(shown, expected):
            raise Unauthorized("send the broker's token, 'Authorization: Bearer …'; it is in admin.token")

    return check


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(BrokerError)
    async def refuse(_: Request, error: BrokerError) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if error.http_status == 401 else None
        return JSONResponse(_write_error(error), error.http_status, headers)

    @app.exception_handler(RequestValidationError)
    async def point_out(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            {"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()
        ]
        told = {"reason": "INVALID_FIELDS", "message": "some fields are not valid", "fields": fields}
        return JSONResponse({"error": told}, 422)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        message = str(error.detail)
        if error.status_code in (404, 405):
            message = f"{request.method} {request.url.path} is not offered here"
        body = {"error": {"reason": "HTTP_ERROR", "message": message}}
        return JSONResponse(body, error.status_code, error.headers)


def _write_error(error: BrokerError) -> dict[str, Any]:
    return {"error": {"reason": error.reason, "message": str(error)}}


def _add_health(app: FastAPI, explain_unready: Callable[[], str], version: str) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "version": version}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        why = explain_unready()
        body = {"status": "not ready", "reason": why} if why else {"status": "ready"}
        return JSONResponse(body, 503 if why else 200)


def _add_reads(routes: APIRouter, owner: Owner, config: dict[str, Any]) -> None:
    @routes.get("/nodes")
    async def list_nodes() -> list[dict[str, Any]]:
        return [write_node(view) for view in await owner.ask(events.NodesAsked)]

    @routes.get("/nodes/{node_id}")
    async def show_node(node_id: str) -> dict[str, Any]:
        return write_node(await owner.ask(lambda call: events.NodeAsked(call, node_id)))

    @routes.get("/status")
    async def show_status() -> dict[str, Any]:
        return write_status(await owner.ask(events.StatusAsked))

    @routes.get("/config")
    async def show_config() -> dict[str, Any]:
        return config


def _add_changes(routes: APIRouter, owner: Owner) -> None:
    @routes.post("/nodes")
    async def upsert_node(document: NodeDocument) -> dict[str, Any]:
        return await _upsert(owner, document)

    @routes.put("/nodes/{node_id}")
    async def update_node(node_id: str, document: NodeDocument) -> dict[str, Any]:
        if document.id != node_id:
            raise NodeIdMismatch(node_id, document.id)
        return await _upsert(owner, document)

    @routes.post("/nodes/batch")
    async def upsert_nodes(documents: list[NodeDocument]) -> JSONResponse:
        return _answer_batch(await _ask_upsert(owner, documents))

    @routes.delete("/nodes/{node_id}")
    async def remove_node(node_id: str) -> dict[str, Any]:
        return write_node(await owner.ask(lambda call: events.NodeRemoved(call, node_id)))

    @routes.post("/nodes/{node_id}/enable")
    async def enable_node(node_id: str) -> dict[str, Any]:
        view = await owner.ask(lambda call: events.NodeEnabled(call, node_id))
        return {"message": "node enabled successfully", "node_id": node_id, **write_node(view)}

    @routes.post("/nodes/{node_id}/disable")
    async def disable_node(node_id: str) -> dict[str, Any]:
        view = await owner.ask(lambda call: events.NodeDisabled(call, node_id))
        return {"message": "node disabled successfully", "node_id": node_id, **write_node(view)}


async def _ask_upsert(owner: Owner, documents: list[NodeDocument]) -> BatchResult:
    if len(documents) > MAX_BATCH:
        raise HTTPException(413, f"at most {MAX_BATCH} nodes in a batch")
    configs = tuple(document.to_config() for document in documents)
    result: BatchResult = await owner.ask(lambda call: events.NodesUpserted(call, configs))
    return result


async def _upsert(owner: Owner, document: NodeDocument) -> dict[str, Any]:
    result = await _ask_upsert(owner, [document])
    for _, error in result.errors:
        raise error
    return write_config(result.views[0].config)


def _answer_batch(result: BatchResult) -> JSONResponse:
    """201 when all were taken, 206 when some were, 400 when none was."""
    nodes = [write_config(view.config) for view in result.views]
    if not result.errors:
        return JSONResponse(nodes, 201)
    errors = [{"id": node_id, **_write_error(error)["error"]} for node_id, error in result.errors]
    return JSONResponse({"nodes": nodes, "errors": errors}, 206 if nodes else 400)
