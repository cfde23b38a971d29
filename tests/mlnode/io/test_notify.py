"""What the service manager is told, over a real socket."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlnode.io.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        yield receiver


def environ(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.getsockname(), "PATH": "/bin", **more}


async def hear(manager: socket.socket) -> list[str]:
    return (await asyncio.to_thread(manager.recv, 4096)).decode().split("\n")


async def test_the_variables_are_kept_from_workers(manager: socket.socket) -> None:
    variables = environ(manager, WATCHDOG_USEC="3000000", WATCHDOG_PID=str(os.getpid()))
    notifier = Notifier(variables)
    assert variables == {"PATH": "/bin"}
    assert notifier.watchdog_s == 3.0


@pytest.mark.parametrize("variables", [{}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}])
def test_a_watchdog_for_another_process_is_not_fed(variables: dict[str, str]) -> None:
    assert Notifier(variables).watchdog_s == 0.0


async def test_reloading_tells_since_when(manager: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    Notifier(environ(manager)).tell_reloading()
    first, second = await hear(manager)
    assert first == "RELOADING=1"
    name, _, value = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.monotonic_ns() // 1000


async def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    for variables in ({}, {"NOTIFY_SOCKET": str(tmp_path / "none")}, {"NOTIFY_SOCKET": "@none"}):
        with Notifier(variables).serving(lambda: "idle"):
            pass


async def test_a_loop_that_hangs_feeds_nobody_and_one_that_turns_does(manager: socket.socket) -> None:
    notifier = Notifier(environ(manager, WATCHDOG_USEC="200000"))
    with notifier.serving(lambda: "idle"):
        assert await hear(manager) == ["READY=1", "STATUS=idle"]
        for _ in range(3):
            assert await hear(manager) == ["WATCHDOG=1", "STATUS=idle"]
        time.sleep(1.0)  # the loop hangs for five times as long as the manager waits
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(4096)
            manager.recv(4096)
        manager.settimeout(30)
        assert await hear(manager) == ["WATCHDOG=1", "STATUS=idle"]
