"""What people and tools are shown of a node: `/status` and `/models` as documents."""

import time
from typing import Any

from mlnode.instance import InstanceState
from mlnode.io.loop import Loop
from mlnode.io.settings import Settings
from mlnode.io.views import DeviceView, ModelView, Waiter, see_devices, see_models, show_state

_SECRETS = frozenset({"api_key", "control_token"})


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


def _describe_instance(view: ModelView) -> dict[str, Any]:
    return {
        "model": view.model,
        "state": view.state,
        "last_used": view.last_used,
        "est_vram_mb": view.need_mb,
        "formula_vram_mb": view.formula_mb,
        "probed_vram_mb": view.probed_mb,
        "measured_vram_mb": view.measured_mb or 0,
        "reserved_vram_mb": sum(view.held_mb.values()),
        "resident_mb": view.resident_bytes // (1024 * 1024) if view.resident_bytes else None,
        "devices": dict(view.held_mb),
        "queue": view.queue,
        "waiting": [_describe_waiter(waiter) for waiter in view.waiting],
        "oldest_wait_s": round(view.oldest_wait_s, 3),
        "expected_wait_s": view.expected_wait_s,
        "inflight": view.inflight,
        "slots": view.slots,
        "ctx_size": view.n_ctx,
        "tokens_per_s": round(view.tokens_per_s, 1),
        "load_progress": view.progress,
        "ttl_left_s": None if view.ttl_left_s is None else round(view.ttl_left_s, 1),
        "prefix_cache_mb": view.prefix_cache_mb,
        "pinned": view.pinned,
        "crashes": view.crashes,
        "breaker_open": view.breaker_open,
        "retry_in_s": round(view.retry_in_s, 3),
        "pid": view.pid,
        "last_error": view.last_error,
    }


def _describe_waiter(waiter: Waiter) -> dict[str, Any]:
    return {
        "position": waiter.position,
        "request_id": waiter.request_id,
        "waited_s": round(waiter.waited_s, 3),
    }


def _describe_device(view: DeviceView) -> dict[str, Any]:
    return {
        "device": view.name,
        "product": view.product or None,
        "budget_mb": view.budget_mb,
        "margin_mb": view.margin_mb,
        "reserved_mb": view.reserved_mb,
        "total_mb": view.total_mb,
        "available_mb": view.available_mb,
        "utilization": view.used_ratio,
        "temperature_c": view.temperature_c,
        "problem": view.problem,
    }


def _show_settings(settings: Settings) -> dict[str, Any]:
    shown = settings.model_dump(mode="json")
    return {key: bool(value) if key in _SECRETS else value for key, value in shown.items()}
