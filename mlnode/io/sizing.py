"""Learns in the background what each model will take, and remembers it over restarts.

Files that lie in the folder are probed one after the other while the node has nothing to do, never beside a
load. What the probe says and what workers were measured at is kept in the cache by file (inode, size, time of
change), parameters, devices and version of the library: none of it holds for another one. A probe that fails
says nothing about a model: the estimate then stays what it was.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import structlog

import mlnode
from mlnode.catalog import ModelFile
from mlnode.events import Event, Sized
from mlnode.instance import InstanceState, LoadParams
from mlnode.io.gpu import CONTEXT_MB, Gpu
from mlnode.io.prober import ProbeFailed, Prober, Question, describe_parts
from mlnode.scheduler import Scheduler

QUIET_S = 1.0
"""The node has to have had nothing to do for this long."""
LOOK_S = 3600.0

_log = structlog.get_logger("mlnode.sizing")
Key = tuple[tuple[int, int, int], LoadParams]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one file with these parameters, MiB; 0: nothing."""

    probed_mb: int = 0
    measured_mb: int = 0


class Sizer:
    """Posts `Sized` for what it learns or remembers."""

    def __init__(
        self, scheduler: Scheduler, gpu: Gpu, cache_dir: Path, post: Callable[[Event], None]
    ) -> None:
        self._scheduler = scheduler
        self._gpu = gpu
        self._folder = cache_dir / "sizes"
        self._post = post
        self._known: dict[Key, Record] = {}
        self._prober = Prober()

    def recall(self, files: Iterable[ModelFile]) -> None:
        """Post what is remembered of these files."""
        for file in files:
            key = self._key(file)
            if file.header is None or key in self._known:
                continue
            record = self._read(key)
            if record is not None:
                self._tell(file, key, record)

    async def run(self, until: Callable[[Callable[[], bool], float], Awaitable[bool]]) -> None:
        """Probe and remember whenever the node is quiet, until cancelled. `until` waits for a condition that
        is looked at after every event."""
        try:
            while True:
                if await until(self._may_work, LOOK_S):
                    await asyncio.sleep(QUIET_S)
                    if self._may_work():
                        await self._work()
        finally:
            self._prober.close()

    async def _work(self) -> None:
        for file in list(self._learned()):
            key = self._key(file)
            self._write(key, msgspec.structs.replace(self._known[key], measured_mb=self._measured_mb(file)))
        unknown = next(self._unknown(), None)
        if unknown is None:
            return
        record = self._read(self._key(unknown))
        if record is None:
            await self._probe(unknown)
        else:
            self._tell(unknown, self._key(unknown), record)

    def _may_work(self) -> bool:
        """Something is to be learned or kept, and nobody waits for anything."""
        scheduler = self._scheduler
        if scheduler.requests.open or scheduler.mission.job or scheduler.draining_until_ms is not None:
            return False
        if any(i.state is InstanceState.LOADING for i in scheduler.residents.instances.values()):
            return False
        return next(self._learned(), None) is not None or next(self._unknown(), None) is not None

    def _unknown(self) -> Iterator[ModelFile]:
        """Files that were not probed with the parameters that hold for them now."""
        for file in self._scheduler.catalog.files.values():
            if self._scheduler.is_loadable(file) and self._key(file) not in self._known:
                yield file

    def _learned(self) -> Iterator[ModelFile]:
        """Files of which more was measured than is kept."""
        for file in self._scheduler.catalog.files.values():
            record = self._known.get(self._key(file))
            if file.header is not None and record and self._measured_mb(file) > record.measured_mb:
                yield file

    def _measured_mb(self, file: ModelFile) -> int:
        params = self._scheduler.load_params(file.id)
        return self._scheduler.residents.learned_mb.get((file.id, params), 0)

    async def _probe(self, file: ModelFile) -> None:
        """A GPU that is nearly full is not touched: the probe makes a context on it for a second."""
        devices = self._gpu.devices
        if any((self._gpu.read_free_mb(device.number) or 0) < 2 * CONTEXT_MB for device in devices):
            await asyncio.sleep(60 * QUIET_S)
            return
        assert file.header is not None
        key, params = self._key(file), self._scheduler.load_params(file.id)
        question = Question(
            path=file.path,
            n_ctx=params.n_ctx,
            slots=params.slots,
            n_ubatch=params.n_ubatch,
            kv_type=params.kv_type,
            n_gpu_layers=params.n_gpu_layers if devices else 0,
            devices=self._gpu.name_devices(range(len(devices))),
        )
        try:
            answer = await asyncio.to_thread(self._prober.ask, question)
        except ProbeFailed as error:
            _log.info("not probed", model=file.id, why=str(error))
            self._known[key] = Record()
            return
        finally:
            self._prober.close()
        parts = describe_parts(answer, file.size_bytes, file.header.n_embd, params.prefix_cache_mb)
        record = Record(probed_mb=parts.total_mb)
        _log.info("probed", model=file.id, need_mb=record.probed_mb)
        self._write(key, record)
        self._tell(file, key, record)

    def _tell(self, file: ModelFile, key: Key, record: Record) -> None:
        self._known[key] = record
        self._post(Sized(file.id, key[0], key[1], record.probed_mb, record.measured_mb))

    def _key(self, file: ModelFile) -> Key:
        return file.fingerprint, self._scheduler.load_params(file.id)

    def _path(self, key: Key) -> Path:
        fingerprint, params = key
        shape = replace(params, n_threads=0)
        devices = tuple(device.uuid for device in self._gpu.devices)
        said = repr((fingerprint, shape, devices, _library(), mlnode.__version__))
        return self._folder / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"

    def _read(self, key: Key) -> Record | None:
        """None where nothing is kept, or what is kept cannot be read."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            return None

    def _write(self, key: Key, record: Record) -> None:
        """Whole or not at all. A cache that cannot be written costs a probe after the next start."""
        self._known[key] = record
        path = self._path(key)
        partial = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(msgspec.json.encode(record))
            partial.replace(path)
        except OSError as error:
            _log.warning("sizes are not kept", folder=str(self._folder), why=error.strerror)


def _library() -> str:
    try:
        return version("llama-cpp-python")
    except PackageNotFoundError:
        return ""
