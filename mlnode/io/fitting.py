"""`meshkeeper mlnode fit`: will a model fit, with which context and how many slots, in exact numbers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table

from mlnode.budgets import Budget
from mlnode.catalog import ModelFile
from mlnode.fit import MIB, Parts, find_largest
from mlnode.gguf import Header
from mlnode.instance import LoadParams
from mlnode.io.files import describe_model, scan_models
from mlnode.io.gpu import CONTEXT_MB, Gpu
from mlnode.io.prober import ProbeFailed, Prober, Question, describe_parts
from mlnode.ledger import Device
from mlnode.placement import compute_net, place

SLOTS_MAX = 64
CTX_STEP = 256
"""Cells come in blocks of this many."""


class FitRefused(Exception):
    """Nothing can be said; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found out."""

    file: ModelFile
    header: Header
    params: LoadParams
    """With the context reduced to the trained one."""
    parts: Parts
    devices: tuple[Device, ...]
    shares_mb: tuple[int, ...] | None
    """How it would lie, without what a process takes for itself; None: it does not fit."""
    n_ctx_largest: int
    """With as many slots; 0: not even the smallest."""
    slots_most: int
    """With as long a context; 0: not even one."""

    @property
    def rooms_mb(self) -> list[int]:
        """What a model can be given on each device."""
        return compute_net(self.devices, [device.room_mb for device in self.devices])


def find_file(model: str, models_dir: Path) -> ModelFile:
    """A path, an identifier or a file name without ending. Raises `FitRefused`."""
    path = Path(model).expanduser()
    if path.suffix.lower() == ".gguf" and path.is_file():
        return _checked(describe_model(path))
    try:
        files = {file.id: file for file in scan_models(models_dir)}
    except OSError as error:
        reason = f"and {models_dir} cannot be read ({error.strerror})"
        raise FitRefused(f"There is no file {model}, {reason}.") from None
    file = files.get(model) or files.get(f"{model}.gguf")
    if file is None:
        known = ", ".join(files) or "no model at all"
        raise FitRefused(f"There is no file {model}; {models_dir} holds {known}.")
    return _checked(file)


def _checked(file: ModelFile) -> ModelFile:
    if file.problem or file.header is None:
        raise FitRefused(f"{file.id} cannot be loaded: {file.problem}.")
    return file


def examine(file: ModelFile, params: LoadParams, gpu: Gpu, budget: Budget, margin_mb: int) -> Fit:
    """Ask the probe as often as it takes. Raises `FitRefused`."""
    assert file.header is not None
    try:
        budgets_mb = gpu.compute_budgets_mb(budget)
    except ValueError as error:
        raise FitRefused(f"--budget: {error}.") from None
    on_gpu = gpu.present and params.n_gpu_layers != 0
    devices = tuple(
        Device(found.name, budget_mb, margin_mb, found.number, CONTEXT_MB)
        for found, budget_mb in zip(gpu.devices, budgets_mb, strict=False)
    )
    host = Device("host", sum(budgets_mb), margin_mb)
    prober = Prober()
    try:
        return _search(_Sizes(file, gpu, prober, on_gpu), params, devices if on_gpu else (host,))
    except ProbeFailed as error:
        raise FitRefused(f"{file.id} cannot be loaded: {error}.") from None
    finally:
        prober.close()


class _Sizes:
    """Exact parts of one file for any parameters."""

    def __init__(self, file: ModelFile, gpu: Gpu, prober: Prober, on_gpu: bool) -> None:
        assert file.header is not None
        self.file, self.header = file, file.header
        self._prober = prober
        self._visible = gpu.name_devices(range(len(gpu.devices))) if on_gpu else ()
        self._process = 0

    def find_parts(self, params: LoadParams) -> Parts:
        question = Question(
            path=self.file.path,
            n_ctx=params.n_ctx,
            slots=params.slots,
            n_ubatch=params.n_ubatch,
            kv_type=params.kv_type,
            n_gpu_layers=params.n_gpu_layers if self._visible else 0,
            devices=self._visible,
        )
        answer = self._prober.ask(question)
        parts = describe_parts(answer, self.file.size_bytes, self.header.n_embd, params.prefix_cache_mb)
        self._process = self._process or parts.process  # the probe itself grows with every question
        return replace(parts, process=self._process)


def _search(sizes: _Sizes, params: LoadParams, devices: tuple[Device, ...]) -> Fit:
    trained = sizes.header.n_ctx_train or params.n_ctx
    params = replace(params, n_ctx=min(params.n_ctx, trained))

    rooms = [device.room_mb for device in devices]

    def fits(given: LoadParams) -> bool:
        return place(sizes.find_parts(given).total_mb, devices, rooms, alone=False) is not None

    parts = sizes.find_parts(params)
    shares = place(parts.total_mb, devices, rooms, alone=False)
    return Fit(
        file=sizes.file,
        header=sizes.header,
        params=params,
        parts=parts,
        devices=devices,
        shares_mb=None if shares is None else tuple(compute_net(devices, shares)),
        n_ctx_largest=find_largest(
            min(CTX_STEP, trained), trained, CTX_STEP, lambda n_ctx: fits(replace(params, n_ctx=n_ctx))
        ),
        slots_most=find_largest(1, SLOTS_MAX, 1, lambda slots: fits(replace(params, slots=slots))),
    )


def describe_fit(fit: Fit) -> dict[str, Any]:
    """The same as a document."""
    shares_mb = fit.shares_mb or (0,) * len(fit.devices)
    rows = zip(fit.devices, fit.rooms_mb, shares_mb, strict=True)
    return {
        "model": fit.file.id,
        "path": fit.file.path,
        "fits": fit.shares_mb is not None,
        "need_mb": fit.parts.total_mb,
        "parts_bytes": {name: getattr(fit.parts, name) for name in Parts.__slots__},
        "ctx_size": fit.params.n_ctx,
        "slots": fit.params.slots,
        "kv_type": fit.params.kv_type,
        "n_ubatch": fit.params.n_ubatch,
        "ctx_size_largest": fit.n_ctx_largest,
        "slots_most": fit.slots_most,
        "margin_mb": fit.devices[0].margin_mb,
        "devices": [
            {"name": device.name, "budget_mb": device.budget_mb, "room_mb": room, "share_mb": share}
            for device, room, share in rows
        ],
    }


def render_fit(fit: Fit) -> list[RenderableType]:
    """For people: what it is, its parts, the verdict, and how far one can go."""
    header = fit.header
    said = f"{fit.file.id}: {header.architecture}, {header.n_layers} layers, {header.n_vocab:,} tokens"
    lines: list[RenderableType] = [f"{said}, trained for a context of {header.n_ctx_train:,}.", ""]
    return [*lines, _render_parts(fit), "", *_tell_verdict(fit), *_tell_limits(fit)]


def _render_parts(fit: Fit) -> Table:
    params = fit.params
    slots = f"{params.slots} slot{'s' * (params.slots > 1)}"
    notes = {
        "weights": "the file",
        "copies": "some of them laid out anew for the CPU",
        "kv": f"keys and values, {params.kv_type}: {params.n_ctx:,} tokens x {slots}",
        "compute": f"buffers for {params.n_ubatch} tokens at once",
        "results": "logits of each slot",
        "process": "interpreter and vocabulary",
        "poc": "a second context: proof of compute, or embeddings",
        "cache": "beginnings of prompts that may come again, at most",
    }
    table = Table("part", "MiB", "", box=None, show_footer=False)
    table.columns[1].justify = "right"
    for name, note in notes.items():
        if size := getattr(fit.parts, name):
            table.add_row(name, f"{size / MIB:,.1f}", note)
    table.add_row("sum", f"{fit.parts.total_mb:,}", "rounded up")
    return table


def _tell_verdict(fit: Fit) -> list[str]:
    room = " + ".join(f"{mb:,}" for mb in fit.rooms_mb)
    budget = " + ".join(f"{device.budget_mb:,}" for device in fit.devices)
    of = f"of {room} MiB (budget {budget}, margin {fit.devices[0].margin_mb:,}"
    own_mb = fit.devices[0].overhead_mb
    own = f", {own_mb} for a process on a GPU)" if own_mb else ")"
    if fit.shares_mb is None:
        return [f"It does not fit: {fit.parts.total_mb:,} MiB {of}{own}."]
    used = [(device.gpu, mb) for device, mb in zip(fit.devices, fit.shares_mb, strict=True) if mb]
    where = ", ".join(f"{mb:,} MiB on GPU {number}" for number, mb in used)
    said = [f"It fits: {fit.parts.total_mb:,} {of}{own}."]
    return [*said, f"It would lie on {len(used)} devices: {where}."] if len(used) > 1 else said


def _tell_limits(fit: Fit) -> list[str]:
    slots = f"{fit.params.slots} slot{'s' * (fit.params.slots > 1)}"
    trained = " (what it was trained for)" if fit.n_ctx_largest == fit.header.n_ctx_train else ""
    most = " (the most there can be)" if fit.slots_most == SLOTS_MAX else ""
    return [
        f"Largest context with {slots}: {fit.n_ctx_largest:,}{trained}."
        if fit.n_ctx_largest
        else f"No context fits with {slots}.",
        f"Most slots with {fit.params.n_ctx:,} tokens: {fit.slots_most}{most}."
        if fit.slots_most
        else f"Not one slot fits with {fit.params.n_ctx:,} tokens.",
    ]


def print_fit(fit: Fit, as_json: bool, console: Console) -> None:
    """On the console, or as one line of JSON."""
    if as_json:
        print(msgspec.json.encode(describe_fit(fit)).decode())
        return
    for part in render_fit(fit):
        console.print(part, highlight=False, soft_wrap=isinstance(part, str) and not console.is_terminal)
