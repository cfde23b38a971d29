"""From an opened model to an engine that has decoded its first token."""

import time
from collections.abc import Callable
from pathlib import Path

from mlnode.contexts import serving_context
from mlnode.estimate import MIB, compute_cache_bytes, compute_kv_bytes
from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.engine import Engine
from mlnode.io.frames import Frame, Load, Loaded
from mlnode.io.host import read_resident_bytes
from mlnode.io.kv_store import KvStore, make_fingerprint
from mlnode.io.model import library, supports_gpu
from mlnode.io.opening import Opened
from mlnode.io.step_times import StepTimes


def start_engine(
    order: Load,
    opened: Opened,
    log: EngineLog,
    abort: AbortFlag,
    reply: Callable[[Frame], None],
    started: float,
) -> tuple[Engine, Loaded]:
    """An engine on the model, and what to tell of both. `started`: when the load began, monotonic seconds.
    Raises `EngineError` with a `LoadFailed` code."""
    header, model = opened.header, opened.model
    path = Path(order.path)
    n_ctx = min(order.n_ctx, model.n_ctx_train or order.n_ctx)
    needed = compute_kv_bytes(header, serving_context(n_ctx, order.slots, order.n_ubatch, order.kv_type))
    file = make_fingerprint(path, library(), n_ctx, order.n_ubatch, order.n_gpu_layers, order.kv_type)
    engine = Engine(
        model,
        abort,
        reply,
        n_ctx=n_ctx,
        slots=order.slots,
        n_ubatch=order.n_ubatch,
        n_threads=order.n_threads,
        kv_type=order.kv_type,
        step_times=StepTimes(Path(order.cache_dir) / f"{file[:40]}.steps" if order.cache_dir else None),
        cache_bytes=compute_cache_bytes(needed, order.prefix_cache_mb),
        store=_open_store(order, file),
        interruptible=not (order.n_gpu_layers and supports_gpu()),
    )
    step_us = engine.warm_up()
    loaded = Loaded(
        name=header.name,
        architecture=header.architecture,
        n_ctx=n_ctx,
        n_ctx_train=model.n_ctx_train,
        slots=order.slots,
        n_vocab=model.n_vocab,
        n_layers=model.n_layers,
        n_embd=model.n_embd,
        has_chat_template=engine.has_chat_template,
        model_bytes=model.size_bytes,
        kv_bytes=log.buffer_bytes("KV") + log.buffer_bytes("RS"),
        compute_bytes=log.buffer_bytes("compute") + log.buffer_bytes("output"),
        rss_bytes=read_resident_bytes()[0] - opened.libraries_bytes,
        load_ms=round((time.monotonic() - started) * 1000),
        step_us=step_us,
    )
    log.forget()
    return engine, loaded


def _open_store(order: Load, file: str) -> KvStore | None:
    if not order.kv_dir or not order.kv_cache_mb:
        return None
    return KvStore(Path(order.kv_dir), order.kv_cache_mb * MIB, file)
