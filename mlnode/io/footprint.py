"""What one worker takes of its devices, measured after its load, and whether that is back afterwards."""

import asyncio
import time
from collections.abc import Sequence

from mlnode.io.gpu import Gpu
from mlnode.io.host import MIB

POLL_S = 0.05
RETURN_S = 2.0
"""A device that does not have a dead worker's memory back by now will not be waited for."""
RETURNED_PERCENT = 75
"""This much of what the worker took must be free again: others may have grown meanwhile."""


class Footprint:
    """Made before the worker is spawned, so that a difference can be told."""

    def __init__(self, gpu: Gpu, devices: Sequence[int]) -> None:
        self._gpu = gpu
        self._devices = tuple(devices)
        self._before_mb = self._read_free_mb()
        self._loaded_free_mb = self._before_mb
        self._taken_mb: tuple[int, ...] = ()

    def measure(self, pid: int, host_bytes: int) -> tuple[int, ...]:
        """MiB on each device, in the order given; of the host where there is none. By the driver's word on
        the process, or by what is less free than before where it has none; never below an earlier result."""
        taken = self._measure(pid) if self._devices else (-(-host_bytes // MIB),)
        held = self._taken_mb or (0,) * len(taken)
        self._taken_mb = tuple(max(now, before) for now, before in zip(taken, held, strict=True))
        self._loaded_free_mb = self._read_free_mb()
        return self._taken_mb

    def _measure(self, pid: int) -> tuple[int, ...]:
        taken = []
        for number, before_mb in zip(self._devices, self._before_mb, strict=True):
            of_process = self._gpu.measure_process_mb(pid, number)
            free_mb = self._gpu.read_free_mb(number)
            less_free = max(0, before_mb - free_mb) if before_mb is not None and free_mb is not None else 0
            taken.append(less_free if of_process is None else of_process)
        return tuple(taken)

    @property
    def is_returned(self) -> bool:
        """Whether every device has the memory back. A device that does not answer cannot be asked."""
        return all(
            loaded_mb is None or free_mb is None or free_mb - loaded_mb >= taken_mb * RETURNED_PERCENT / 100
            for taken_mb, loaded_mb, free_mb in zip(
                self._taken_mb, self._loaded_free_mb, self._read_free_mb(), strict=False
            )
        )

    async def wait_returned(self) -> None:
        """Until the memory is back, or for `RETURN_S`."""
        until_s = time.monotonic() + RETURN_S
        while not self.is_returned and time.monotonic() < until_s:
            await asyncio.sleep(POLL_S)

    def _read_free_mb(self) -> tuple[int | None, ...]:
        return tuple(self._gpu.read_free_mb(number) for number in self._devices)
