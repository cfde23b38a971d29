"""Several GPUs: where a model goes, who goes for it, and memory that comes back late."""

from mlnode.actions import SpawnWorker
from mlnode.catalog import Catalog
from mlnode.events import (
    FilesScanned,
    MemoryReturned,
    Requested,
    RequestEnded,
    Woken,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.instance import InstanceState
from mlnode.ledger import Device
from mlnode.node import Limits
from mlnode.residents import LINGER_MS
from mlnode.scheduler import Scheduler
from tests.mlnode.scheduled import PARAMS, Node, ended, make_file, refusal, spawned

OVERHEAD_MB = 30


class GpuNode(Node):
    """A node with GPUs, of which each holds so many models of the usual size."""

    def __init__(self, *rooms: float, weights_mb: int = 100) -> None:
        super().__init__()
        devices = tuple(
            Device(f"gpu{i}", int(room * (self.need_mb + OVERHEAD_MB)) + 10, 10, i, OVERHEAD_MB)
            for i, room in enumerate(rooms)
        )
        self.scheduler = Scheduler(Limits(0, 0, PARAMS, devices=devices), Catalog())
        files = [make_file(id) for id in "abcd"]
        self.tell(FilesScanned((*files, make_file("large", weights_mb))))

    def held(self, model: str) -> tuple[int, ...]:
        return self.scheduler.residents.ledger.share_of(self.worker(model))


def where(actions: list[object]) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    return [(a.devices, a.tensor_split) for a in actions if isinstance(a, SpawnWorker)]


def test_each_model_goes_where_most_is_free() -> None:
    node = GpuNode(2, 1)
    assert where(list(node.ask("a")[1])) == [((0,), ())]
    node.loaded("a")
    assert where(list(node.ask("b")[1])) == [((0,), ())]
    node.loaded("b")
    assert where(list(node.ask("c")[1])) == [((1,), ())]
    assert node.held("c") == (0, node.need_mb + OVERHEAD_MB)


def test_only_who_lies_on_the_right_device_goes() -> None:
    node = GpuNode(1, 2, weights_mb=180)
    for model in "bac":
        node.serve(model)
    assert [node.held(model)[0] > 0 for model in "bac"] == [False, True, False]
    assert sorted(ended(node.ask("large")[1])) == ["b", "c"]
    assert node.state("a") is InstanceState.READY


def test_a_model_larger_than_each_device_is_spread_in_proportion_to_what_is_free() -> None:
    node = GpuNode(2, 1, weights_mb=280)
    ((devices, ratio),) = where(list(node.ask("large")[1]))
    assert devices == (0, 1)
    free = [2 * (node.need_mb + OVERHEAD_MB) - OVERHEAD_MB, node.need_mb]
    assert abs(ratio[0] - free[0] / sum(free)) < 0.01
    assert abs(sum(ratio) - 1) < 1e-9


def test_for_a_model_that_must_be_spread_everybody_in_the_way_goes() -> None:
    node = GpuNode(2, 1, weights_mb=280)
    for model in "abc":
        node.serve(model)
    assert sorted(ended(node.ask("large")[1])) == ["a", "b", "c"]


def test_a_model_that_all_devices_together_cannot_hold_is_refused_and_evicts_nobody() -> None:
    node = GpuNode(2, 1, weights_mb=1000)
    node.serve("a")
    _, actions = node.ask("large")
    assert refusal(actions, Exception).refusal.reason == "MODEL_TOO_LARGE"
    assert ended(actions) == []


def test_what_was_measured_counts_on_the_device_where_it_lies() -> None:
    node = GpuNode(2, 1, weights_mb=280)
    node.ask("large")
    before = node.held("large")
    node.tell(WorkerLoaded("large", node.worker("large"), before[0] + 5, (before[0] + 5, 0)))
    assert node.held("large") == (before[0] + 5, before[1])


def test_a_spread_model_that_outgrows_one_device_comes_back_with_more_or_is_refused() -> None:
    node = GpuNode(2, 1, weights_mb=280)
    node.ask("large")
    first = node.held("large")
    worker = node.worker("large")
    node.tell(WorkerLoaded("large", worker, sum(first), (first[0], first[1] + 500)))
    assert node.state("large") is InstanceState.ENDING
    assert spawned(node.exited("large")) == []
    assert node.scheduler.requests.open == {}


def test_memory_that_a_gpu_does_not_have_back_yet_is_not_given_away() -> None:
    node = GpuNode(1)
    node.serve("a")
    node.ask("b")
    worker = node.worker("a")
    assert spawned(node.tell(WorkerExited("a", worker, "", memory_is_back=False))) == []
    assert node.state("a") is InstanceState.UNLOADED
    assert spawned(node.tell(MemoryReturned(worker), after_ms=300)) == ["b"]
    assert node.tell(MemoryReturned(worker)) == []


def test_memory_that_never_comes_back_counts_as_free_after_two_seconds() -> None:
    node = GpuNode(1)
    node.serve("a")
    node.ask("b")
    node.tell(WorkerExited("a", node.worker("a"), "", memory_is_back=False))
    assert node.scheduler.next_wake_ms(node.now_ms) == node.now_ms + LINGER_MS
    assert spawned(node.tell(Woken(), after_ms=LINGER_MS)) == ["b"]


def test_who_lost_his_worker_does_not_wait_for_the_memory() -> None:
    node = GpuNode(2)
    request, _ = node.ask("a")
    node.loaded("a")
    node.tell(WorkerExited("a", node.worker("a"), "killed", memory_is_back=False))
    assert request in node.scheduler.requests.open
    assert spawned(node.tell(Woken(), after_ms=500)) == ["a"]


def test_two_busy_models_on_two_devices_are_not_both_drained_for_one() -> None:
    node = GpuNode(1, 1)
    first, _ = node.ask("a")
    node.loaded("a")
    node.ask("b")
    node.loaded("b")
    node.ask("c")
    node.tell(Woken(), after_ms=6_000)
    states = sorted(node.state(model).value for model in "ab")
    assert states == ["draining", "ready"]
    assert node.state("a") is InstanceState.DRAINING
    assert ended(node.tell(RequestEnded(first))) == ["a"]
    assert node.tell(Requested(99, "b")) == []
