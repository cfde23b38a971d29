"""Health and metrics over HTTP, and the hand on the clock where blocks are made by hand."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chain.io.metrics import Metrics
from chain.io.producer import Producer

BLOCKS_PER_CALL_MAX = 10_000
"""Blocks that one call may ask for."""
COUNT = re.compile("[0-9]{1,6}")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Whether the process is ready, or why not."""

    def __init__(self) -> None:
        self.why_not = "starting"


def build_app(health: Health, producer: Producer, metrics: Metrics, manual: bool) -> Starlette:
    """The routes. `POST /blocks?count=N` exists only where blocks are made by hand."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        if health.why_not:
            return PlainTextResponse(f"{health.why_not}\n", 503)
        return PlainTextResponse("ok\n")

    async def show_metrics(request: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    async def make_blocks(request: Request) -> Response:
        text = request.query_params.get("count", "1")
        if not COUNT.fullmatch(text) or not 1 <= int(text) <= BLOCKS_PER_CALL_MAX:
            return JSONResponse({"error": f"count is not a number from 1 to {BLOCKS_PER_CALL_MAX}"}, 400)
        for _ in range(int(text)):
            await producer.produce()
        return JSONResponse({"height": producer.tip.height, "app_hash": producer.tip.app_hash.hex()})

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show_metrics)]
    if manual:
        routes.append(Route("/blocks", make_blocks, methods=["POST"]))
    return Starlette(routes=routes)


class HttpServer(uvicorn.Server):
    """A server that leaves signals to the process."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        super().__init__(config)
        self.socket = _listen(host, port)
        self.port: int = self.socket.getsockname()[1]
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process handles signals itself."""
        yield

    def start(self) -> None:
        """Serve in the background."""
        self._task = asyncio.create_task(self.serve([self.socket]))

    async def stop(self) -> None:
        """Stop serving."""
        self.should_exit = True
        if self._task is not None:
            await self._task
        self.socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that say their protocol
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
