"""Devices, their memory and their failures, asked through the real binding of a library compiled here."""

import asyncio
import os
import time

import pytest
from structlog.testing import capture_logs

from mlnode.io.footprint import Footprint
from mlnode.io.gpu import Gpu

from .conftest import World

ME = os.getpid()


def test_devices_are_found_with_name_number_and_memory(world: World) -> None:
    world.tell("device 24576 100", "device 8192 0")
    gpu = Gpu()
    assert [(d.number, d.name, d.total_mb) for d in gpu.devices] == [
        (0, "Stub 0", 24576),
        (1, "Stub 1", 8192),
    ]
    assert gpu.name_devices((1, 0)) == ("GPU-00000001-stub", "GPU-00000000-stub")
    reading = gpu.read(0)
    assert (reading.free_mb, reading.utilisation_percent, reading.temperature_c) == (24476, 42, 61)
    assert (reading.problem, gpu.problem, gpu.present) == ("", "", True)


def test_the_budget_is_what_others_leave_or_what_the_operator_says(world: World) -> None:
    world.tell("device 24576 1000", "device 8192 0")
    gpu = Gpu()
    assert gpu.compute_budgets_mb(0) == (23576, 8192)
    assert gpu.compute_budgets_mb(16384) == (12288, 4096)
    assert gpu.compute_budgets_mb({1: 4000}) == (0, 4000)
    with pytest.raises(ValueError, match="there is no device 2; this machine has 0 to 1"):
        gpu.compute_budgets_mb({2: 1})


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [
        ("1", [1]),
        ("2,0", [2, 0]),
        ("GPU-00000002,GPU-00000000-stub", [2, 0]),
        ("0,9,1", [0]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_the_visible_devices_are_used_in_their_order(world: World, visible: str, numbers: list[int]) -> None:
    world.tell("device 1000 0", "device 2000 0", "device 3000 0")
    gpu = Gpu({"CUDA_VISIBLE_DEVICES": visible})
    assert [device.name for device in gpu.devices] == [f"Stub {number}" for number in numbers]
    assert [device.number for device in gpu.devices] == list(range(len(numbers)))


def test_the_parts_of_a_divided_device_are_devices(world: World) -> None:
    world.tell("device 80000 0", "mig 0 20000 0", "mig 0 40000 0", "device 24000 0")
    assert [d.total_mb for d in Gpu().devices] == [20000, 40000, 24000]
    only = Gpu({"CUDA_VISIBLE_DEVICES": "MIG-00000002-stub"})
    assert [d.uuid for d in only.devices] == ["MIG-00000002-stub"]


@pytest.mark.parametrize(("code", "why"), [(9, "Driver Not Loaded"), (4, "Insufficient Permissions")])
def test_a_library_that_does_not_work_is_said_once_and_the_host_is_used(
    world: World, code: int, why: str
) -> None:
    world.tell(f"init {code}", "device 24576 0")
    with capture_logs() as logs:
        gpu = Gpu()
        assert gpu.compute_budgets_mb(5000) == (5000,)
    assert (gpu.present, gpu.problem) == (False, why)
    assert [entry["why"] for entry in logs] == [why]


def test_no_library_is_no_problem(world: World) -> None:
    world.tell("init 12")
    with capture_logs() as logs:
        gpu = Gpu()
    assert (gpu.present, gpu.problem, logs) == (False, "", [])


def test_a_device_that_is_lost_at_the_start_is_left_out(world: World) -> None:
    world.tell("device 24576 0", "device 8192 0", "fail 0 all 15")
    gpu = Gpu()
    assert [d.name for d in gpu.devices] == ["Stub 1"]


def test_a_device_lost_while_running_is_told_and_logged_once(world: World) -> None:
    world.tell("device 24576 0")
    gpu = Gpu()
    world.tell("device 24576 0", "fail 0 all 15")
    with capture_logs() as logs:
        readings = [gpu.read(0) for _ in range(3)]
    assert {(r.free_mb, r.utilisation_percent, r.temperature_c) for r in readings} == {(None, None, None)}
    assert readings[0].problem == "GPU is lost"
    assert len(logs) == 3, "one line for each kind of question"
    world.tell("device 24576 500")
    assert gpu.read(0).free_mb == 24076


def test_what_the_driver_cannot_tell_is_left_open(world: World) -> None:
    world.tell("device 24576 0", "fail 0 load 3", "fail 0 temperature 4")
    reading = Gpu().read(0)
    assert (reading.free_mb, reading.utilisation_percent, reading.temperature_c) == (24576, None, None)
    assert reading.problem == ""


def test_a_workers_memory_is_the_drivers_word_on_its_process(world: World) -> None:
    world.tell("device 24576 0", "device 8192 0")
    footprint = Footprint(Gpu(), (0, 1))
    world.add(f"process 0 {ME} 3000", f"process 1 {ME} 1000", "process 0 1 7000")
    assert footprint.measure(ME, 0) == (3000, 1000)


@pytest.mark.parametrize("missing", ["process 0 1 900", "fail 0 processes 13", "fail 0 processes 4"])
def test_without_word_on_the_process_the_difference_counts(world: World, missing: str) -> None:
    """In a container the driver knows other process numbers, or refuses the question."""
    world.tell("device 24576 100")
    footprint = Footprint(Gpu(), (0,))
    taken = 0 if missing.startswith("process") else 900
    world.tell(f"device 24576 {100 + taken}", missing)
    assert footprint.measure(ME, 0) == (900,)


def test_without_a_device_the_hosts_memory_counts(world: World) -> None:
    world.tell("init 12")
    footprint = Footprint(Gpu(), ())
    assert footprint.measure(ME, 5 * 2**20 + 1) == (6,)
    assert footprint.is_returned


def test_memory_is_back_when_the_device_says_so(world: World) -> None:
    world.tell("device 24576 0")
    footprint = Footprint(Gpu(), (0,))
    world.add(f"process 0 {ME} 4000")
    footprint.measure(ME, 0)
    assert not footprint.is_returned
    world.tell("device 24576 900")
    assert footprint.is_returned, "somebody else took a little meanwhile"


async def test_a_device_that_keeps_the_memory_is_not_waited_for_for_ever(world: World) -> None:
    world.tell("device 24576 0")
    footprint = Footprint(Gpu(), (0,))
    world.add(f"process 0 {ME} 4000")
    footprint.measure(ME, 0)
    began_s = time.monotonic()
    async with asyncio.timeout(30):
        await footprint.wait_returned()
    assert time.monotonic() - began_s >= 2
    assert not footprint.is_returned


async def test_a_device_lost_with_its_worker_is_not_waited_for(world: World) -> None:
    world.tell("device 24576 0")
    footprint = Footprint(Gpu(), (0,))
    world.add(f"process 0 {ME} 4000")
    footprint.measure(ME, 0)
    world.add("fail 0 all 15")
    assert footprint.is_returned
