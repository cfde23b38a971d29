"""The host's memory: what there is, and what a process takes of it."""

import os
import re
import resource
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Of this machine, or of the container that we are in."""

    total_mb: int
    available_mb: int
    """What could be taken without pushing anybody else out."""


def read_host_memory(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> HostMemory:
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
    return HostMemory(total_mb, available_mb)


def read_resident_bytes(pid: int | str = "self") -> tuple[int, int]:
    """Resident memory of a process, and the part of it that is pages of files; zeros where the system does
    not tell."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
        return int(fields[1]) * resource.getpagesize(), int(fields[2]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0, 0


def _read_text(path: Path) -> str:
    """Empty where the system has no such file."""
    try:
        return path.read_text()
    except OSError:
        return ""
