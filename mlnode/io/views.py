"""A node as it stands at a moment: its models, its devices, what mining brought.

`/status` and the metrics show the same."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mlnode.instance import Instance, InstanceState
from mlnode.io.host import read_host_memory
from mlnode.io.loop import Loop, now_ms
from mlnode.ledger import Device
from mlnode.waiting import Line

MODEL_STATES = ("unloaded", "loading", "ready", "draining", "failed")
"""The states as shown outside: an ending instance is draining."""
WAITING_SHOWN_MAX = 32
"""Requests of a line that are shown one by one, the first ones; `queue` counts all of them."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request in line. One that asks for several answers stands there several times."""

    position: int
    """1 for who gets the next slot."""
    request_id: str | None
    """As the client chose it or was given it; None: asked by a broker."""
    waited_s: float
    """Since it arrived."""


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model as it stands."""

    model: str
    state: str
    last_used: float | None
    """Unix time; None: never."""
    need_mb: int
    """What a load would reserve, MiB: the largest known of formula, probe and measurement."""
    formula_mb: int | None
    """By the formula over the file's header; None for a file that is gone."""
    probed_mb: int | None
    """As llama.cpp tells it without loading; None: not probed."""
    measured_mb: int | None
    """After the last load; None: not loaded."""
    held_mb: Mapping[str, int]
    """What the ledger holds for it on each device where it lies."""
    queue: int
    waiting: tuple[Waiter, ...]
    """Who waits, in order; the first of them where there are many."""
    oldest_wait_s: float
    """How long the first in line has waited; 0 when nobody does."""
    expected_wait_s: int
    """What a request that comes now would be told to wait if it were refused, 1 to 60."""
    inflight: int
    slots: int
    n_ctx: int
    prefix_cache_mb: int
    """Memory for prompts that may come again."""
    tokens_per_s: float
    progress: float | None
    """How far the load has come, 0 to 1; None: none under way, or nothing said yet."""
    ttl_left_s: float | None
    """When an idle model is unloaded; None: not by time."""
    pinned: bool
    crashes: int
    """Since the start of the node."""
    breaker_open: bool
    retry_in_s: float
    """Until the next load is tried after a crash; 0: at once."""
    last_error: str
    pid: int | None
    resident_bytes: int | None
    """Memory of the worker process now; None without one."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """Memory that models are given, and what computes on it."""

    name: str
    """`host`, or `gpu0`, `gpu1`, ..."""
    product: str
    """What its driver calls it; empty for the host."""
    budget_mb: int
    margin_mb: int
    reserved_mb: int
    total_mb: int
    available_mb: int | None
    """Used by nobody, other programs included; None where the device does not say."""
    used_ratio: float | None
    """Share of the time in which it computed, 0 to 1; None for the host."""
    temperature_c: int | None
    problem: str
    """Why a GPU says less than it could; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What mining brought since the start of the node, in nonces."""

    found: int
    delivered: int


def see_models(loop: Loop) -> list[ModelView]:
    """Every model that can be loaded, and those whose worker has outlived their file."""
    scheduler = loop.scheduler
    loadable = {file.id for file in scheduler.catalog.files.values() if not file.problem}
    shown = sorted({*loadable, *(instance.model for instance in scheduler.residents.resident())})
    present_ms = now_ms()
    return [_see_model(loop, scheduler.instance_of(model), present_ms) for model in shown]


def see_devices(loop: Loop) -> list[DeviceView]:
    """Every device that has a budget."""
    ledger = loop.scheduler.residents.ledger
    pairs = zip(ledger.devices, ledger.used(), strict=True)
    return [_see_device(loop, device, used_mb) for device, used_mb in pairs]


def _see_device(loop: Loop, device: Device, used_mb: int) -> DeviceView:
    amounts = (device.budget_mb, device.margin_mb, used_mb)
    if device.gpu is None:
        host = read_host_memory()
        return DeviceView(device.name, "", *amounts, host.total_mb, host.available_mb, None, None, "")
    now = loop.gpu.read(device.gpu)
    busy = None if now.utilisation_percent is None else now.utilisation_percent / 100
    found = loop.gpu.devices[device.gpu]
    return DeviceView(
        device.name,
        found.name,
        *amounts,
        found.total_mb,
        now.free_mb,
        busy,
        now.temperature_c,
        now.problem,
    )


def see_yield(loop: Loop) -> Yield:
    """Of all runs together; one that goes on after a crash counts once."""
    return Yield(sum(run.found for run in loop.minings), sum(run.delivered for run in loop.minings))


def show_state(state: InstanceState) -> str:
    """The state as shown outside."""
    shown = InstanceState.DRAINING if state is InstanceState.ENDING else state
    return str(shown.value)


def _see_model(loop: Loop, instance: Instance, present_ms: int) -> ModelView:
    scheduler, model = loop.scheduler, instance.model
    line = scheduler.requests.line(model)
    worker = loop.workers.get(instance.worker)
    process = worker.process if worker else None
    figures = loop.figures.models.get(model)
    failed = instance.state is InstanceState.FAILED
    return ModelView(
        model=model,
        state=show_state(instance.state),
        last_used=_tell_unix_s(instance.last_used_ms, present_ms),
        need_mb=scheduler.compute_need_mb(model),
        formula_mb=_compute_formula_mb(loop, instance),
        probed_mb=scheduler.residents.probed_mb.get((model, instance.params)),
        measured_mb=instance.measured_mb or None,
        held_mb=_see_held(loop, instance),
        queue=len(line.waiting),
        waiting=_see_waiting(loop, line, present_ms),
        oldest_wait_s=(present_ms - line.oldest_ms) / 1000 if line.waiting else 0.0,
        expected_wait_s=line.compute_retry_after_s(
            instance.params.slots, instance.compute_load_ahead_ms(present_ms)
        ),
        inflight=len(instance.active),
        slots=instance.params.slots,
        n_ctx=instance.params.n_ctx,
        prefix_cache_mb=instance.params.prefix_cache_mb,
        tokens_per_s=figures.pace.compute(present_ms / 1000) if figures else 0.0,
        progress=instance.load_permille / 1000 if instance.state is InstanceState.LOADING else None,
        ttl_left_s=_compute_ttl_left_s(loop, instance, present_ms),
        pinned=model in scheduler.pinned(),
        crashes=figures.crashes if figures else 0,
        breaker_open=instance.compute_broken_ms(present_ms) > 0,
        retry_in_s=max(0, instance.retry_at_ms - present_ms) / 1000 if failed else 0.0,
        last_error=instance.broken or instance.last_error,
        pid=process.pid if process else None,
        resident_bytes=_read_resident_bytes(process.pid) if process else None,
    )


def _see_waiting(loop: Loop, line: Line, present_ms: int) -> tuple[Waiter, ...]:
    shown = enumerate(islice(line.waiting, WAITING_SHOWN_MAX), 1)
    return tuple(
        Waiter(position, loop.find_name(request.id), (present_ms - request.arrived_ms) / 1000)
        for position, request in shown
    )


def _see_held(loop: Loop, instance: Instance) -> dict[str, int]:
    ledger = loop.scheduler.residents.ledger
    shares = zip(ledger.devices, ledger.share_of(instance.worker), strict=True)
    return {device.name: mb for device, mb in shares if mb}


def _compute_ttl_left_s(loop: Loop, instance: Instance, present_ms: int) -> float | None:
    ttl_ms = loop.scheduler.find_ttl_ms(instance.model)
    if not ttl_ms or instance.state is not InstanceState.READY or instance.active:
        return None
    return max(0, instance.last_used_ms + ttl_ms - present_ms) / 1000


def _compute_formula_mb(loop: Loop, instance: Instance) -> int | None:
    file = loop.scheduler.catalog.files.get(instance.model)
    if file is None or file.header is None:
        return None
    return loop.scheduler.residents.compute_formula_mb(file, instance.params)


def _tell_unix_s(at_ms: int, present_ms: int) -> float | None:
    """A time of the scheduler's clock as people write it; None for never."""
    return round(time.time() - (present_ms - at_ms) / 1000, 3) if at_ms else None


def _read_resident_bytes(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return None
