"""The kernel's notice that something happened in a folder (Linux): a file descriptor that becomes readable.
Forty lines on libc instead of a library: the one that we have (watchfiles) sleeps and looks in a thread of
its own, twenty times a second for as long as the node runs; this one costs nothing until something happens.
"""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_ATTRIB, _CLOSE_WRITE, _MODIFY = 0x4, 0x8, 0x2
_MOVED, _CREATE_DELETE, _SELF, _ONLYDIR = 0xC0, 0x300, 0xC00, 0x01000000
_MASK = _ATTRIB | _CLOSE_WRITE | _MODIFY | _MOVED | _CREATE_DELETE | _SELF | _ONLYDIR


class Inotify:
    """Notices of some folders. Raises `OSError` where the system has none to give."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        begin = getattr(self._libc, "inotify_init1", None)
        if begin is None:
            raise OSError("this system has no inotify")
        self._fd: int = begin(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def watch(self, folders: Iterable[Path]) -> bool:
        """Give notice of these too; what is watched already stays so. False when one cannot be watched."""
        added = [self._libc.inotify_add_watch(self._fd, bytes(folder), _MASK) for folder in folders]
        return min(added, default=-1) >= 0

    async def wait(self, timeout_s: float) -> None:
        """Until there was a notice since the last wait, or the time is up."""
        loop = asyncio.get_running_loop()
        noticed: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._fd, noticed.cancel)
        try:
            await asyncio.wait({noticed}, timeout=timeout_s)
        finally:
            loop.remove_reader(self._fd)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, 64 * 1024):
                pass

    def close(self) -> None:
        os.close(self._fd)
