"""A broker, whole: memory, controller, loop, three doors and two neighbours; from start to drained."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import sqlalchemy.exc
import structlog
import uvicorn

import migrations
from broker.actions import StoreFinish, StoreNode
from broker.controller import Controller
from broker.errors import BrokerError, HomeError
from broker.events import Started
from broker.io import home as home_files
from broker.io.admin import build_admin_app
from broker.io.callback import CallbackServer
from broker.io.chain import Chain
from broker.io.clock import start_clock
from broker.io.keys import AccountKey
from broker.io.loop import Loop
from broker.io.mlnode import Nodes
from broker.io.openai import PublicInterface
from broker.io.registrar import join_chain
from broker.io.settings import DATABASE_FILE, Settings
from broker.io.sql import Memory, open_engine
from broker.nodes import AdminState
from broker.state import Identity, Stored, Timing

_log = structlog.get_logger("broker")


async def serve(settings: Settings, version: str) -> None:
    """Run a broker until SIGTERM or SIGINT, then drain. HomeError says what cannot be used."""
    key = AccountKey.load(settings.home / home_files.KEY_FILE)
    memory = open_memory(settings)
    try:
        stored = memory.load()
        loop = Loop(make_controller(settings, key, stored), memory, time.monotonic)
        await _run(settings, version, key, loop, stored.finishes)
    finally:
        memory.close()


def open_memory(settings: Settings) -> Memory:
    """The database, its schema up to date, with the configured nodes that it did not know."""
    if not settings.database_url.get_secret_value():
        home_files.keep_private(settings.home / DATABASE_FILE)
    try:
        migrations.upgrade("broker", settings.url)
        memory = Memory(open_engine(settings.url))
        known = {item.config.id for item in memory.load().nodes}
        fresh = [node.to_config() for node in settings.nodes if node.id not in known]
        memory.write([StoreNode(config, AdminState()) for config in fresh])
    except migrations.NewerSchema as error:
        raise HomeError(str(error)) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise HomeError(f"cannot use the database: {str(error).splitlines()[0]}") from None
    return memory


def make_controller(settings: Settings, key: AccountKey, stored: Stored) -> Controller:
    """The controller as it was left."""
    identity = Identity(key.address, key.public_key, home_files.load_callback_secret(settings.home))
    return Controller(identity, stored, Timing(stale_after_s=settings.stale_after_s))


async def _run(
    settings: Settings, version: str, key: AccountKey, loop: Loop, owed: tuple[StoreFinish, ...]
) -> None:
    told = _listen_for_signals()
    chain = Chain(settings.chain, key, loop.post)
    callback = CallbackServer(loop.ask, settings.callback_host, settings.callback_port)
    ports = {"callback": await callback.start()}
    where = settings.callback_address or f"{settings.callback_host}:{ports['callback']}"
    nodes = Nodes(loop.post, where, settings.control_token.get_secret_value())
    loop.attach(chain, nodes)
    owner = asyncio.create_task(loop.run())
    loop.post(Started())
    clock = start_clock(loop.post, settings.tick_s, settings.poll_s, settings.sync_s)
    public = PublicInterface(chain, key, loop.ask, loop.post, version)
    joining: asyncio.Task[None] | None = None
    try:
        async with contextlib.AsyncExitStack() as doors:
            ports["admin"] = await doors.enter_async_context(_serve_admin(settings, version, chain, loop))
            ports["public"] = await doors.enter_async_context(_serve_public(settings, public))
            joining = asyncio.create_task(
                join_chain(settings, chain, ports["public"], lambda: public.resume(owed))
            )
            with home_files.announce(settings.home, ports, version):
                _log.info("ready", version=version, address=key.address, **ports)
                await _wait_for_end(told, owner, joining)
                _log.info("draining", grace_s=settings.drain_s)
    finally:
        clock.shutdown(wait=False)
        await callback.stop(1.0)
        await public.close()
        await chain.drain()
        if joining is not None:
            await _cancel(joining)
        await chain.close()
        await nodes.close()
        await _cancel(owner)


async def _wait_for_end(told: asyncio.Event, *vital: asyncio.Task[Any]) -> None:
    """Until a signal, or the end of a task without which there is no broker; its error is raised."""
    waiting = asyncio.create_task(told.wait())
    done, _ = await asyncio.wait({waiting, *vital}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


def _listen_for_signals() -> asyncio.Event:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, BrokerError):
        await task


@contextlib.asynccontextmanager
async def _serve_admin(settings: Settings, version: str, chain: Chain, loop: Loop) -> AsyncIterator[int]:
    token = settings.admin_token.get_secret_value() or home_files.load_token(settings.home)
    shown = describe_settings(settings)
    app = build_admin_app(loop, token, shown, lambda: _explain_unready(chain), version)
    async with serve_http(app, settings.admin_host, settings.admin_port, "admin-port", 1.0) as port:
        yield port


@contextlib.asynccontextmanager
async def _serve_public(settings: Settings, public: PublicInterface) -> AsyncIterator[int]:
    """Answers under way have `drain_s` seconds; what they leave to record is recorded after that."""
    door = serve_http(public.app, settings.public_host, settings.public_port, "public-port", settings.drain_s)
    async with door as port:
        yield port


def _explain_unready(chain: Chain) -> str:
    return "" if chain.is_following else "the chain is not being followed"


def describe_settings(settings: Settings) -> dict[str, Any]:
    """All settings in effect; what is secret is only said to be set or not."""
    shown = settings.model_dump(mode="json")
    for key in ("admin_token", "control_token", "database_url"):
        shown[key] = "set" if getattr(settings, key).get_secret_value() else ""
    for node in shown["nodes"]:
        node["api_key"] = "set" if node["api_key"] else ""
    return shown


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the broker decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve_http(app: Any, host: str, port: int, flag: str, grace_s: float) -> AsyncIterator[int]:
    """Serve an ASGI application; gives the port. At the end running requests have `grace_s` seconds."""
    with _bind(host, port, flag) as listening:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(grace_s)),
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


def _bind(host: str, port: int, flag: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that say their protocol
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise HomeError(f"{host}:{port} cannot be used ({error.strerror}); choose another --{flag}") from None
    listening.listen(2048)
    listening.setblocking(False)
    return listening
