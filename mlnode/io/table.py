"""A node's status as a table for people, as wide as there is room."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

NARROW = 90
"""Below this many columns only what matters most is shown."""
BAR = 24
_STYLES = {"ready": "green", "loading": "yellow", "draining": "yellow", "failed": "red", "unloaded": "dim"}
_ORDER = ("ready", "draining", "loading", "failed", "unloaded")

Instance = dict[str, Any]


def show_status(url: str, status: dict[str, Any], width: int, height: int | None = None) -> RenderableType:
    """Head, models, and how many are left out where the screen is not high enough."""
    head = _show_head(url, status, width)
    instances = sorted(status["instances"], key=_rank)
    room = len(instances) if height is None else max(3, height - len(head) - 3)
    shown = instances[:room]
    parts: list[RenderableType] = [*head, Text(), _show_models(shown, width)]
    if not instances:
        parts = [*head, Text(), Text("There are no models; put GGUF files into --models-dir.", "yellow")]
    if len(instances) > len(shown):
        parts.append(Text(f"and {len(instances) - len(shown)} more, unloaded", "dim"))
    return Group(*parts)


def _show_head(url: str, status: dict[str, Any], width: int) -> list[Text]:
    requests = status["requests_total"]
    ended = f"{requests.get('ok', 0)} answered, {status['errors_total']} refused or failed"
    activity = "shutting down" if status["draining"] else status["activity"]
    first = Text.assemble((url, "bold"), f"  {activity}, up {show_time(status['uptime_s'])}", no_wrap=True)
    second = Text(f"{ended}, {status['tokens_per_s']:.1f} tokens/s", no_wrap=True)
    memory = [_show_device(device, width) for device in status["devices"]]
    lines = [first, second, *memory]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _show_device(device: dict[str, Any], width: int) -> Text:
    budget_mb, reserved_mb = device["budget_mb"], device["reserved_mb"] + device["margin_mb"]
    share = min(1.0, reserved_mb / budget_mb) if budget_mb else 0.0
    filled = round(share * BAR)
    style = "red" if share > 0.95 else "yellow" if share > 0.8 else "green"
    bar = Text.assemble(("█" * filled, style), ("░" * (BAR - filled), "dim")) if width >= NARROW else Text()
    used = f"{device['reserved_mb']:,} MiB reserved + {device['margin_mb']:,} margin of {budget_mb:,}"
    busy = "" if device["utilization"] is None else f", {device['utilization']:.0%} busy"
    product = f", {device['product']}" if device["product"] else ""
    problem = (f", {device['problem']}", "bold red") if device["problem"] else ""
    space = " " if bar.plain else ""
    return Text.assemble(f"{device['device']:<5} ", bar, space, used, problem, busy, product, no_wrap=True)


def _show_models(instances: Sequence[Instance], width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    table.add_column("model", no_wrap=True, overflow="ellipsis", min_width=8)
    for name in ("state", "MiB", "queue", "busy", "tokens/s"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    if width >= NARROW:
        table.add_column("estimated", justify="right", no_wrap=True)
        table.add_column("measured", justify="right", no_wrap=True)
        table.add_column("note", no_wrap=True, overflow="ellipsis")
    for each in instances:
        table.add_row(*_show_row(each, width))
    return table


def _show_row(each: Instance, width: int) -> list[Text | str]:
    state = Text(each["state"], _STYLES.get(each["state"], ""))
    if each["load_progress"] is not None:
        state.append(f" {each['load_progress']:.0%}")
    pace = f"{each['tokens_per_s']:.1f}" if each["tokens_per_s"] else ""
    row: list[Text | str] = [each["model"], state, _mb(each["reserved_vram_mb"])]
    row += [_count(each["queue"]), f"{each['inflight']}/{each['slots']}" if each["pid"] else "", pace]
    if width >= NARROW:
        row += [_mb(each["est_vram_mb"]), _mb(each["measured_vram_mb"]), Text(_note(each), "dim")]
    return row


def _note(each: Instance) -> str:
    """What is special, the most urgent first."""
    notes = []
    if each["breaker_open"]:
        notes.append(f"crashes too often, again in {show_time(each['retry_in_s'])}")
    if each["last_error"]:
        notes.append(each["last_error"])
    if each["oldest_wait_s"] >= 1:
        notes.append(f"first in line waits {show_time(each['oldest_wait_s'])}")
    if each["pinned"]:
        notes.append("pinned")
    if each["ttl_left_s"] is not None:
        notes.append(f"unloads in {show_time(each['ttl_left_s'])}")
    if each["crashes"]:
        notes.append(f"{each['crashes']} crash{'es' if each['crashes'] > 1 else ''}")
    return "; ".join(notes)


def _rank(each: Instance) -> tuple[int, str]:
    return (_ORDER.index(each["state"]) if each["state"] in _ORDER else 0, each["model"])


def show_time(seconds: float) -> str:
    """In the largest two units: 45 s, 3 min 5 s, 2 h 10 min, 4 d 1 h."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left, parts = int(seconds), []
    for name, size in units:
        count, left = divmod(left, size)
        if count:
            parts.append((name, count))
    return " ".join(f"{count} {name}" for name, count in parts[:2]) or "0 s"


def _mb(mebibytes: int | None) -> str:
    return f"{mebibytes:,}" if mebibytes else ""


def _count(count: int) -> str:
    return str(count) if count else ""
