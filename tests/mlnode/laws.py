"""The laws of a world: what the scheduler must not do, and what holds after every event."""

from typing import TYPE_CHECKING

from mlnode.errors import (
    DefaultModelMissing,
    ModelBroken,
    ModelTooLarge,
    ModelUnavailable,
    ModelUnknown,
    NodeBusy,
    NodeDraining,
    NodeNotServing,
    QueueFull,
    Refusal,
    WaitExpired,
    WorkerLost,
)
from mlnode.instance import InstanceState
from mlnode.mode import Activity
from mlnode.placement import compute_net
from mlnode.waiting import PAUSE_MAX_MS

if TYPE_CHECKING:
    from tests.mlnode.world import World


def judge_eviction(world: "World", worker: int) -> None:
    """After all that was done at once: this one had to go for somebody."""
    scheduler, ledger = world.scheduler, world.scheduler.residents.ledger
    process = world.processes[worker]
    assert process.model not in scheduler.pinned(), "pinned"
    assert process.loaded, "loading"
    preempted = scheduler.mission.activity is Activity.GENERATING
    if world.waiting_for(process.model) and not preempted:
        worth_ms = min(10_000, max(500, 2 * (process.ready_ms - process.spawned_ms)))
        assert world.now_ms >= process.ready_ms + worth_ms, "before its residency"
    assert preempted or worker not in world.given.values(), "with work"
    unmet = [model for model in world.wanted() - {process.model} if not world.is_running(model)]
    assert unmet, "for nobody"
    coming = [ledger.share_of(going) for going in leaving(world)]
    ahead = [sum(column) for column in zip(ledger.free(), *coming, strict=True)]
    without = [mb - own for mb, own in zip(ahead, ledger.share_of(worker), strict=True)]
    needs = [scheduler.compute_need_mb(model) for model in unmet]
    overhead_mb = max(device.overhead_mb for device in ledger.devices)
    helped = [index for index, mb in enumerate(ledger.share_of(worker)) if mb]
    all_mb = sum(need_mb + overhead_mb for need_mb in needs)
    evicted = [ledger.share_of(other) for other in world.evicted]
    before = [mb - sum(own) for mb, own in zip(ahead, zip(*evicted, strict=True), strict=True)]
    assert any(before[index] < all_mb for index in helped), "without need"
    if len(needs) == 1:
        assert max(compute_net(ledger.devices, without)) < needs[0], "it would fit without"


def leaving(world: "World") -> set[int]:
    going = {worker for worker, process in world.processes.items() if process.told}
    return going | set(world.scheduler.residents.lingering)


def judge_refusal(world: "World", request: int, refusal: Refusal) -> None:
    """Every ground that is given is a true one."""
    scheduler, asked = world.scheduler, world.asked[request]
    world.refusals[refusal.reason] = world.refusals.get(refusal.reason, 0) + 1
    model = asked.model or ""
    match refusal:
        case QueueFull():
            assert len(world.waiting_for(model)) >= world.limits.max_queue_depth
            assert 1 <= (refusal.retry_after_s or 0) <= 60
        case NodeBusy():
            assert len(world.asked) > world.limits.max_inflight
        case WaitExpired():
            over = asked.line_ms >= world.limits.max_wait_ms + PAUSE_MAX_MS
            assert over or asked.waited_ms >= world.limits.max_wait_ms, "too early"
            late = world.waited_before.get(request, 0) > world.limits.max_wait_ms // 2
            assert world.waited_before == {} or late or model in world.crashes, "in calm weather"
        case ModelUnknown():
            assert model not in world.files
        case DefaultModelMissing():
            assert asked.model is None
        case ModelBroken():
            file = world.files.get(model)
            assert file is None or file.problem or (model, file.fingerprint) in world.bad
        case ModelTooLarge():
            need_mb = scheduler.compute_need_mb(model)
            room_mb = scheduler.residents.compute_room_mb(model, scheduler.pinned())
            ending = (
                scheduler.draining_until_ms is not None
            )  # who was in the way has just been told to go too
            assert need_mb > room_mb or ending
        case ModelUnavailable():
            assert len(world.crashes[model]) >= 3
        case NodeNotServing():
            assert asked.kind in scheduler.mission.refuses
        case NodeDraining():
            assert scheduler.draining_until_ms is not None
        case WorkerLost():
            assert request in world.lost
            changed = asked.kind in scheduler.mission.refuses or scheduler.draining_until_ms is not None
            assert asked.streamed or asked.lost == 2 or changed
        case _:
            raise AssertionError(refusal)


def check(world: "World") -> None:
    check_memory(world)
    check_requests(world)
    check_threads(world)
    check_gates(world)
    loading = [p for p in world.processes.values() if not p.loaded and not p.told]
    assert len(loading) <= world.limits.max_loads


def check_memory(world: "World") -> None:
    ledger = world.scheduler.residents.ledger
    for device, used_mb in zip(ledger.devices, ledger.used(), strict=True):
        assert used_mb + device.margin_mb <= device.budget_mb
    assert set(world.processes) | set(world.lingering) == set(ledger.held)
    for worker, process in world.processes.items():
        assert all(map(int.__ge__, ledger.held[worker], process.shares))


def check_requests(world: "World") -> None:
    requests = world.scheduler.requests
    assert set(world.asked) == set(requests.open)
    assert set(world.given) == set(requests.slots)
    waiting = [request.id for line in requests.lines.values() for request in line.waiting]
    assert sorted(waiting) == sorted(set(world.asked) - set(world.given))
    assert all(asked.lost < 2 for asked in world.asked.values())
    for line in requests.lines.values():
        back = sum(request.retried for request in line.waiting)
        slots = 1 + world.limits.params.slots
        assert len(line.waiting) <= world.limits.max_queue_depth + slots + back


def check_threads(world: "World") -> None:
    busy = {worker for worker in world.processes if works(world, worker)}
    threads = [world.processes[worker].threads for worker in busy]
    assert sum(threads) <= max(world.limits.cores, len(busy))
    if len(busy) == 1:
        (process,) = (world.processes[worker] for worker in busy)
        assert process.threads == min(process.params_threads, world.limits.cores)


def works(world: "World", worker: int) -> bool:
    process = world.processes[worker]
    if process.told:
        return False
    return not process.loaded or process.mines or worker in world.given.values()


def check_gates(world: "World") -> None:
    """A gate is closed for somebody who is there."""
    instances = world.scheduler.residents.instances.values()
    closed = [i for i in instances if i.state is InstanceState.DRAINING and i.staying]
    if world.scheduler.draining_until_ms is None:
        assert not closed or any(not world.is_running(model) for model in world.wanted())


def check_time(world: "World") -> None:
    """After the alarm of this instant was heard."""
    for request, asked in world.asked.items():
        if request not in world.given:
            assert asked.waited_ms < world.limits.max_wait_ms
            assert asked.line_ms < world.limits.max_wait_ms + PAUSE_MAX_MS
    for worker, process in world.processes.items():
        ttl_ms = world.scheduler.find_ttl_ms(process.model)
        idle = process.loaded and not process.told and worker not in world.given.values()
        if ttl_ms and idle and not process.mines and not world.waiting_for(process.model):
            assert world.now_ms < process.used_ms + ttl_ms, "it should be gone"
