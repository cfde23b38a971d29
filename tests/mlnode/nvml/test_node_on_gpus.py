"""A whole node on GPUs that only the driver's library knows: where models go, who has to go for them, what
their workers are measured at, and a GPU that is lost. llama.cpp computes on the CPU here; the books are kept
as on any GPU."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlnode.estimate import MIB, compute_estimate
from mlnode.io.gpu import CONTEXT_MB
from mlnode.io.made_gguf import write_tiny_gguf
from mlnode.io.opening import read_model_header
from tests.mlnode.system.nodes import ROOT, WAIT_S, Node, http, launch, wait_until
from tests.mlnode.system.scraping import read, read_by

from .conftest import World

MARGIN_MB = 64
BYTES = {
    "budget_bytes": "budget_mb",
    "margin_bytes": "margin_mb",
    "reserved_bytes": "reserved_mb",
    "memory_bytes": "total_mb",
    "memory_available_bytes": "available_mb",
}
NUMBERS = {"utilization_ratio": 0.42, "temperature_celsius": 61, "answers": 1}
"""The gauges of a device and what they are in `/status`, or what the library says of every device."""
Start = Callable[..., Node]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpu-models")
    for seed, name in enumerate("abc"):
        write_tiny_gguf(folder / f"{name}.gguf", seed=seed, layers=4, dim=256, n_vocab=4096, name=name)
    return folder


@pytest.fixture
def start(
    nvml_dir: Path, world: World, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(nvml_dir))
    nodes: list[Node] = []

    def begin(*devices: str, flags: tuple[str, ...] = ()) -> Node:
        world.tell(*devices)
        home = tmp_path / f"home{len(nodes)}"
        home.mkdir()
        nodes.append(launch(home, models, "--vram-margin-mb", str(MARGIN_MB), *flags))
        return nodes[-1]

    yield begin
    for node in nodes:
        node.clean_up()


def room_for(mb: int) -> str:
    """A device on which one worker has so much for its model."""
    return f"device {mb + CONTEXT_MB + MARGIN_MB} 0"


def need_mb(models: Path) -> int:
    """What a node reckons for each of them at its own settings, without a process's own part."""
    header = read_model_header(models / "a.gguf")
    size = (models / "a.gguf").stat().st_size
    return compute_estimate(header, 512, 1, 128, size).compute_gpu_mb(-1)


def reserved(node: Node) -> list[int]:
    return [device["reserved_mb"] for device in node.status()["devices"]]


def test_models_go_where_there_is_most_room(start: Start, models: Path) -> None:
    node = start(room_for(4000), room_for(6000))
    assert [d["budget_mb"] for d in node.status()["devices"]] == [4000 + 576, 6000 + 576]
    need = need_mb(models)
    assert node.instance("a.gguf")["est_vram_mb"] == need
    assert node.complete("a.gguf").status_code == 200
    assert reserved(node) == [0, need + CONTEXT_MB]
    assert node.complete("b.gguf").status_code == 200
    assert sum(reserved(node)) == 2 * (need + CONTEXT_MB)


def test_a_model_larger_than_each_device_is_spread(start: Start, models: Path) -> None:
    need = need_mb(models)
    part = need // 2 + 4
    node = start(room_for(part), room_for(part), room_for(part))
    assert node.complete("a.gguf").status_code == 200
    held = [mb for mb in reserved(node) if mb]
    assert len(held) == 2, "over as few as hold it"
    assert sum(held) == need + 2 * CONTEXT_MB
    assert node.instance("a.gguf")["devices"] == {"gpu0": held[0], "gpu1": held[1]}


def test_room_is_made_on_the_device_where_it_helps(start: Start, models: Path) -> None:
    need = need_mb(models)
    node = start(room_for(need + 8), room_for(need + 4))
    for model in ("a.gguf", "b.gguf"):
        assert node.complete(model).status_code == 200
    assert [mb > 0 for mb in reserved(node)] == [True, True]
    assert node.complete("c.gguf").status_code == 200
    assert (node.state("a.gguf"), node.state("b.gguf"), node.state("c.gguf")) == (
        "unloaded",
        "ready",
        "ready",
    )
    assert node.status()["evictions_total"] == 1


def test_what_the_driver_says_of_a_worker_moves_the_books_and_is_learned(start: Start, models: Path) -> None:
    need = need_mb(models)
    taken = need + CONTEXT_MB + 300
    node = start(room_for(4000), f"children 0 {taken}", flags=("--prepared-workers", "0"))
    assert node.complete("a.gguf").status_code == 200
    assert node.instance("a.gguf")["measured_vram_mb"] == taken
    assert reserved(node) == [taken]
    assert node.status()["devices"][0]["available_mb"] == 4000 + CONTEXT_MB + MARGIN_MB - taken
    assert http.post(f"{node.url}/models/a.gguf/unload").status_code < 300
    wait_until(lambda: node.state("a.gguf") == "unloaded" and reserved(node) == [0], "the memory's return")
    assert node.instance("a.gguf")["est_vram_mb"] == taken - CONTEXT_MB


def test_a_worker_that_takes_more_than_there_is_makes_room_first(start: Start, models: Path) -> None:
    need = need_mb(models)
    taken = need + CONTEXT_MB + 100
    both = 2 * (need + CONTEXT_MB) + 50
    node = start(f"device {both + MARGIN_MB} 0", f"children 0 {taken}", flags=("--prepared-workers", "0"))
    for model in ("a.gguf", "b.gguf"):
        assert node.complete(model).status_code == 200
        (device,) = node.status()["devices"]
        assert device["reserved_mb"] + MARGIN_MB <= device["budget_mb"]
    assert (node.state("a.gguf"), node.state("b.gguf")) == ("unloaded", "ready")


def test_memory_that_went_missing_with_a_load_is_booked_for_it(start: Start, models: Path) -> None:
    """In a container the driver does not know our process numbers: what is less free counts."""
    taken = need_mb(models) + CONTEXT_MB + 300
    unknown = (f"children 0 {taken}", "fail 0 processes 13")
    node = start(room_for(4000), *unknown, flags=("--prepared-workers", "0"))
    assert node.complete("a.gguf").status_code == 200
    assert node.instance("a.gguf")["measured_vram_mb"] == taken
    assert reserved(node) == [taken]


def test_each_gpu_is_shown_with_its_name_its_budget_and_what_is_taken(start: Start, models: Path) -> None:
    """By default the budget is what other programs leave."""
    taken = need_mb(models) + CONTEXT_MB + 300
    worlds = ("device 10000 1000", "device 8000 0", f"children 0 {taken}")
    node = start(*worlds, flags=("--prepared-workers", "0"))
    assert node.complete("a.gguf").status_code == 200
    both = {"margin_mb": MARGIN_MB, "utilization": 0.42, "temperature_c": 61, "problem": ""}
    first: dict[str, Any] = {
        **both,
        "device": "gpu0",
        "product": "Stub 0",
        "budget_mb": 9000,
        "reserved_mb": taken,
    }
    first |= {"total_mb": 10000, "available_mb": 9000 - taken}
    second: dict[str, Any] = {
        **both,
        "device": "gpu1",
        "product": "Stub 1",
        "budget_mb": 8000,
        "reserved_mb": 0,
    }
    second |= {"total_mb": 8000, "available_mb": 8000}
    assert node.status()["devices"] == [first, second]
    numbers = {name: read_by(node, f"device_{name}", "device") for name in (*BYTES, *NUMBERS)}
    for name, key in BYTES.items():
        assert numbers[name] == {device["device"]: device[key] * MIB for device in (first, second)}
    for name, value in NUMBERS.items():
        assert numbers[name] == {"gpu0": value, "gpu1": value}
    assert read(node, "model_reserved_bytes", model="a.gguf", device="gpu0") == taken * MIB


def test_a_lost_gpu_is_told_from_one_that_works_until_it_is_back(start: Start, world: World) -> None:
    devices = (room_for(4000), room_for(6000))
    node = start(*devices)
    world.add("fail 1 all 15")
    works, lost = node.status()["devices"]
    assert (works["problem"], lost["problem"]) == ("", "GPU is lost")
    unknown = [key for key, value in lost.items() if value is None]
    assert unknown == ["available_mb", "utilization", "temperature_c"]
    assert works["available_mb"] == 4000 + 576 and lost["budget_mb"] == lost["total_mb"] == 6000 + 576
    assert read_by(node, "device_answers", "device") == {"gpu0": 1, "gpu1": 0}
    for name in ("memory_available_bytes", "utilization_ratio", "temperature_celsius"):
        assert set(read_by(node, f"device_{name}", "device")) == {"gpu0"}
    assert set(read_by(node, "device_budget_bytes", "device")) == {"gpu0", "gpu1"}
    shown = show_once(node)
    assert "GPU is lost" not in shown["gpu0"] and "GPU is lost" in shown["gpu1"]
    assert "Stub 0" in shown["gpu0"] and "Stub 1" in shown["gpu1"]
    world.tell(*devices)
    assert [device["problem"] for device in node.status()["devices"]] == ["", ""]
    assert read_by(node, "device_answers", "device") == {"gpu0": 1, "gpu1": 1}


def show_once(node: Node) -> dict[str, str]:
    """The lines of devices in the table for people."""
    command = [sys.executable, "-m", "mlnode", "status", "--once", "--url", node.url]
    table = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=True)
    lines = [line for line in table.stdout.splitlines() if line.startswith("gpu")]
    return {line.split()[0]: line for line in lines}


def test_a_gpu_that_is_lost_is_shown_and_the_node_goes_on(start: Start, world: World) -> None:
    node = start(room_for(4000), room_for(4000))
    assert node.complete("a.gguf").status_code == 200
    world.add("fail 0 all 15", "fail 1 all 15")
    lost = node.status()["devices"]
    assert ["GPU is lost" in device["problem"] for device in lost] == [True, True]
    assert node.complete("a.gguf").status_code == 200
    assert node.complete("b.gguf").status_code == 200
    wait_until(lambda: "GPU is lost" in node.log(), "the line in the log")
