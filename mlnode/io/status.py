"""What people and tools are shown of a node: its models, and everything."""

import time
from typing import Any

from mlnode.instance import InstanceState
from mlnode.io.loop import Loop, now_ms
from mlnode.io.settings import Settings

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
    """Instances, totals and the effective settings; secrets are shown as present or absent."""
    scheduler = loop.scheduler
    ledger = scheduler.residents.ledger
    return {
        "activity": scheduler.mission.activity.value,
        "generation": scheduler.mission.generation,
        "draining": scheduler.draining_until_ms is not None,
        "instances": [_describe_instance(loop, model) for model in _list_models(loop)],
        "budget_mb": ledger.budget_mb,
        "margin_mb": ledger.margin_mb,
        "used_est_mb": ledger.used_mb,
        "loads_total": scheduler.residents.loads_total,
        "evictions_total": scheduler.residents.evictions_total,
        "errors_total": sum(loop.counts.requests.values()) - _harmless(loop),
        "requests_total": dict(loop.counts.requests),
        "uptime_s": round(time.monotonic() - started_s, 3),
        "settings": _show_settings(settings),
    }


def show_state(state: InstanceState) -> str:
    """The state as shown outside: an ending instance is draining."""
    shown = InstanceState.DRAINING if state is InstanceState.ENDING else state
    return str(shown.value)


def _harmless(loop: Loop) -> int:
    return loop.counts.requests.get("ok", 0) + loop.counts.requests.get("cancelled", 0)


def _list_models(loop: Loop) -> list[str]:
    """Every model that can be loaded, and those whose worker has outlived their file."""
    scheduler = loop.scheduler
    loadable = {file.id for file in scheduler.catalog.files.values() if not file.problem}
    return sorted({*loadable, *(instance.model for instance in scheduler.residents.resident())})


def _describe_instance(loop: Loop, model: str) -> dict[str, Any]:
    scheduler = loop.scheduler
    instance = scheduler.instance_of(model)
    line = scheduler.requests.lines.get(model)
    idle_ms = now_ms() - instance.last_used_ms
    worker = loop.workers.get(instance.worker)
    process = worker.process if worker else None
    return {
        "model": model,
        "state": show_state(instance.state),
        "last_used": round(time.time() - idle_ms / 1000, 3) if instance.last_used_ms else None,
        "est_vram_mb": scheduler.compute_need_mb(model),
        "measured_vram_mb": instance.measured_mb,
        "queue": len(line.waiting) if line else 0,
        "inflight": len(instance.active),
        "slots": instance.params.slots,
        "pid": process.pid if process else None,
        "last_error": instance.broken or instance.last_error,
    }


def _show_settings(settings: Settings) -> dict[str, Any]:
    shown = settings.model_dump(mode="json")
    return {key: bool(value) if key in _SECRETS else value for key, value in shown.items()}
