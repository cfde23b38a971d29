"""What memory there is for models: the GPU's by NVML, or the host's where there is no GPU.

The library only asks the driver; it makes no GPU context in this process.
"""

import re
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
        return _read_host_memory()

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


def _read_host_memory() -> Memory:
    text = Path("/proc/meminfo").read_text()
    fields = {key: int(kib) // 1024 for key, kib in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    return Memory("host", fields["MemTotal"], fields["MemAvailable"])
