"""How much memory the host gives, on systems that tell and on those that do not."""

from pathlib import Path

from mlnode.io.gpu import Gpu
from mlnode.io.host import read_host_memory, read_resident_bytes


def test_the_hosts_memory_is_read(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n")
    memory = read_host_memory(tmp_path, tmp_path / "none")
    assert (memory.total_mb, memory.available_mb) == (8192, 4096)


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n")
    (tmp_path / "memory.max").write_text(f"{2 * 2**30}\n")
    (tmp_path / "memory.current").write_text(f"{2**29}\n")
    memory = read_host_memory(tmp_path, tmp_path)
    assert (memory.total_mb, memory.available_mb) == (2048, 1536)
    (tmp_path / "memory.max").write_text("max\n")
    assert read_host_memory(tmp_path, tmp_path).total_mb == 8192


def test_a_system_without_these_files_has_a_budget_all_the_same(tmp_path: Path) -> None:
    memory = read_host_memory(tmp_path, tmp_path)
    assert memory.total_mb == memory.available_mb > 0
    assert Gpu({}).compute_budgets_mb(0) > (0,)


def test_a_process_knows_what_it_takes_and_what_of_it_are_files() -> None:
    resident, files = read_resident_bytes()
    assert 0 < files < resident
    assert read_resident_bytes(2**22 + 1) == (0, 0)
