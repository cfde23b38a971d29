"""A node, whole: scheduler, loop, both doors; from start to drained."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import structlog
import uvicorn
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection
from starlette.types import ASGIApp

from mlnode.catalog import Catalog
from mlnode.errors import ModelUnknown, Refusal
from mlnode.events import DrainAsked, PreloadAsked
from mlnode.instance import LoadParams
from mlnode.io.broker import Reporter
from mlnode.io.client import make_connection_class
from mlnode.io.control import Control, TokenCheck
from mlnode.io.gpu import Gpu
from mlnode.io.http import make_app
from mlnode.io.keys import Keys
from mlnode.io.kv_store import empty
from mlnode.io.loop import Folders, Loop
from mlnode.io.settings import Settings
from mlnode.io.spare import Spares
from mlnode.io.watch import ModelFolder, Watching
from mlnode.ledger import Device
from mlnode.mode import Activity, Mission
from mlnode.node import Limits
from mlnode.scheduler import Scheduler
from mlnode.v1 import control_pb2, control_pb2_grpc

DELIVER_S = 5.0
"""Time for the last nonces at the end."""
FLUSH_S = 2
"""Time for the last bytes of answers at the end, when the grace is over."""
SEND_BYTES = 64 * 1024
"""The kernel keeps about twice this of an answer that a client does not read."""
FILES_MAX = 65_536
SERVICE = control_pb2.DESCRIPTOR.services_by_name["Control"].full_name

_log = structlog.get_logger("mlnode")


class StartFailed(Exception):
    """The node cannot start; the sentence says why and what to do."""


async def serve(settings: Settings, version: str) -> None:
    """Run a node until SIGTERM or SIGINT, then drain. Raises `StartFailed`."""
    started_s = time.monotonic()
    _open_more_files()
    gpu = Gpu()
    scheduler = make_scheduler(settings, gpu)
    _make_home(settings.home)
    folders = Folders(settings.cache_dir, settings.home / "kv", settings.kv_cache_mb)
    loop = Loop(scheduler, folders, gpu, Spares(settings.prepared_workers))
    reporter = Reporter()
    loop.on_mined = reporter.on_mined
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    folder = _load_files(loop, settings)
    keys = _read_keys(settings)
    with _listen(settings) as listening:
        http_port = listening.getsockname()[1]
        async with _serve_control(loop, settings, version, http_port) as control_port:
            http = _HttpServer(
                _http_config(make_app(loop, settings, started_s, folder, keys), settings.patience_s)
            )
            serving = asyncio.create_task(http.serve(sockets=[listening]))
            ports = {"http": http_port, "control": control_port}
            _log_problems(loop)
            loop.spares.fill()
            with _following(folder, settings.watch, keys), _announce(settings, ports, version):
                await asyncio.wait({serving, asyncio.create_task(told.wait())}, return_when="FIRST_COMPLETED")
                left_s = await _drain(loop, settings)
            http.config.timeout_graceful_shutdown = max(FLUSH_S, left_s)
            http.should_exit = True
            await serving
        await reporter.close(DELIVER_S)
        await loop.close()


def make_scheduler(settings: Settings, gpu: Gpu) -> Scheduler:
    """The scheduler that the settings describe. Raises `StartFailed`."""
    try:
        budgets_mb = gpu.compute_budgets_mb(settings.vram_budget_mb)
    except ValueError as error:
        raise StartFailed(f"--vram-budget-mb: {error}.") from None
    limits = Limits(
        budget_mb=sum(budgets_mb),
        margin_mb=settings.vram_margin_mb,
        params=LoadParams(
            n_ctx=settings.ctx_size,
            slots=settings.slots,
            n_threads=settings.n_threads,
            n_gpu_layers=settings.n_gpu_layers,
            kv_type=settings.kv_type,
            prefix_cache_mb=settings.prefix_cache_mb,
        ),
        max_queue_depth=settings.max_queue_depth,
        max_wait_ms=settings.max_wait_ms,
        wait_pauses_for_load=settings.wait_pauses_for_load,
        max_inflight=settings.max_inflight,
        max_loads=settings.max_loads,
        load_stall_ms=settings.load_stall_s * 1000,
        ttl_ms=settings.ttl_s * 1000,
        model_ttl_ms={
            settings.alias.get(name, name): ttl_s * 1000 for name, ttl_s in settings.model_ttl.items()
        },
        pinned=frozenset(settings.alias.get(name, name) for name in settings.pin),
        cores=len(os.sched_getaffinity(0)),
        devices=tuple(
            Device(f"gpu{device.number}", budget_mb, settings.vram_margin_mb, device.number)
            for device, budget_mb in zip(gpu.devices, budgets_mb, strict=False)
        ),
    )
    catalog = Catalog(settings.default_model, settings.alias)
    mission = Mission(Activity.STOPPED if settings.managed else Activity.INFERENCE)
    return Scheduler(limits, catalog, mission)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        empty(home / "kv")
    except OSError as error:
        raise StartFailed(f"{home} cannot be written ({error.strerror}); choose another --home.") from None


def _load_files(loop: Loop, settings: Settings) -> ModelFolder:
    folder = ModelFolder(settings.models_dir, settings.links_outside, loop.take_files)
    try:
        folder.load()
    except OSError as error:
        raise StartFailed(
            f"{settings.models_dir} cannot be read ({error.strerror}); give --models-dir a folder."
        ) from None
    _check_names(loop, settings)
    for name in settings.preload:
        try:
            loop.command(PreloadAsked(name))
        except Refusal as refusal:
            raise StartFailed(f"--preload: {refusal.sentence}") from None
    return folder


def _read_keys(settings: Settings) -> Keys:
    try:
        file = Path(settings.api_key_file).expanduser() if settings.api_key_file else None
        return Keys(settings.api_key, file)
    except OSError as error:
        why = f"{settings.api_key_file} cannot be read ({error.strerror})"
    except (ValueError, RuntimeError) as error:
        why = str(error)
    raise StartFailed(f"--api-key-file: {why}.")


def _check_names(loop: Loop, settings: Settings) -> None:
    """What settings say of models is of files that are there; the default model is one, unless a broker is
    to name it."""
    catalog = loop.scheduler.catalog
    limits = loop.scheduler.limits
    named = (("alias", settings.alias.values()), ("pin", limits.pinned), ("model-ttl", limits.model_ttl_ms))
    for flag, ids in named:
        for id in ids:
            if id not in catalog.files:
                raise StartFailed(f"--{flag}: {ModelUnknown(id, tuple(catalog.files)).sentence}")
    if settings.default_model and not settings.managed:
        try:
            catalog.find(settings.default_model)
        except Refusal as refusal:
            raise StartFailed(f"--default-model: {refusal.sentence}") from None


def _log_problems(loop: Loop) -> None:
    for file in loop.scheduler.catalog.files.values():
        if file.problem:
            _log.warning("file is no model", model=file.id, why=file.problem)


@contextlib.contextmanager
def _following(folder: ModelFolder, how: Watching, keys: Keys) -> Iterator[None]:
    """The folder is watched; at SIGHUP it is looked into, and the file of keys is read again."""
    here = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Any]] = {asyncio.create_task(folder.watch(how))}

    def look_again() -> None:
        keys.reload()
        tasks.add(asyncio.create_task(folder.rescan()))

    here.add_signal_handler(signal.SIGHUP, look_again)
    try:
        yield
    finally:
        here.remove_signal_handler(signal.SIGHUP)
        for task in tasks:
            task.cancel()


@contextlib.contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
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


def _open_more_files() -> None:
    """As many connections as the system allows: the soft limit is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _http_config(app: ASGIApp, patience_s: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=make_connection_class(patience_s),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )


class _HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: the node decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _serve_control(loop: Loop, settings: Settings, version: str, http_port: int) -> AsyncIterator[int]:
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


@contextlib.contextmanager
def _announce(settings: Settings, ports: dict[str, int], version: str) -> Iterator[None]:
    """ready.json, there while the node serves, whole or not at all."""
    ready = settings.home / "ready.json"
    partial = settings.home / f"ready.json.{os.getpid()}"
    document = {"pid": os.getpid(), "host": settings.host, "ports": ports, "version": version}
    partial.write_text(json.dumps(document) + "\n")
    partial.replace(ready)
    _log.info("ready", **{f"{name}_port": port for name, port in ports.items()}, version=version)
    try:
        yield
    finally:
        ready.unlink(missing_ok=True)


async def _drain(loop: Loop, settings: Settings) -> int:
    """Nothing new; what runs may finish; then every worker ends. Seconds of the grace that are left to the
    clients that have not taken all of their answers."""
    _log.info("draining", grace_s=settings.drain_s)
    until_s = time.monotonic() + settings.drain_s
    loop.post(DrainAsked(settings.drain_s * 1000))
    await loop.until(lambda: loop.scheduler.is_over, settings.drain_s + 10)
    return int(until_s - time.monotonic())
