"""When a worker has had its time: one that hangs is killed, one that nobody uses is let go."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlnode.actions import Action
from mlnode.instance import EndReason, Instance, InstanceState
from mlnode.residents import Residents

_NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for workers that do nothing."""

    residents: Residents
    load_stall_ms: int
    """A load that comes no further for this long is given up."""
    step_stall_ms: int
    """A worker that has work and makes no step, or says nothing at all, for this long hangs."""
    find_ttl_ms: Callable[[str], int]
    """A model's time to live without work; 0: for ever."""
    is_kept: Callable[[Instance], bool]
    """Somebody wants it although it has no work."""

    def end(self, now_ms: int) -> Iterator[Action]:
        """Kill what hangs, and let go what nobody used for its time to live."""
        for instance in self.residents.instances.values():
            if now_ms >= self._stall_end_ms(instance):
                yield self.residents.give_up(instance, "it made no progress", EndReason.HUNG, now_ms)
            elif now_ms >= self._life_end_ms(instance):
                yield self.residents.end(instance, EndReason.IDLE)

    def next_wake_ms(self) -> Iterator[int]:
        """When `end` may have something to do."""
        for instance in self.residents.resident():
            yield min(self._stall_end_ms(instance), self._life_end_ms(instance))

    def _stall_end_ms(self, instance: Instance) -> int:
        if instance.state is InstanceState.LOADING:
            return instance.load_progress_ms + self.load_stall_ms
        if instance.state in (InstanceState.READY, InstanceState.DRAINING):
            return min(instance.progress_ms, instance.beat_ms) + self.step_stall_ms
        return _NEVER_MS

    def _life_end_ms(self, instance: Instance) -> int:
        ttl_ms = self.find_ttl_ms(instance.model)
        if not ttl_ms or instance.state is not InstanceState.READY:
            return _NEVER_MS
        if instance.active or self.is_kept(instance):
            return _NEVER_MS
        return instance.last_used_ms + ttl_ms
