"""The models in memory: their instances, what they hold, and how they come and go.

Memory is booked before a worker is spawned, corrected when it is measured, and given back when the worker is
reaped and its devices have it again. Who comes and who has to go for it is decided in `room.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlnode.actions import Action, EndWorker, SpawnWorker
from mlnode.catalog import ModelFile
from mlnode.estimate import compute_estimate
from mlnode.instance import EndReason, Fingerprint, Instance, InstanceState, LoadParams, Step
from mlnode.ledger import Ledger, Shares
from mlnode.placement import compute_net

LINGER_MS = 2_000
"""A reaped worker's memory counts as free after this, whatever its devices say: they may be others' now."""


@dataclass(slots=True)
class Residents:
    """All instances and the ledger."""

    ledger: Ledger
    instances: dict[str, Instance] = field(default_factory=dict)
    learned_mb: dict[tuple[str, LoadParams], int] = field(default_factory=dict)
    """Largest measured memory of a model with these parameters, without the devices' overhead."""
    probed_mb: dict[tuple[str, LoadParams], int] = field(default_factory=dict)
    """The same by llama.cpp's own reckoning, without a load."""
    lingering: dict[int, int] = field(default_factory=dict)
    """Reaped workers whose memory the devices do not have back yet, and until when to wait for it."""
    next_worker: int = 1
    loads_total: int = 0
    evictions_total: int = 0
    _estimates_mb: dict[tuple[str, LoadParams], int] = field(default_factory=dict)

    def get(self, model: str, params: LoadParams) -> Instance:
        """The instance of a model, made when it is asked for the first time."""
        instance = self.instances.get(model)
        if instance is None:
            instance = self.instances[model] = Instance(model, params)
        return instance

    def find_worker(self, model: str, worker: int) -> Instance | None:
        """The instance whose present worker this is; None for news of a worker long gone."""
        instance = self.instances.get(model)
        return instance if instance and instance.worker == worker and instance.resident else None

    def resident(self) -> Iterator[Instance]:
        return (instance for instance in self.instances.values() if instance.resident)

    def compute_need_mb(self, file: ModelFile, params: LoadParams) -> int:
        """What to reserve besides the devices' overhead: what the probe said, or the header's estimate until
        it has; what an earlier load was measured at when that is more."""
        key = (file.id, params)
        exact_mb = self.probed_mb.get(key) or self.compute_formula_mb(file, params)
        return max(exact_mb, self.learned_mb.get(key, 0))

    def compute_formula_mb(self, file: ModelFile, params: LoadParams) -> int:
        """The header's estimate alone."""
        key = (file.id, params)
        if key not in self._estimates_mb:
            self._estimates_mb[key] = self._estimate_mb(file, params)
        return self._estimates_mb[key]

    def _estimate_mb(self, file: ModelFile, params: LoadParams) -> int:
        assert file.header is not None
        estimate = compute_estimate(
            file.header,
            params.n_ctx,
            params.slots,
            params.n_ubatch,
            file.size_bytes,
            params.kv_type,
            params.prefix_cache_mb,
        )
        gpus = any(device.gpu is not None for device in self.ledger.devices)
        on_gpu = gpus and params.n_gpu_layers != 0
        return estimate.compute_gpu_mb(params.n_gpu_layers) if on_gpu else estimate.total_mb

    def note_sized(self, model: str, params: LoadParams, probed_mb: int, measured_mb: int) -> None:
        """More is known of a file than its header says. What is loaded keeps what it holds."""
        key = (model, params)
        if probed_mb:
            self.probed_mb[key] = probed_mb
        if measured_mb:
            self.learned_mb[key] = max(self.learned_mb.get(key, 0), measured_mb)

    def compute_rooms(self, model: str, pinned: Iterable[str]) -> list[int]:
        """What could be given to a model on each device if everything but the pinned ones went."""
        rooms = [device.room_mb for device in self.ledger.devices]
        for other in pinned:
            if other != model and other in self.instances and self.instances[other].staying:
                shares = self.ledger.share_of(self.instances[other].worker)
                rooms = list(map(int.__sub__, rooms, shares))
        return rooms

    def compute_room_mb(self, model: str, pinned: Iterable[str]) -> int:
        """The largest model that could ever be placed there, spread over all devices if need be."""
        return sum(compute_net(self.ledger.devices, self.compute_rooms(model, pinned)))

    def load(self, file: ModelFile, params: LoadParams, shares: Shares, now_ms: int) -> SpawnWorker:
        """Reserve memory, and spawn."""
        instance = self.get(file.id, params)
        instance.step(Step.LOAD)
        instance.params, instance.fingerprint = params, file.fingerprint
        instance.worker, self.next_worker = self.next_worker, self.next_worker + 1
        instance.loading_since_ms = instance.load_progress_ms = now_ms
        instance.measured_mb = instance.steps = instance.load_permille = 0
        instance.given_up, instance.leaving, instance.expired = "", None, False
        self.ledger.reserve(instance.worker, shares)
        self.loads_total += 1
        parts = self._parts(shares)
        on = [device for device, mb in zip(self.ledger.devices, shares, strict=True) if mb]
        gpus = tuple(device.gpu for device in on if device.gpu is not None)
        ratio = tuple(part / sum(parts) for part in parts if part) if len(gpus) > 1 else ()
        return SpawnWorker(file.id, instance.worker, file.path, params, params.n_threads, gpus, ratio)

    def _parts(self, shares: Shares) -> list[int]:
        """The model's part of a worker's shares."""
        return compute_net(self.ledger.devices, shares)

    def note_loaded(
        self, instance: Instance, measured_mb: int, device_mb: tuple[int, ...], now_ms: int
    ) -> list[Action]:
        """The model answers. Should it take more than is free beside its reservation, it is ended and comes
        back with the right reservation."""
        held = self.ledger.share_of(instance.worker)
        measured = _spread(held, measured_mb, device_mb)
        parts, taken = self._parts(held), self._parts(measured)
        self._learn(instance, sum(taken))
        instance.measured_mb = measured_mb
        if instance.state is not InstanceState.LOADING or instance.given_up:
            return []
        if not self.ledger.grow(instance.worker, measured):
            need_mb = sum(parts)
            on = [index for index, part in enumerate(parts) if part]
            self._learn(instance, max(-(-taken[index] * need_mb // parts[index]) for index in on))
            return [self.end(instance, EndReason.OUTGROWN)]
        instance.note_load(now_ms)
        return []

    def _learn(self, instance: Instance, need_mb: int) -> None:
        key = (instance.model, instance.params)
        self.learned_mb[key] = max(self.learned_mb.get(key, 0), need_mb)

    def note_exited(self, instance: Instance, why: str, memory_is_back: bool, now_ms: int) -> None:
        """The worker is reaped. Unless it was told to go, that was a crash."""
        crashed = instance.state is not InstanceState.ENDING
        instance.step(Step.EXITED)
        instance.active.clear()
        self.lingering[instance.worker] = now_ms if memory_is_back else now_ms + LINGER_MS
        self.release(instance.worker if memory_is_back else 0, now_ms)
        if crashed:
            instance.note_crash(instance.given_up or why, now_ms)
        instance.given_up, instance.leaving = "", None

    def release(self, worker: int, now_ms: int) -> None:
        """Give back what a reaped worker held, and what others still hold after their time."""
        over = [gone for gone, until_ms in self.lingering.items() if gone == worker or until_ms <= now_ms]
        for gone in over:
            del self.lingering[gone]
            self.ledger.release(gone)

    def end(self, instance: Instance, reason: EndReason, force: bool = False) -> EndWorker:
        """Tell a worker to go; its memory stays reserved until it is reaped."""
        loading = instance.state is InstanceState.LOADING
        instance.step(Step.END)
        instance.expired = reason is EndReason.IDLE
        self.evictions_total += reason is EndReason.ROOM
        return EndWorker(instance.model, instance.worker, reason, force or loading)

    def end_all(self, but: set[str], reason: EndReason) -> list[Action]:
        """Tell every worker to go except those of some models."""
        leaving = [i for i in self.resident() if i.state is not InstanceState.ENDING and i.model not in but]
        return [self.end(instance, reason) for instance in leaving]

    def leave(self, instance: Instance, reason: EndReason) -> list[Action]:
        """Have a worker answer what it has, and go; at once when it has nothing or still loads."""
        if not instance.staying:
            return []
        instance.leaving = reason
        if not instance.active:
            return [self.end(instance, reason)]
        if instance.state is InstanceState.READY:
            instance.step(Step.CLOSE_GATE)
        return []

    def end_left(self) -> Iterator[Action]:
        """End those that have answered what they had."""
        for instance in self.instances.values():
            if instance.leaving and instance.state is InstanceState.DRAINING and not instance.active:
                yield self.end(instance, instance.leaving)

    def give_up(self, instance: Instance, why: str, reason: EndReason, now_ms: int) -> EndWorker:
        """Kill, and let the exit count as a crash. Nothing new goes to it."""
        instance.given_up = why
        if instance.state is InstanceState.READY:
            instance.step(Step.CLOSE_GATE)
        instance.load_progress_ms = instance.progress_ms = instance.beat_ms = now_ms
        return EndWorker(instance.model, instance.worker, reason, force=True)

    def forget(self, model: str, fingerprint: Fingerprint) -> None:
        """The file is another one now: nothing that was learned of the one before holds."""
        for known in (self.learned_mb, self.probed_mb, self._estimates_mb):
            for key in [key for key in known if key[0] == model]:
                del known[key]
        if instance := self.instances.get(model):
            instance.take_file(fingerprint)


def _spread(held: Shares, measured_mb: int, device_mb: tuple[int, ...]) -> Shares:
    """What was measured, on each device of the ledger: like the reservation where it is told as a whole."""
    on = [index for index, mb in enumerate(held) if mb]
    if len(device_mb) != len(on):
        device_mb = tuple(-(-measured_mb * held[index] // sum(held)) for index in on)
    found = dict(zip(on, device_mb, strict=True))
    return tuple(found.get(index, 0) for index in range(len(held)))
