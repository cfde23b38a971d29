"""From a `Load` frame to a model that llama.cpp has opened, or to the reason why not. Without numpy."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlnode.contexts import KV_BLOCKS, KvType
from mlnode.gguf import GgufError, Header, read_header
from mlnode.io.callbacks import EngineLog
from mlnode.io.frames import Frame, Load, Open, Progress
from mlnode.io.host import read_resident_bytes
from mlnode.io.model import EngineError, Model

SLOTS_MAX = 64
THREADS_MAX = 512
PROGRESS_EVERY_S = 0.1
UBATCH_MIN, UBATCH_MAX = 8, 4096
"""A prompt cut into pieces of fewer than 8 rows would take other kernels than the whole."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A model without a context. Its weights are mapped: their pages are the kernel's to take back."""

    order: Open
    file: tuple[int, int, int, int]
    """Device, inode, size and time of change of the file that was opened."""
    header: Header
    model: Model
    libraries_bytes: int
    """Resident pages of files before there was a model."""

    def is_asked_for_by(self, order: Load) -> bool:
        """Whether opening the model of this order again would make no difference."""
        mapped = order.use_mmap and not order.n_gpu_layers
        same = order.path == self.order.path and order.check_tensors == self.order.check_tensors
        return mapped and same and _identify(Path(order.path)) == self.file


def open_ahead(order: Open, log: EngineLog) -> Opened | None:
    """Open a model for a `Load` that may come; None where it cannot be opened."""
    path = Path(order.path)
    _, libraries_bytes = read_resident_bytes()
    file = _identify(path)
    try:
        header = read_model_header(path)
        model = Model(path, n_gpu_layers=0, use_mmap=True, check_tensors=order.check_tensors, log=log)
    except EngineError as error:
        print(f"{path} was not opened ahead: {error}", flush=True)
        log.forget()
        return None
    return Opened(order, file, header, model, libraries_bytes)


def _identify(path: Path) -> tuple[int, int, int, int]:
    """Zeros for a file that is not there."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def open_model(
    order: Load,
    log: EngineLog,
    reply: Callable[[Frame], None],
    opened: Opened | None,
    meanwhile: Callable[[], None],
) -> Opened:
    """The model that is asked for; `opened` ahead is used or closed. `meanwhile` is called when all that is
    left is llama.cpp's own load, which holds no interpreter lock. Raises `EngineError` with a `LoadFailed`
    code."""
    _check_parameters(order)
    if opened is not None:
        if opened.is_asked_for_by(order):
            check_kv_type(opened.header, order.kv_type)
            return opened
        opened.model.close()
    return _open(order, log, reply, meanwhile)


def _open(
    order: Load, log: EngineLog, reply: Callable[[Frame], None], meanwhile: Callable[[], None]
) -> Opened:
    if order.devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(order.devices)  # read when the first model is opened
    path = Path(order.path)
    _, libraries_bytes = read_resident_bytes()
    file = _identify(path)
    header = read_model_header(path)
    check_kv_type(header, order.kv_type)
    meanwhile()
    model = Model(
        path,
        n_gpu_layers=order.n_gpu_layers,
        use_mmap=order.use_mmap,
        check_tensors=order.check_tensors,
        log=log,
        tensor_split=order.tensor_split,
        progress=_throttled(reply),
    )
    return Opened(
        Open(path=order.path, check_tensors=order.check_tensors), file, header, model, libraries_bytes
    )


def _throttled(reply: Callable[[Frame], None]) -> Callable[[float], None]:
    """Tell how far the load is, not more often than is of use."""
    due = 0.0

    def tell(part: float) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + PROGRESS_EVERY_S
            reply(Progress(permille=int(1000 * part)))

    return tell


def _check_parameters(order: Load) -> None:
    faults = (
        (not 1 <= order.slots <= SLOTS_MAX, f"slots must be between 1 and {SLOTS_MAX}"),
        (not 1 <= order.n_ctx <= 2**24, "n_ctx must be between 1 and 16,777,216"),
        (not UBATCH_MIN <= order.n_ubatch <= UBATCH_MAX, f"n_ubatch must be {UBATCH_MIN} to {UBATCH_MAX}"),
        (not 1 <= order.n_threads <= THREADS_MAX, f"n_threads must be between 1 and {THREADS_MAX}"),
    )
    for wrong, text in faults:
        if wrong:
            raise EngineError("BAD_PARAMETERS", text)


def check_kv_type(header: Header, kv_type: KvType) -> None:
    """A head's keys and values are whole blocks, or it is refused with `BAD_PARAMETERS`."""
    block, _ = KV_BLOCKS[kv_type]
    if header.key_length % block or header.value_length % block:
        raise EngineError(
            "BAD_PARAMETERS",
            f"heads of {header.key_length} and {header.value_length} elements are no whole blocks of"
            f" {kv_type}; take --kv-type f16",
        )


def read_model_header(path: Path) -> Header:
    """The header, or the reason why the file is no model that can be loaded."""
    try:
        with path.open("rb") as file:
            return read_header(file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError as error:
        raise EngineError("FILE_MISSING", f"there is no file {path}") from error
    except OSError as error:
        raise EngineError("FILE_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    except GgufError as error:
        raise EngineError(error.code, error.text) from error
