"""The worker's end of the socket to the front."""

import os
import select
import socket
import threading

from mlnode.io.frames import Frame, FrameBuffer, FrontFrame, decode_front, encode

EXIT_FRONT_GONE = 0
"""Exit status when the front is gone: nobody is left to be told anything else."""

_READ_BYTES = 64 * 1024


class Connection:
    """The worker's end of the socket. Sending is for both threads, receiving for one."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._lock = threading.Lock()
        self._buffer = FrameBuffer()

    def send(self, frame: Frame) -> None:
        """Send, waiting for room. A front that is gone ends the process."""
        try:
            with self._lock:
                self._socket.sendall(encode(frame))
        except OSError:
            os._exit(EXIT_FRONT_GONE)

    def receive(self, timeout_s: float | None) -> list[FrontFrame] | None:
        """Orders that arrived within the time (None: any); None when the front has closed its end."""
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        if not ready:
            return []
        try:
            data = self._socket.recv(_READ_BYTES)
        except ConnectionError:
            return None
        return [decode_front(body) for body in self._buffer.feed(data)] if data else None
