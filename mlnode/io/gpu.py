"""What memory there is for models: the GPU's by NVML, or the host's where there is no GPU.

The library only asks the driver; it makes no GPU context in this process.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pynvml

MIB = 1024 * 1024
HOST_SHARE = 2
"""Without a GPU the default budget is the available host memory divided by this."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory that models can be given."""

    kind: str
    """`gpu` or `host`."""
    total_mb: int
    available_mb: int


class Gpu:
    """The first NVIDIA device, if the machine has one."""

    def __init__(self) -> None:
        self._device: object | None = None
        try:
            pynvml.nvmlInit()
            if pynvml.nvmlDeviceGetCount() > 0:
                self._device = pynvml.nvmlDeviceGetHandleByIndex(0)
        except pynvml.NVMLError:
            self._device = None

    @property
    def present(self) -> bool:
        return self._device is not None

    def read_memory(self) -> Memory:
        """The device's memory, or the host's."""
        if self._device is not None:
            info = pynvml.nvmlDeviceGetMemoryInfo(self._device)
            return Memory("gpu", int(info.total) // MIB, int(info.free) // MIB)
        return read_host_memory()

    def name_devices(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """What CUDA_VISIBLE_DEVICES calls these devices."""
        return tuple(str(number) for number in numbers)

    def measure_mb(self, pid: int, rss_bytes: int) -> int:
        """What a worker takes of the budget: device memory where models live there, resident memory
        otherwise. Rounded up."""
        if self._device is None:
            return -(-rss_bytes // MIB)
        try:
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(self._device)
        except pynvml.NVMLError:
            return 0
        return sum(-(-int(entry.usedGpuMemory or 0) // MIB) for entry in running if entry.pid == pid)

    def compute_budget_mb(self) -> int:
        """The default budget: the whole device, or a share of the host's available memory."""
        memory = self.read_memory()
        return memory.total_mb if memory.kind == "gpu" else memory.available_mb // HOST_SHARE


def read_host_memory(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> Memory:
    """The host's memory, or what a container is allowed of it; all counts as available without /proc."""
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    text = _read_text(proc / "meminfo")
    fields = {key: int(kib) // 1024 for key, kib in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    total_mb = fields.get("MemTotal", total_mb)
    available_mb = fields.get("MemAvailable", total_mb)
    limit, used = _read_text(cgroup / "memory.max").strip(), _read_text(cgroup / "memory.current").strip()
    if limit.isdigit():
        total_mb = min(total_mb, int(limit) // MIB)
        available_mb = min(available_mb, max(0, int(limit) - int(used or 0)) // MIB)
    return Memory("host", total_mb, available_mb)


def _read_text(path: Path) -> str:
    """Empty where the system has no such file."""
    try:
        return path.read_text()
    except OSError:
        return ""
