"""What the front and a worker say to each other: length-prefixed msgpack frames over a Unix socket pair.

A frame is four bytes, the body's length, big-endian, and the body: one msgpack map whose key `type` names
one of the structs in `orders.py` (front to worker) or `replies.py` (worker to front). Both sides decode
strictly: an unknown type, a wrong field or a body above `FRAME_BYTES_MAX` is a `BrokenFrame`, after which the
connection is of no use and the worker is ended.

One worker serves one model. Its life: `Open` where it is prepared ahead; `Load` -> `Loaded` or `LoadFailed`
(then it exits); after that any number of `Submit`, `Poc...`, `Tokenize`; at last `Stop`, or the socket's end,
which means the same without ceremony. Requests are named by the front with an integer that it never uses
twice on one worker.
"""

import struct
from collections.abc import Iterator

import msgspec

from mlnode.io.frame import Frame
from mlnode.io.orders import (
    Cancel,
    ChatCall,
    ChatMessage,
    ChatTool,
    Embed,
    FrontFrame,
    Hold,
    Load,
    Open,
    PocStart,
    PocStop,
    PocValidate,
    Resume,
    SetThreads,
    Stop,
    Submit,
    Tokenize,
)
from mlnode.io.replies import (
    Delta,
    Done,
    Embedded,
    FinishReason,
    Heartbeat,
    Loaded,
    LoadFailed,
    PocBatch,
    PocFailed,
    PocStarted,
    PocValidated,
    Position,
    Progress,
    RequestFailed,
    Step,
    Tokenized,
    TokenLogprob,
    WorkerFrame,
)

__all__ = [
    "FRAME_BYTES_MAX",
    "BrokenFrame",
    "Cancel",
    "ChatCall",
    "ChatMessage",
    "ChatTool",
    "Delta",
    "Done",
    "Embed",
    "Embedded",
    "FinishReason",
    "Frame",
    "FrameBuffer",
    "FrontFrame",
    "Heartbeat",
    "Hold",
    "Load",
    "LoadFailed",
    "Loaded",
    "Open",
    "PocBatch",
    "PocFailed",
    "PocStart",
    "PocStarted",
    "PocStop",
    "PocValidate",
    "PocValidated",
    "Position",
    "Progress",
    "RequestFailed",
    "Resume",
    "SetThreads",
    "Step",
    "Stop",
    "Submit",
    "TokenLogprob",
    "Tokenize",
    "Tokenized",
    "WorkerFrame",
    "decode_front",
    "decode_worker",
    "encode",
]

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of one body. A prompt of a million tokens is about 5 MB; anything near this is a mistake."""

_encoder = msgspec.msgpack.Encoder()
_front_decoder: msgspec.msgpack.Decoder[FrontFrame] = msgspec.msgpack.Decoder(FrontFrame)
_worker_decoder: msgspec.msgpack.Decoder[WorkerFrame] = msgspec.msgpack.Decoder(WorkerFrame)
_LENGTH = struct.Struct(">I")


class BrokenFrame(ValueError):
    """The other side sent something that is no frame of this protocol."""


def encode(frame: Frame) -> bytes:
    """The frame as bytes for the wire, length included. Refuses a body above `FRAME_BYTES_MAX`."""
    body = _encoder.encode(frame)
    if len(body) > FRAME_BYTES_MAX:
        raise BrokenFrame(f"a {type(frame).__name__} frame of {len(body)} bytes is above the limit")
    return _LENGTH.pack(len(body)) + body


class FrameBuffer:
    """Bytes in as they arrive, whole bodies out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what was read; yield every body that is now complete."""
        self._buffer += data
        while (end := self._end()) is not None:
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield body

    def _end(self) -> int | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > FRAME_BYTES_MAX:
            raise BrokenFrame(f"a frame announces {length} bytes, the limit is {FRAME_BYTES_MAX}")
        end = _LENGTH.size + int(length)
        return end if len(self._buffer) >= end else None


def decode_front(body: bytes) -> FrontFrame:
    """What the front sent, for the worker."""
    try:
        return _front_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BrokenFrame(str(error)) from error


def decode_worker(body: bytes) -> WorkerFrame:
    """What the worker sent, for the front."""
    try:
        return _worker_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise BrokenFrame(str(error)) from error
