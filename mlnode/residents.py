"""The models in memory: who is loaded, who has to go, and when a worker is given up.

Given a list of claims (models that somebody wants in memory, the most urgent first), `make_room` decides
what to spawn and what to end. It never spawns before the memory is reserved, never reserves what is not
free, never ends a model that is pinned, still loading, or of no help, and drains a busy one only when it
has had its time or the claim is getting old.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mlnode.actions import Action, EndReason, EndWorker, SpawnWorker
from mlnode.catalog import ModelFile
from mlnode.estimate import compute_estimate
from mlnode.instance import Instance, InstanceState, LoadParams, Step
from mlnode.placement import Candidate, Ledger, Outlook, choose_victims

LOAD_MS_MAX = 600_000
"""A load that takes longer is given up: 70 GB from a slow disk take about that."""

STALL_MS = 30_000
"""A worker that has work and makes no step, or says nothing at all, for this long hangs."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody wants a model in memory."""

    file: ModelFile
    params: LoadParams
    urgent_ms: int
    """From this time on busy models are drained for it, whether they have had their time or not."""
    may_evict: bool = True
    preempts: bool = False
    """Busy models are ended at once."""


@dataclass(slots=True)
class Residents:
    """All instances and the ledger. `waits` tells whether requests wait for a model."""

    ledger: Ledger
    waits: Callable[[str], bool]
    instances: dict[str, Instance] = field(default_factory=dict)
    learned_mb: dict[tuple[str, LoadParams], int] = field(default_factory=dict)
    """Largest measured memory of a model with these parameters."""
    next_worker: int = 1
    loads_total: int = 0
    evictions_total: int = 0

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
        """What to reserve: the header's estimate, or what an earlier load was measured at when more."""
        assert file.header is not None
        estimate = compute_estimate(
            file.header, params.n_ctx, params.slots, params.n_ubatch, file.size_bytes, params.kv_type
        )
        return max(estimate.total_mb, self.learned_mb.get((file.id, params), 0))

    def compute_room_mb(self, model: str, pinned: Iterable[str]) -> int:
        """What could be given to a model if everything but the pinned ones went."""
        others = (self.ledger.reserved_mb.get(other, 0) for other in pinned if other != model)
        return self.ledger.room_mb - sum(others)

    def note_loaded(self, instance: Instance, measured_mb: int, now_ms: int) -> list[Action]:
        """The model answers. Should it take more than is free beside its reservation, it is ended and comes
        back with the right reservation."""
        key = (instance.model, instance.params)
        self.learned_mb[key] = max(self.learned_mb.get(key, 0), measured_mb)
        instance.measured_mb = measured_mb
        if instance.state is not InstanceState.LOADING:
            return []
        if not self.ledger.grow(instance.model, measured_mb):
            return [self.end(instance, EndReason.OUTGROWN)]
        instance.step(Step.LOADED)
        instance.load_ms = now_ms - instance.loading_since_ms
        instance.ready_at_ms = instance.last_used_ms = instance.progress_ms = instance.beat_ms = now_ms
        instance.last_error = ""
        return []

    def note_exited(self, instance: Instance, why: str, now_ms: int) -> None:
        """The worker is reaped: its memory is free. Unless it was told to go, that was a crash."""
        crashed = instance.state is not InstanceState.ENDING
        instance.step(Step.EXITED)
        instance.claimed_by = ""
        instance.active.clear()
        self.ledger.release(instance.model)
        if crashed:
            instance.note_crash(instance.given_up or why, now_ms)

    def end(self, instance: Instance, reason: EndReason, force: bool = False) -> EndWorker:
        """Tell a worker to go; its memory stays reserved until it is reaped."""
        loading = instance.state is InstanceState.LOADING
        instance.step(Step.END)
        return EndWorker(instance.model, instance.worker, reason, force or loading)

    def end_all(self, but: set[str], reason: EndReason) -> list[Action]:
        """Tell every worker to go except those of some models."""
        leaving = [i for i in self.resident() if i.state is not InstanceState.ENDING and i.model not in but]
        return [self.end(instance, reason) for instance in leaving]

    def forget_failures(self, model: str) -> None:
        """The file is another one now: it starts with a clean record."""
        if instance := self.instances.get(model):
            instance.broken, instance.retry_at_ms = "", 0
            instance.crashes_ms.clear()

    def retire(self, model: str, params: LoadParams) -> list[Action]:
        """Have a worker that was loaded with other parameters finish, and make way for a new one."""
        instance = self.get(model, params)
        if not instance.resident or instance.params == params or instance.state is InstanceState.ENDING:
            return []
        instance.claimed_by = model
        if instance.state is InstanceState.READY and instance.active:
            instance.step(Step.CLOSE_GATE)
        if instance.state is InstanceState.DRAINING and instance.active:
            return []
        return [self.end(instance, EndReason.COMMAND)]

    def make_room(self, claims: Sequence[Claim], pinned: frozenset[str], now_ms: int) -> list[Action]:
        """Spawn what fits, and start ending what is in the way of the rest."""
        actions = list(self._settle_gates({claim.file.id for claim in claims}))
        coming = (InstanceState.DRAINING, InstanceState.ENDING)
        leaving = (i.model for i in self.instances.values() if i.state in coming)
        outlook = Outlook(self.ledger.free_mb, sum(self.ledger.reserved_mb[model] for model in leaving))
        for claim in claims:
            actions += self._meet(claim, outlook, pinned | {c.file.id for c in claims if c.preempts}, now_ms)
        return actions

    def _settle_gates(self, wanted: set[str]) -> Iterator[Action]:
        """Drained instances go; gates that nobody claims any more open again."""
        for instance in self.instances.values():
            if instance.state is InstanceState.DRAINING:
                if instance.claimed_by not in wanted:
                    instance.step(Step.REOPEN)
                elif not instance.active:
                    self.evictions_total += 1
                    yield self.end(instance, EndReason.ROOM)

    def _meet(self, claim: Claim, outlook: Outlook, pinned: frozenset[str], now_ms: int) -> Iterator[Action]:
        instance = self.get(claim.file.id, claim.params)
        if instance.resident and instance.state is not InstanceState.ENDING:
            return
        if instance.state is InstanceState.FAILED and now_ms < instance.retry_at_ms:
            return
        need_mb = self.compute_need_mb(claim.file, claim.params)
        if instance.state is not InstanceState.ENDING and outlook.take(need_mb):
            yield self._load(instance, claim, need_mb, now_ms)
            return
        short_mb = need_mb - outlook.free_mb - outlook.coming_mb
        if short_mb > 0 and claim.may_evict:
            candidates = list(self._candidates(claim, pinned, now_ms))
            for model in choose_victims(short_mb, candidates) or ():
                outlook.coming_mb += self.ledger.reserved_mb[model]
                yield from self._evict(self.instances[model], claim)
        if claim.may_evict:
            outlook.pledge(need_mb)

    def _load(self, instance: Instance, claim: Claim, need_mb: int, now_ms: int) -> SpawnWorker:
        self.ledger.reserve(claim.file.id, need_mb)
        instance.step(Step.LOAD)
        instance.params = claim.params
        instance.worker, self.next_worker = self.next_worker, self.next_worker + 1
        instance.loading_since_ms = now_ms
        instance.measured_mb = instance.steps = 0
        instance.given_up = ""
        self.loads_total += 1
        return SpawnWorker(
            claim.file.id, instance.worker, claim.file.path, claim.params, claim.params.n_threads
        )

    def _candidates(self, claim: Claim, pinned: frozenset[str], now_ms: int) -> Iterator[Candidate]:
        for instance in self.instances.values():
            if instance.state is not InstanceState.READY or instance.model in pinned:
                continue
            busy = bool(instance.active) or self.waits(instance.model)
            due = claim.preempts or now_ms >= min(claim.urgent_ms, instance.compute_residency_end_ms())
            if not busy or due:
                reserved_mb = self.ledger.reserved_mb[instance.model]
                yield Candidate(instance.model, reserved_mb, instance.last_used_ms, busy)

    def _evict(self, victim: Instance, claim: Claim) -> Iterator[Action]:
        if victim.active and not claim.preempts:
            victim.step(Step.CLOSE_GATE)
            victim.claimed_by = claim.file.id
            return
        self.evictions_total += 1
        yield self.end(victim, EndReason.ROOM, force=claim.preempts)

    def give_up_hung(self, now_ms: int) -> Iterator[Action]:
        """End workers that load for too long, or hang."""
        for instance in self.instances.values():
            if instance.state is InstanceState.ENDING or now_ms < _patience_end_ms(instance):
                continue
            yield self._give_up(instance, now_ms)

    def _give_up(self, instance: Instance, now_ms: int) -> EndWorker:
        """Kill, and let the exit count as a crash: the state is left as it is."""
        instance.given_up = "it made no progress"
        instance.loading_since_ms = instance.progress_ms = instance.beat_ms = now_ms
        return EndWorker(instance.model, instance.worker, EndReason.HUNG, force=True)

    def next_wake_ms(self, claims: Sequence[Claim]) -> Iterator[int]:
        """The times at which `make_room` or `give_up_hung` may decide otherwise without an event."""
        for instance in self.resident():
            if instance.state is not InstanceState.ENDING:
                yield _patience_end_ms(instance)
        unmet = [claim for claim in claims if not self._is_met(claim)]
        for claim in unmet:
            yield claim.urgent_ms
            yield self.instances[claim.file.id].retry_at_ms if claim.file.id in self.instances else 0
        if unmet:
            ready = (i for i in self.instances.values() if i.state is InstanceState.READY)
            yield from (instance.compute_residency_end_ms() for instance in ready)

    def _is_met(self, claim: Claim) -> bool:
        instance = self.instances.get(claim.file.id)
        return instance is not None and instance.resident


def _patience_end_ms(instance: Instance) -> int:
    """When to give an instance's worker up, as far as is known now. Far away when there is no worker."""
    if instance.state is InstanceState.LOADING:
        return instance.loading_since_ms + LOAD_MS_MAX
    if instance.state in (InstanceState.READY, InstanceState.DRAINING):
        return min(instance.progress_ms, instance.beat_ms) + STALL_MS
    return 2**62
