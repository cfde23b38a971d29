"""A worker: the process that owns llama.cpp for one model. `entry.py` is where it begins.

It waits for `Load` as long as it takes and says nothing before: a worker may be prepared ahead. Two threads.
The I/O thread reads orders from the socket, puts them into an inbox, sets the abort flag at once where an
order makes running work pointless, and sends a heartbeat every second. The engine thread takes the orders
between two decodes and owns everything else. The end of the socket, the parent's death and `Stop` end the
process; it always leaves by `os._exit`, because tearing down a GPU back end may hang.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlnode.io.callbacks import MINING, AbortFlag, EngineLog
from mlnode.io.connection import Connection
from mlnode.io.frames import (
    BrokenFrame,
    Cancel,
    Embed,
    FrontFrame,
    Heartbeat,
    Hold,
    Load,
    LoadFailed,
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
from mlnode.io.model import EngineError, Model
from mlnode.io.opening import THREADS_MAX, Opened, open_ahead, open_model

if TYPE_CHECKING:
    from mlnode.io.embedding import EmbedWork
    from mlnode.io.engine import Engine
    from mlnode.io.poc_engine import PocEngine
    from mlnode.io.poc_work import PocWork

REST = ("mlnode.io.loading", "mlnode.io.embedding", "mlnode.io.poc_work", "mlnode.io.poc_engine")
"""What works on an opened model. It brings numpy, and is imported while llama.cpp opens the model."""

EXIT_OK, EXIT_BROKEN_FRAME, EXIT_LOAD_FAILED, EXIT_ENGINE = 0, 2, 3, 4
"""Exit statuses: told to end; the front sent no frame of ours; `LoadFailed` was sent; llama.cpp failed."""

HEARTBEAT_S = 1.0
AHEAD_S = 0.1
"""A worker that has no order for so long was prepared ahead."""


class Worker:
    """The state that both threads see: an inbox, an abort flag, counters to read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox: queue.SimpleQueue[FrontFrame] = queue.SimpleQueue()
        self._abort = AbortFlag()
        self._log = EngineLog()
        self._engine: Engine | None = None
        self._poc_engine: PocEngine | None = None
        self._poc: PocWork | None = None
        self._embed: EmbedWork | None = None
        self._n_threads = 1

    # --- the I/O thread ---------------------------------------------------------------------------------

    def read_orders(self) -> None:
        """Until the end of the process."""
        try:
            self._read_orders()
        except BrokenFrame as error:
            print(f"the front sent no frame: {error}", flush=True)
            os._exit(EXIT_BROKEN_FRAME)

    def _read_orders(self) -> None:
        due: float | None = None
        while True:
            left_s = None if due is None else max(0.0, due - time.monotonic())
            orders = self._connection.receive(left_s)
            if orders is None:
                os._exit(EXIT_OK)
            for order in orders:
                self._interrupt(order)
                if isinstance(order, Submit | Tokenize) and self._engine is not None:
                    self._engine.write_ahead(order)
                self._inbox.put(order)
                if not isinstance(order, Open):  # nobody reads what a prepared worker says
                    due = due or time.monotonic() + HEARTBEAT_S
            if due is not None and time.monotonic() >= due:
                self._connection.send(self._heartbeat())
                due = time.monotonic() + HEARTBEAT_S

    def _interrupt(self, order: FrontFrame) -> None:
        """Set the abort flag for what the order makes pointless."""
        match order:
            case Cancel():
                self._abort.cancel(order.request_id)
            case PocStop():
                self._abort.cancel(MINING)
            case Stop():
                self._abort.cancel_all()

    def _heartbeat(self) -> Heartbeat:
        engine, poc, poc_engine, embed = self._engine, self._poc, self._poc_engine, self._embed
        steps = (engine.steps if engine else 0) + (poc_engine.steps if poc_engine else 0)
        return Heartbeat(
            steps=steps + (embed.steps if embed else 0),
            active=(engine.n_active if engine else 0) + (embed.n_jobs if embed else 0),
            waiting=engine.n_waiting if engine else 0,
            poc=poc.has_work if poc else False,
        )

    # --- the engine thread ------------------------------------------------------------------------------

    def work(self) -> int:
        """Load, then serve until told to stop; the exit status."""
        order, opened = self._await_load()
        if isinstance(order, Stop):
            return EXIT_OK
        if not isinstance(order, Load):
            return EXIT_BROKEN_FRAME
        try:
            engine, poc, embed = self._load(order, opened)
        except EngineError as error:
            self._connection.send(LoadFailed(code=error.code, text=error.text))
            return EXIT_LOAD_FAILED
        try:
            self._serve(engine, poc, embed)
        except EngineError as error:
            print(f"the engine failed: {error}", flush=True)
            return EXIT_ENGINE
        return EXIT_OK

    def _await_load(self) -> tuple[FrontFrame, Opened | None]:
        """The first order but `Open`, and what that opened. A worker that is prepared ahead imports meanwhile
        what only some models need."""
        opened: Opened | None = None
        try:
            order = self._inbox.get(timeout=AHEAD_S)
        except queue.Empty:
            _import(*REST, "mlnode.io.sandbox")
            order = self._inbox.get()
        while isinstance(order, Open):
            opened = opened or open_ahead(order, self._log)
            order = self._inbox.get()
        return order, opened

    def _serve(self, engine: Engine, poc: PocWork, embed: EmbedWork) -> None:
        """Orders first; then answers and what is computed beside them (vectors before PoC), which share the
        time equally when both have work."""
        ahead_s = 0.0
        idle = True
        while self._take_orders(engine, poc, embed, wait=idle):
            started = time.monotonic()
            beside: EmbedWork | PocWork = embed if embed.has_work else poc
            if engine.has_work and (ahead_s <= 0.0 or not beside.has_work):
                engine.step()
                ahead_s += time.monotonic() - started
            elif beside.has_work:
                beside.run_once()
                ahead_s -= time.monotonic() - started
            besides = poc.has_work or embed.has_work
            if not (engine.has_work and besides):
                ahead_s = 0.0
            idle = not (engine.has_work or besides)

    def _take_orders(self, engine: Engine, poc: PocWork, embed: EmbedWork, *, wait: bool) -> bool:
        """Everything in the inbox; False after `Stop`."""
        while True:
            try:
                order = self._inbox.get(block=wait)
            except queue.Empty:
                return True
            wait = False
            if isinstance(order, Stop):
                poc.stop()
                engine.cancel_all()
                embed.cancel_all()
                engine.leave_behind()
                return False
            self._obey(order, engine, poc, embed)

    def _obey(self, order: FrontFrame, engine: Engine, poc: PocWork, embed: EmbedWork) -> None:
        match order:
            case Submit():
                engine.submit(order)
            case Embed():
                embed.submit(order)
            case Cancel():
                engine.cancel(order.request_id)
                poc.cancel(order.request_id)
                embed.cancel(order.request_id)
            case Hold():
                engine.hold(order.request_id, True)
            case Resume():
                engine.hold(order.request_id, False)
            case Tokenize():
                engine.tokenize(order)
            case SetThreads():
                self._set_threads(order.n_threads, engine, embed)
            case PocStart():
                poc.start(order)
            case PocStop():
                poc.stop()
            case PocValidate():
                poc.validate(order)
            case _:
                raise EngineError("ENGINE", f"{type(order).__name__} is not an order for a loaded worker")

    def _set_threads(self, n_threads: int, engine: Engine, embed: EmbedWork) -> None:
        self._n_threads = max(1, min(n_threads, THREADS_MAX))
        engine.set_threads(self._n_threads)
        embed.set_threads(self._n_threads)
        if self._poc_engine is not None:
            self._poc_engine.set_threads(self._n_threads)

    def _load(self, order: Load, opened: Opened | None) -> tuple[Engine, PocWork, EmbedWork]:
        self._n_threads = order.n_threads
        send = self._connection.send
        started = time.monotonic()
        imports = threading.Thread(target=_import, args=REST, name="imports", daemon=True)
        opened = open_model(order, self._log, send, opened, imports.start)
        if imports.ident is not None:  # two threads must not import the same modules at once
            imports.join()
        from mlnode.io.embedding import EmbedWork
        from mlnode.io.loading import start_engine
        from mlnode.io.poc_work import PocWork

        model = opened.model
        self._engine, loaded = start_engine(order, opened, self._log, self._abort, send, started)
        send(loaded)
        self._embed = EmbedWork(
            model,
            self._abort,
            send,
            self._close_poc,
            n_ctx=loaded.n_ctx,
            n_threads=order.n_threads,
        )
        embed = self._embed
        self._poc = PocWork(lambda: self._open_poc(model, order, embed), self._abort, send)
        return self._engine, self._poc, embed

    def _close_poc(self) -> None:
        """Vectors take its memory."""
        if self._poc_engine is not None:
            self._poc_engine.close()
            self._poc_engine = None

    def _open_poc(self, model: Model, order: Load, embed: EmbedWork) -> PocEngine:
        from mlnode.io.poc_engine import PocEngine

        if self._poc_engine is None:
            embed.close()
            kept = Path(order.cache_dir) if order.cache_dir else None
            self._poc_engine = PocEngine(model, Path(order.path), kept, self._abort, self._n_threads)
        return self._poc_engine


def run(fd: int) -> None:
    """Work for the front at the other end of this socket. Never returns."""
    worker = Worker(Connection(fd))
    threading.Thread(target=worker.read_orders, name="orders", daemon=True).start()
    status = EXIT_ENGINE
    try:
        status = worker.work()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _import(*names: str) -> None:
    """What fails here fails again, with its reason, where it is needed."""
    with contextlib.suppress(ImportError):
        for name in names:
            importlib.import_module(name)
