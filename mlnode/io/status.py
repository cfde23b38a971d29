"""What people and tools are shown of a node: its models, its devices, and everything.

The views are read from the loop's state at the moment they are asked for; `/status` and the metrics show the
same ones.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlnode.estimate import compute_estimate
from mlnode.instance import Instance, InstanceState
from mlnode.io.loop import Loop, now_ms
from mlnode.io.settings import Settings

MODEL_STATES = ("unloaded", "loading", "ready", "draining", "failed")
"""The states as shown outside: an ending instance is draining."""
_SECRETS = frozenset({"api_key", "control_token"})
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


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
    reserved_mb: int
    """What the ledger holds for it now."""
    queue: int
    oldest_wait_s: float
    """How long the first in line has waited; 0 when nobody does."""
    expected_wait_s: int
    """What a request that comes now would be told to wait if it were refused, 1 to 60."""
    inflight: int
    slots: int
    n_ctx: int
    tokens_per_s: float
    progress: float | None
    """How far the load has come, 0 to 1; None: none under way, or nothing said yet."""
    ttl_left_s: float | None
    """When an idle model is unloaded; None: not by time."""
    pinned: bool
    devices: tuple[str, ...]
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
    budget_mb: int
    margin_mb: int
    reserved_mb: int
    total_mb: int
    available_mb: int
    """Used by nobody, other programs included."""
    used_ratio: float | None
    """Share of the time in which it computed, 0 to 1; None for the host."""


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
    ledger, total_mb, available_mb = loop.scheduler.residents.ledger, *loop.gpu.read_memory_mb()
    name = "gpu0" if loop.gpu.present else "host"
    amounts = (ledger.budget_mb, ledger.margin_mb, ledger.used_mb, total_mb, available_mb)
    return [DeviceView(name, *amounts, used_ratio=None)]


def see_yield(loop: Loop) -> Yield:
    """Of all runs together; one that goes on after a crash counts once."""
    return Yield(sum(run.found for run in loop.minings), sum(run.delivered for run in loop.minings))


def describe_models(loop: Loop) -> list[dict[str, Any]]:
    """Every file of the models' folder."""
    scheduler = loop.scheduler
    entries = []
    for file in scheduler.catalog.files.values():
        instance = scheduler.instance_of(file.id)
        entry: dict[str, Any] = {
            "id": file.id,
            "name": file.id,
            "path": file.path,
            "mmproj": file.mmproj or None,
            "size_bytes": file.size_bytes,
            "state": show_state(InstanceState.FAILED if file.problem else instance.state),
            "est_vram_mb": scheduler.compute_need_mb(file.id),
            "names": list(scheduler.catalog.names_of(file.id)),
        }
        if problem := file.problem or instance.broken:
            entry["error"] = problem
        entries.append(entry)
    return entries


def describe_status(loop: Loop, settings: Settings, started_s: float) -> dict[str, Any]:
    """Instances, devices, totals and the effective settings; secrets are shown as present or absent."""
    scheduler = loop.scheduler
    ledger, requests = scheduler.residents.ledger, loop.figures.sum_requests()
    models = see_models(loop)
    return {
        "activity": scheduler.mission.activity.value,
        "generation": scheduler.mission.generation,
        "draining": scheduler.draining_until_ms is not None,
        "instances": [_describe_instance(view) for view in models],
        "devices": [_describe_device(view) for view in see_devices(loop)],
        "budget_mb": ledger.budget_mb,
        "margin_mb": ledger.margin_mb,
        "used_est_mb": ledger.used_mb,
        "tokens_per_s": round(sum(view.tokens_per_s for view in models), 1),
        "loads_total": scheduler.residents.loads_total,
        "evictions_total": scheduler.residents.evictions_total,
        "errors_total": sum(requests.values()) - requests.get("ok", 0) - requests.get("cancelled", 0),
        "requests_total": requests,
        "prepared_pids": loop.spares.pids,
        "uptime_s": round(time.monotonic() - started_s, 3),
        "settings": _show_settings(settings),
    }


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
        probed_mb=None,
        measured_mb=instance.measured_mb or None,
        reserved_mb=sum(scheduler.residents.ledger.share_of(instance.worker)),
        queue=len(line.waiting),
        oldest_wait_s=(present_ms - line.oldest_ms) / 1000 if line.waiting else 0.0,
        expected_wait_s=line.compute_retry_after_s(instance.params.slots),
        inflight=len(instance.active),
        slots=instance.params.slots,
        n_ctx=instance.params.n_ctx,
        tokens_per_s=figures.pace.compute(present_ms / 1000) if figures else 0.0,
        progress=None,
        ttl_left_s=None,
        pinned=model in scheduler.pinned(),
        devices=(),
        crashes=figures.crashes if figures else 0,
        breaker_open=instance.compute_broken_ms(present_ms) > 0,
        retry_in_s=max(0, instance.retry_at_ms - present_ms) / 1000 if failed else 0.0,
        last_error=instance.broken or instance.last_error,
        pid=process.pid if process else None,
        resident_bytes=_read_resident_bytes(process.pid) if process else None,
    )


def _compute_formula_mb(loop: Loop, instance: Instance) -> int | None:
    file, params = loop.scheduler.catalog.files.get(instance.model), instance.params
    if file is None or file.header is None:
        return None
    estimate = compute_estimate(
        file.header,
        params.n_ctx,
        params.slots,
        params.n_ubatch,
        file.size_bytes,
        params.kv_type,
        params.prefix_cache_mb,
    )
    return estimate.total_mb


def _tell_unix_s(at_ms: int, present_ms: int) -> float | None:
    """A time of the scheduler's clock as people write it; None for never."""
    return round(time.time() - (present_ms - at_ms) / 1000, 3) if at_ms else None


def _read_resident_bytes(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return None


def _describe_instance(view: ModelView) -> dict[str, Any]:
    return {
        "model": view.model,
        "state": view.state,
        "last_used": view.last_used,
        "est_vram_mb": view.need_mb,
        "formula_vram_mb": view.formula_mb,
        "probed_vram_mb": view.probed_mb,
        "measured_vram_mb": view.measured_mb or 0,
        "reserved_vram_mb": view.reserved_mb,
        "resident_mb": view.resident_bytes // (1024 * 1024) if view.resident_bytes else None,
        "devices": list(view.devices),
        "queue": view.queue,
        "oldest_wait_s": round(view.oldest_wait_s, 3),
        "expected_wait_s": view.expected_wait_s,
        "inflight": view.inflight,
        "slots": view.slots,
        "ctx_size": view.n_ctx,
        "tokens_per_s": round(view.tokens_per_s, 1),
        "load_progress": view.progress,
        "ttl_left_s": view.ttl_left_s,
        "pinned": view.pinned,
        "crashes": view.crashes,
        "breaker_open": view.breaker_open,
        "retry_in_s": round(view.retry_in_s, 3),
        "pid": view.pid,
        "last_error": view.last_error,
    }


def _describe_device(view: DeviceView) -> dict[str, Any]:
    return {
        "device": view.name,
        "budget_mb": view.budget_mb,
        "margin_mb": view.margin_mb,
        "reserved_mb": view.reserved_mb,
        "total_mb": view.total_mb,
        "available_mb": view.available_mb,
        "utilization": view.used_ratio,
    }


def _show_settings(settings: Settings) -> dict[str, Any]:
    shown = settings.model_dump(mode="json")
    return {key: bool(value) if key in _SECRETS else value for key, value in shown.items()}
