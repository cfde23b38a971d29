"""The machine's memory for models: NVIDIA devices as NVML tells of them, or the host's where there are none.

The library only asks the driver; it makes no GPU context in this process. It may fail at any time (a device
falls off the bus, a driver is updated under us, a container forbids a question): a question that fails has no
answer, the first failure of a kind is logged once, and `problem` tells it. Nothing here raises `NVMLError`.

Devices are numbered as the node uses them: in the order of CUDA_VISIBLE_DEVICES where that is set (numbers in
it as nvidia-smi counts), otherwise as nvidia-smi shows them. The parts of a device that is divided by MIG are
devices of their own. A worker is given its devices by UUID, which means the same in every order.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pynvml
import structlog

from mlnode.budgets import Budget, compute_budgets_mb
from mlnode.io.host import MIB, read_host_memory

HOST_SHARE = 2
"""Without a GPU the default budget is the available host memory divided by this."""

CONTEXT_MB = 512
"""What a process takes of a GPU before it does anything: CUDA's context and cuBLAS's workspaces. From 250 on
consumer cards to 500 on the largest."""

_NO_GPU = (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,)
_log = structlog.get_logger("mlnode.gpu")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU, or a MIG part of one."""

    number: int
    uuid: str
    name: str
    total_mb: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device says of itself now; None where it does not say."""

    free_mb: int | None
    utilisation_percent: int | None
    temperature_c: int | None
    problem: str
    """Why it says less than it could; empty when all is well."""


class Gpu:
    """The devices of this machine, found once."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._said: set[str] = set()
        self._handles: list[Any] = []
        self.devices: tuple[Device, ...] = ()
        self.problem = ""
        """The library is there and does not work: why. Empty with and without a GPU otherwise."""
        try:
            pynvml.nvmlInit()
            found = list(_find_handles(environment.get("CUDA_VISIBLE_DEVICES")))
        except pynvml.NVMLError as error:
            self._note_broken(error)
            return
        for handle in found:
            self._add(handle)

    def _note_broken(self, error: pynvml.NVMLError) -> None:
        if error.value not in _NO_GPU:
            self.problem = str(error)
            _log.warning("no GPU can be used", why=self.problem)

    def _add(self, handle: Any) -> None:
        """A device that cannot even say what it is called and how large it is cannot be used."""
        try:
            total_mb = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) // MIB
            uuid, name = pynvml.nvmlDeviceGetUUID(handle), pynvml.nvmlDeviceGetName(handle)
        except pynvml.NVMLError as error:
            self._note_broken(error)
            return
        self.devices += (Device(len(self.devices), uuid, name, total_mb),)
        self._handles.append(handle)

    @property
    def present(self) -> bool:
        return bool(self.devices)

    def compute_budgets_mb(self, budget: Budget) -> tuple[int, ...]:
        """MiB for models on each device by number, or of the host as the one device there is. Raises
        `ValueError` for a budget of a device that is not there."""
        if self.devices:
            free = [self.read_free_mb(device.number) for device in self.devices]
            totals = [device.total_mb for device in self.devices]
            return compute_budgets_mb(budget, totals, [mb or 0 for mb in free])
        host = read_host_memory()
        return compute_budgets_mb(budget, [host.total_mb], [host.available_mb // HOST_SHARE])

    def read_memory_mb(self) -> tuple[int, int]:
        """Memory of all devices, or of the host: in all, and free."""
        if self.devices:
            free = (self.read_free_mb(device.number) or 0 for device in self.devices)
            return sum(device.total_mb for device in self.devices), sum(free)
        host = read_host_memory()
        return host.total_mb, host.available_mb

    def name_devices(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """What CUDA_VISIBLE_DEVICES calls these devices."""
        return tuple(self.devices[number].uuid for number in numbers)

    def read(self, number: int) -> Reading:
        """How a device is now."""
        handle = self._handles[number]
        kind = pynvml.NVML_TEMPERATURE_GPU
        free_mb, why = self._ask("memory", number, lambda: _read_free_mb(handle))
        busy, _ = self._ask("load", number, lambda: int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu))
        warm, _ = self._ask("temperature", number, lambda: int(pynvml.nvmlDeviceGetTemperature(handle, kind)))
        return Reading(free_mb, busy, warm, why)

    def read_free_mb(self, number: int) -> int | None:
        """Free memory of a device, MiB; None when it does not answer."""
        return self._ask("memory", number, lambda: _read_free_mb(self._handles[number]))[0]

    def measure_process_mb(self, pid: int, number: int) -> int | None:
        """What a process takes of a device, MiB, rounded up. None where the driver does not know processes
        (in most containers their numbers are not ours) or does not know this one."""
        handle = self._handles[number]
        running, _ = self._ask("processes", number, lambda: _list_running(handle))
        taken = [int(entry.usedGpuMemory or 0) for entry in running or () if entry.pid == pid]
        return -(-sum(taken) // MIB) if sum(taken) else None

    def _ask(self, what: str, number: int, question: Callable[[], Answer]) -> tuple[Answer | None, str]:
        """The answer, or None and why not."""
        try:
            return question(), ""
        except pynvml.NVMLError as error:
            why = str(error)
            if f"{what} {number} {why}" not in self._said:
                self._said.add(f"{what} {number} {why}")
                _log.warning("a GPU does not answer", device=number, asked=what, why=why)
            return None, why


def _read_free_mb(handle: Any) -> int:
    return int(pynvml.nvmlDeviceGetMemoryInfo(handle).free) // MIB


def _list_running(handle: Any) -> list[Any]:
    """The processes on a device, in the way of today's drivers or of those before them."""
    try:
        running: list[Any] = pynvml.nvmlDeviceGetComputeRunningProcesses_v3(handle)
    except pynvml.NVMLError_FunctionNotFound:
        running = pynvml.nvmlDeviceGetComputeRunningProcesses_v2(handle)
    return running


def _find_handles(visible: str | None) -> Iterator[Any]:
    """The devices that this process may use. A list ends at the first entry that names none, as CUDA's."""
    known = list(_list_handles())
    if visible is None:
        for _, _, handle in known:
            yield handle
        return
    for entry in visible.split(","):
        wanted = entry.strip()
        matches = [
            handle
            for index, uuid, handle in known
            if wanted == str(index) or (not wanted.isdigit() and wanted and uuid.startswith(wanted))
        ]
        if not matches:
            return
        yield from matches if wanted.isdigit() else matches[:1]


def _list_handles() -> Iterator[tuple[int, str, Any]]:
    """Index, UUID and handle of every device; the parts of a divided one instead of the whole."""
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            for part in list(_list_parts(handle)) or [handle]:
                yield index, pynvml.nvmlDeviceGetUUID(part), part
        except pynvml.NVMLError as error:
            _log.warning("a GPU cannot be used", device=index, why=str(error))


def _list_parts(handle: Any) -> Iterator[Any]:
    """The MIG parts of a device; none on devices and drivers that have no such thing."""
    try:
        divided, _ = pynvml.nvmlDeviceGetMigMode(handle)
        count = pynvml.nvmlDeviceGetMaxMigDeviceCount(handle) if divided else 0
    except pynvml.NVMLError:
        return
    for index in range(count):
        try:
            yield pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        except pynvml.NVMLError:
            continue
