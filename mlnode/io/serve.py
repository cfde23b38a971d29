"""A node, whole: scheduler, loop, both doors; from start to drained."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from mlnode.catalog import Catalog
from mlnode.errors import ModelUnknown, Refusal
from mlnode.events import DrainAsked, PreloadAsked
from mlnode.instance import InstanceState, LoadParams
from mlnode.io.access import Access
from mlnode.io.broker import Reporter
from mlnode.io.gpu import CONTEXT_MB, Gpu
from mlnode.io.http import make_app
from mlnode.io.keys import Keys
from mlnode.io.kv_store import empty
from mlnode.io.listening import HttpServer, StartFailed, listen, open_more_files, serve_control
from mlnode.io.loop import Folders, Loop
from mlnode.io.notify import Notifier
from mlnode.io.settings import Settings
from mlnode.io.spare import Spares
from mlnode.io.watch import ModelFolder
from mlnode.ledger import Device
from mlnode.mode import Activity, Mission
from mlnode.node import Limits
from mlnode.scheduler import Scheduler

DELIVER_S = 5.0
"""Time for the last nonces at the end."""
FLUSH_S = 2
"""Time for the last bytes of answers at the end, when the grace is over."""
if TYPE_CHECKING:
    from mlnode.io.spans import Spans

CLOSE_S = 10.0
"""From the end of the grace to the end of the process, at most."""

_log = structlog.get_logger("mlnode")


async def serve(settings: Settings, version: str) -> None:
    """Run a node until SIGTERM or SIGINT, then drain; a second one ends it at once. Raises `StartFailed`."""
    started_s = time.monotonic()
    notifier = Notifier(os.environ)
    open_more_files()
    gpu = Gpu()
    scheduler = make_scheduler(settings, gpu)
    _make_home(settings.home)
    folders = Folders(
        settings.cache_dir, settings.home / "kv", settings.kv_cache_mb, settings.prepared_model_mb
    )
    loop = Loop(scheduler, folders, gpu, Spares(settings.prepared_workers))
    reporter = Reporter()
    loop.on_mined = reporter.on_mined
    told, hurried = _take_end_signals()
    folder = _load_files(loop, settings)
    keys = _read_keys(settings)
    with listen(settings) as listening:
        http_port = listening.getsockname()[1]
        async with serve_control(loop, settings, version, http_port) as control_port:
            app = make_app(loop, settings, started_s, folder, keys)
            spans = _open_spans()
            http = HttpServer(Access(app, spans.tell if spans else None), settings.patience_s)
            serving = asyncio.create_task(http.serve(sockets=[listening]))
            ports = {"http": http_port, "control": control_port}
            _log_problems(loop)
            loop.spares.fill()
            with (
                _following(loop, folder, settings, keys, notifier),
                _announce(settings, ports, version),
                notifier.serving(lambda: _describe(loop)),
            ):
                await _wait_for_any(serving, asyncio.create_task(told.wait()))
                notifier.tell_stopping(settings.drain_s + CLOSE_S)
                left_s = await _drain(loop, settings.drain_s, hurried)
            http.config.timeout_graceful_shutdown = max(FLUSH_S, left_s)
            http.should_exit = True
            await _wait_for_any(serving, asyncio.create_task(hurried.wait()))
            http.force_exit = hurried.is_set()
            await serving
            if spans is not None:
                await spans.close()
        await reporter.close(0.0 if hurried.is_set() else DELIVER_S)
        await loop.close()


def _open_spans() -> "Spans | None":
    """Where the environment names a collector; nothing is imported where it does not."""
    if not any(name.startswith("OTEL_EXPORTER_OTLP_") for name in os.environ):
        return None
    from mlnode.io.spans import Spans, find_collector

    collector = find_collector(os.environ)
    return Spans(collector) if collector is not None else None


def _take_end_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first signal to end, and by the second."""
    told, hurried = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(
            number, lambda: hurried.set() if told.is_set() else told.set()
        )
    return told, hurried


async def _wait_for_any(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks[1:]:
        task.cancel()


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
            check_tensors=settings.check_tensors,
        ),
        max_queue_depth=settings.max_queue_depth,
        max_wait_ms=settings.max_wait_ms,
        wait_pauses_for_load=settings.wait_pauses_for_load,
        max_inflight=settings.max_inflight,
        max_loads=settings.max_loads,
        load_stall_ms=settings.load_stall_s * 1000,
        step_stall_ms=settings.step_stall_s * 1000,
        ttl_ms=settings.ttl_s * 1000,
        model_ttl_ms={
            settings.alias.get(name, name): ttl_s * 1000 for name, ttl_s in settings.model_ttl.items()
        },
        pinned=frozenset(settings.alias.get(name, name) for name in settings.pin),
        cores=len(os.sched_getaffinity(0)),
        devices=tuple(
            Device(f"gpu{device.number}", budget_mb, settings.vram_margin_mb, device.number, CONTEXT_MB)
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
def _following(
    loop: Loop, folder: ModelFolder, settings: Settings, keys: Keys, notifier: Notifier
) -> Iterator[None]:
    """The folder is watched; at SIGHUP it is looked into, and the file of keys is read again. What lies in it
    is probed in quiet times."""
    here = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    async def look_again() -> None:
        notifier.tell_reloading()
        keys.reload()
        await folder.rescan()
        notifier.tell("READY=1")

    def note_end(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("a task failed", why=repr(error))

    def begin(work: Coroutine[None, None, None]) -> None:
        tasks.add(task := asyncio.create_task(work))
        task.add_done_callback(note_end)

    begin(folder.watch(settings.watch))
    if settings.probe:
        begin(loop.sizer.run(loop.until))
    here.add_signal_handler(signal.SIGHUP, lambda: begin(look_again()))
    try:
        yield
    finally:
        here.remove_signal_handler(signal.SIGHUP)
        for task in list(tasks):
            task.cancel()


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


def _describe(loop: Loop) -> str:
    """What the node does, in a line for the service manager."""
    scheduler = loop.scheduler
    ready = sum(i.state is InstanceState.READY for i in scheduler.residents.instances.values())
    return (
        f"{scheduler.mission.activity.value}: {ready} models ready, {len(scheduler.requests.open)} requests"
    )


async def _drain(loop: Loop, grace_s: int, hurried: asyncio.Event) -> int:
    """Nothing new; what runs may finish, until the grace or patience is over; then every worker ends. Seconds
    of the grace that are left to the clients that have not taken all of their answers."""
    _log.info("draining", grace_s=grace_s)
    until_s = time.monotonic() + grace_s
    loop.post(DrainAsked(grace_s * 1000))
    for tail in loop.tails.values():
        tail.close()
    over = asyncio.create_task(loop.until(lambda: loop.scheduler.is_over, grace_s + CLOSE_S))
    await _wait_for_any(over, asyncio.create_task(hurried.wait()))
    if hurried.is_set():
        over.cancel()
        _log.warning("ending at once")
        loop.post(DrainAsked(0))
        return 0
    return int(until_s - time.monotonic())
