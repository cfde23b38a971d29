"""Who comes into memory, and who has to go for it.

Given claims (models that somebody wants in memory, the most urgent first), a plan spawns what fits and starts
ending what is in the way of the rest. It never spawns before the memory is reserved, never reserves what is
not free, never ends a model that is pinned, still loading, or of no help, and drains a busy one only when it
has had its time. A gate that no claim needs closed any more is opened again: each plan is made anew, and
nothing is remembered of the one before.

What this guarantees a model that is waited for: once its first request has waited for half of `max_wait_ms`,
no busy model keeps its memory from it for longer than `min_residency` (twice that model's load, 0.5 to 10 s),
and nobody who came later goes first. So that request has its slot within `max_wait_ms` as long as, for each
model waited for longer, residency, the longest running answer and a load fit into the other half.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mlnode.actions import Action
from mlnode.catalog import ModelFile
from mlnode.instance import EndReason, Instance, InstanceState, LoadParams, Step
from mlnode.placement import Candidate, Outlook, choose_victims, list_pools, place
from mlnode.residents import Residents


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody wants a model in memory."""

    file: ModelFile
    params: LoadParams
    urgent_ms: int
    """From this time on busy models are drained for it after their residency, without their quantum."""
    may_evict: bool = True
    preempts: bool = False
    """Busy models are ended at once."""


@dataclass(slots=True)
class Plan:
    """What to do about memory, now."""

    residents: Residents
    pinned: frozenset[str]
    """Never evicted."""
    waits: Callable[[str], bool]
    """Somebody waits for a slot of this model."""
    max_loads: int
    """Models that load at the same time."""
    now_ms: int
    unplaced: set[str] = field(default_factory=set)
    """Models that found no memory."""
    _outlook: Outlook = field(init=False)
    _settled: list[tuple[Candidate, int, int]] = field(init=False)
    _victims: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        ledger = self.residents.ledger
        self._outlook = Outlook(ledger.devices, ledger.free(), [0] * len(ledger.devices))
        for instance in self.residents.resident():
            if not instance.staying:
                self._outlook.expect(ledger.share_of(instance.worker))
        for worker in self.residents.lingering:
            self._outlook.expect(ledger.share_of(worker))
        self._settled = list(self._list_settled())

    def meet(self, claims: Sequence[Claim]) -> Iterator[Action]:
        """Spawn what fits, and start ending what is in the way of the rest."""
        preempting = {claim.file.id for claim in claims if claim.preempts}
        for claim in claims:
            if self._is_unmet(claim):
                yield from self._meet(claim, self.pinned | preempting)
        yield from self._settle_gates()

    def _is_unmet(self, claim: Claim) -> bool:
        instance = self.residents.get(claim.file.id, claim.params)
        if instance.staying:
            return False
        return instance.state is not InstanceState.FAILED or self.now_ms >= instance.retry_at_ms

    def _meet(self, claim: Claim, pinned: frozenset[str]) -> Iterator[Action]:
        need_mb = self.residents.compute_need_mb(claim.file, claim.params)
        devices, outlook = self.residents.ledger.devices, self._outlook
        rooms = self.residents.compute_rooms(claim.file.id, pinned)
        pools = list_pools(need_mb, devices, rooms)
        shares = place(need_mb, devices, outlook.free, alone=not pools or len(pools[0]) == 1)
        if shares and not self.residents.instances[claim.file.id].resident:
            outlook.take(shares)
            if self._count_loading() < self.max_loads:
                yield self.residents.load(claim.file, claim.params, shares, self.now_ms)
            return
        self.unplaced.add(claim.file.id)
        if claim.may_evict and pools:
            yield from self._make_way(claim, need_mb, pools, pinned)

    def _make_way(
        self, claim: Claim, need_mb: int, pools: Sequence[Sequence[int]], pinned: frozenset[str]
    ) -> Iterator[Action]:
        """Evict what helps, and keep what it will need."""
        candidates = list(self._candidates(claim, pinned))
        choice = choose_victims(need_mb, pools, self._outlook, candidates)
        pool, victims = choice or (self._outlook.find_nearest(need_mb, pools), ())
        for model in victims:
            victim = self.residents.instances[model]
            self._outlook.expect(self.residents.ledger.share_of(victim.worker))
            self._victims.add(model)
            yield from self._evict(victim, claim)
        self._outlook.pledge(need_mb, pool)

    def _candidates(self, claim: Claim, pinned: frozenset[str]) -> Iterator[Candidate]:
        for candidate, residency_end_ms, quantum_end_ms in self._settled:
            if candidate.model in pinned or candidate.model in self._victims:
                continue
            due_ms = min(quantum_end_ms, max(residency_end_ms, claim.urgent_ms))
            if not candidate.busy or claim.preempts or self.now_ms >= due_ms:
                yield candidate

    def _list_settled(self) -> Iterator[tuple[Candidate, int, int]]:
        """Who may be evicted at all, and until when he keeps his memory when he is busy."""
        for instance in self.residents.resident():
            if instance.state in (InstanceState.READY, InstanceState.DRAINING) and instance.staying:
                busy = bool(instance.active) or self.waits(instance.model)
                since_ms = instance.ready_at_ms if busy else instance.last_used_ms
                shares = self.residents.ledger.share_of(instance.worker)
                draining = instance.state is InstanceState.DRAINING
                candidate = Candidate(instance.model, shares, since_ms, busy, draining)
                yield candidate, *instance.compute_turn_ms()

    def _evict(self, victim: Instance, claim: Claim) -> Iterator[Action]:
        if not victim.active or claim.preempts:
            yield self.residents.end(victim, EndReason.ROOM, force=claim.preempts)
        elif victim.state is InstanceState.READY:
            victim.step(Step.CLOSE_GATE)

    def _settle_gates(self) -> Iterator[Action]:
        """Gates that no claim needs closed any more open again; those that are drained for good go."""
        for instance in self.residents.resident():
            drained = instance.state is InstanceState.DRAINING and instance.staying
            if drained and instance.model not in self._victims:
                instance.step(Step.REOPEN)
        yield from self.residents.end_left()

    def _count_loading(self) -> int:
        return sum(i.state is InstanceState.LOADING and not i.given_up for i in self.residents.resident())


def next_wake_ms(residents: Residents, claims: Sequence[Claim]) -> Iterator[int]:
    """The times at which another plan may decide otherwise without an event."""
    unmet = [claim for claim in claims if not residents.get(claim.file.id, claim.params).staying]
    for claim in unmet:
        yield claim.urgent_ms
        yield residents.instances[claim.file.id].retry_at_ms
    if unmet:
        most_urgent_ms = min(claim.urgent_ms for claim in unmet)
        for instance in residents.resident():
            if instance.state is InstanceState.READY:
                residency_end_ms, quantum_end_ms = instance.compute_turn_ms()
                yield quantum_end_ms
                if most_urgent_ms <= residency_end_ms:
                    yield residency_end_ms
