"""The node's two doors as sockets: HTTP and control, and how much a client may cost at them."""

import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterator

import grpc
import uvicorn
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from starlette.types import ASGIApp

from mlnode.io.client import make_connection_class
from mlnode.io.control import Control, TokenCheck
from mlnode.io.loop import Loop
from mlnode.io.settings import Settings
from mlnode.v1 import control_pb2, control_pb2_grpc

SEND_BYTES = 64 * 1024
"""The kernel keeps about twice this of an answer that a client does not read."""
FILES_MAX = 65_536
SERVICE = control_pb2.DESCRIPTOR.services_by_name["Control"].full_name


class StartFailed(Exception):
    """The node cannot start; the sentence says why and what to do."""


@contextlib.contextmanager
def listen(settings: Settings) -> Iterator[socket.socket]:
    """The HTTP door, open. Raises `StartFailed`."""
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that say their protocol
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        _bound_clients(listening, settings.patience_s)
        try:
            listening.bind((settings.host, settings.port))
        except socket.gaierror:
            raise StartFailed(
                f"{settings.host!r} is no address of this machine; choose another --host."
            ) from None
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise StartFailed(
                f"{where} cannot be used ({error.strerror}); choose another --host or --port."
            ) from None
        listening.listen(2048)
        listening.setblocking(False)
        yield listening


def _bound_clients(listening: socket.socket, patience_s: int) -> None:
    """What every connection made through this socket inherits: little memory in the kernel for a client that
    does not read, and an end for one that is gone without a word."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_s * 1000)


def open_more_files() -> None:
    """As many connections as the system allows: the soft limit is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: the node decides when it ends."""

    def __init__(self, app: ASGIApp, patience_s: int) -> None:
        config = uvicorn.Config(
            app,
            http=make_connection_class(patience_s),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve_control(loop: Loop, settings: Settings, version: str, http_port: int) -> AsyncIterator[int]:
    """The control door, open; its port. Raises `StartFailed`."""
    checks = [TokenCheck(settings.control_token)] if settings.control_token else []
    server = grpc.aio.server(interceptors=checks, options=(("grpc.so_reuseport", 0),))
    control_pb2_grpc.add_ControlServicer_to_server(Control(loop, version, http_port), server)
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    for name in ("", SERVICE):
        await health.set(name, health_pb2.HealthCheckResponse.SERVING)
    names = (SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
    where = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        port = server.add_insecure_port(f"{where}:{settings.control_port}")
    except RuntimeError:
        raise StartFailed(
            f"{where}:{settings.control_port} cannot be used; choose another --control-port."
        ) from None
    await server.start()
    try:
        yield port
    finally:
        await health.enter_graceful_shutdown()
        await server.stop(grace=1)
