"""What systemd is told of the node (sd_notify): ready, reloading, stopping, and that its loop still turns.

Datagrams to the socket that NOTIFY_SOCKET names; nothing at all where there is none. The watchdog is fed by
the very loop that serves requests and moves workers: one that hangs feeds nobody, and systemd ends the node.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, MutableMapping


class Notifier:
    """Talks to the service manager. Takes its variables out of the environment: they are not for workers."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        usec, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        meant = usec.isdecimal() and pid in ("", str(os.getpid()))
        self.watchdog_s = int(usec) / 1_000_000 if meant else 0.0
        """A loop that is silent for longer counts as hung; 0: nobody watches."""
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, *lines: str) -> None:
        """Send these assignments as one message. A manager that does not listen is no reason to fail."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode(), address)

    @contextlib.contextmanager
    def serving(self, describe: Callable[[], str]) -> Iterator[None]:
        """Ready from here on. `describe` says in a line what the node does, at every feeding."""
        self.tell("READY=1", f"STATUS={describe()}")
        self._feed(describe)
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def tell_reloading(self) -> None:
        """Settings are being read again; `tell("READY=1")` ends it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def tell_stopping(self, within_s: float) -> None:
        """The node ends, within this time."""
        self.tell("STOPPING=1", "STATUS=draining", f"EXTEND_TIMEOUT_USEC={round(within_s * 1_000_000)}")

    def _feed(self, describe: Callable[[], str]) -> None:
        """Twice as often as is asked for, on the loop itself."""
        if self.watchdog_s:
            self.tell("WATCHDOG=1", f"STATUS={describe()}")
            delay_s = self.watchdog_s / 2
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._feed, describe)
