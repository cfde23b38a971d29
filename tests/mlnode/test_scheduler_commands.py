"""The scheduler under commands and at the end: what they change, and what they leave alone."""

import pytest

from mlnode.actions import (
    EndWorker,
    SpawnWorker,
    StartMining,
    StopMining,
)
from mlnode.catalog import Catalog
from mlnode.errors import (
    GenerationStale,
    ModelTooLarge,
    NodeDraining,
    NodeNotServing,
    WorkerLost,
)
from mlnode.events import (
    DrainAsked,
    FilesScanned,
    InferenceUpAsked,
    PocGenerateAsked,
    PocValidateAsked,
    Requested,
    RequestEnded,
    StopAsked,
    Woken,
)
from mlnode.instance import EndReason, InstanceState, LoadParams
from mlnode.mode import Activity, Kind, Mission, PocJob, PocStage
from mlnode.node import Limits
from mlnode.scheduler import Scheduler
from tests.mlnode.scheduled import PARAMS, Node, ended, make_file, refusal, spawned, started

JOB = PocJob(
    stage=PocStage(10, b"h" * 32, 1_400_000),
    model="a",
    public_key=b"\2" * 33,
    node_rank=0,
    node_count=1,
    node_id="n1",
    callback_address="127.0.0.1:1",
    callback_token="t",
    first_nonce=0,
    max_batch_nonces=100,
)


class TestCommands:
    def test_a_command_of_an_older_generation_changes_nothing(self) -> None:
        node = Node()
        node.tell(InferenceUpAsked(5, "a", "", PARAMS))
        with pytest.raises(GenerationStale):
            node.tell(StopAsked(4))
        assert node.scheduler.mission.activity is Activity.INFERENCE
        assert node.scheduler.mission.generation == 5

    def test_inference_up_loads_and_gives_the_model_its_name(self) -> None:
        node = Node()
        assert spawned(node.tell(InferenceUpAsked(1, "a", "org/model", PARAMS))) == ["a"]
        node.loaded("a")
        assert started(node.ask("org/model")[1])

    def test_a_model_that_is_up_is_never_evicted_and_others_are_told_so(self) -> None:
        node = Node(room=1)
        node.tell(InferenceUpAsked(1, "a", "", PARAMS))
        node.loaded("a")
        refusal(node.ask("b")[1], ModelTooLarge)
        assert node.state("a") is InstanceState.READY

    def test_a_model_that_is_up_comes_back_after_a_crash(self) -> None:
        node = Node()
        node.tell(InferenceUpAsked(1, "a", "", PARAMS))
        node.loaded("a")
        node.exited("a")
        wake_ms = node.scheduler.next_wake_ms(node.now_ms)
        assert wake_ms == node.now_ms + 500
        assert spawned(node.tell(Woken(), after_ms=500)) == ["a"]

    def test_other_parameters_mean_another_worker_after_the_running_requests(self) -> None:
        node = Node()
        running, _ = node.ask("a")
        node.loaded("a")
        two = LoadParams(n_ctx=256, slots=2, n_threads=1, n_gpu_layers=0)
        assert ended(node.tell(InferenceUpAsked(1, "a", "", two))) == []
        assert ended(node.tell(RequestEnded(running))) == ["a"]
        assert [a.params for a in node.exited("a") if isinstance(a, SpawnWorker)] == [two]

    def test_a_command_for_a_model_that_cannot_fit_is_refused_and_changes_nothing(self) -> None:
        node = Node(room=1)
        node.serve("a")
        node.tell(FilesScanned((make_file("a"), make_file("huge", weights_mb=1000))))
        with pytest.raises(ModelTooLarge):
            node.tell(InferenceUpAsked(1, "huge", "", PARAMS))
        assert node.scheduler.mission.generation == 0
        assert node.state("a") is InstanceState.READY

    def test_stop_preempts_a_load_and_refuses_who_waits(self) -> None:
        node = Node()
        request, _ = node.ask("a")
        worker = node.worker("a")
        actions = node.tell(StopAsked(1))
        assert refusal(actions, NodeNotServing).request == request
        assert EndWorker("a", worker, EndReason.COMMAND, force=True) in actions
        assert refusal(node.ask("a")[1], NodeNotServing)
        assert spawned(node.exited("a")) == []

    def test_stop_is_idempotent(self) -> None:
        node = Node()
        node.tell(StopAsked(1))
        assert node.tell(StopAsked(1)) == []

    def test_mining_begins_when_the_model_is_loaded_and_begins_again_after_a_crash(self) -> None:
        node = Node()
        assert spawned(node.tell(PocGenerateAsked(1, JOB))) == ["a"]
        assert node.loaded("a") == [StartMining(node.worker("a"), JOB)]
        assert node.tell(PocGenerateAsked(1, JOB)) == []
        node.exited("a")
        node.tell(Woken(), after_ms=500)
        assert node.loaded("a") == [StartMining(node.worker("a"), JOB)]

    def test_mining_takes_the_memory_of_busy_models_at_once(self) -> None:
        node = Node(room=1)
        request, _ = node.ask("b")
        node.loaded("b")
        actions = node.tell(PocGenerateAsked(1, JOB))
        assert EndWorker("b", node.worker("b"), EndReason.ROOM, force=True) in actions
        actions = node.exited("b")
        assert refusal(actions, WorkerLost).request == request
        assert spawned(actions) == ["a"]

    def test_a_mining_node_takes_no_inference(self) -> None:
        node = Node()
        node.tell(PocGenerateAsked(1, JOB))
        refusal(node.ask("a")[1], NodeNotServing)

    def test_validating_ends_mining_and_takes_validations_only(self) -> None:
        node = Node()
        node.tell(PocGenerateAsked(1, JOB))
        node.loaded("a")
        assert node.tell(PocValidateAsked(2, 10)) == [StopMining(node.worker("a"))]
        refusal(node.ask("a")[1], NodeNotServing)
        assert started(node.ask("a", Kind.VALIDATION)[1])

    def test_a_managed_node_starts_stopped(self) -> None:
        scheduler = Scheduler(Limits(10**6, 0, PARAMS), Catalog(), Mission(Activity.STOPPED))
        scheduler.handle(FilesScanned((make_file("a"),)), 0)
        refusal(scheduler.handle(Requested(1, "a"), 0), NodeNotServing)


class TestDrain:
    def test_running_requests_finish_and_then_the_workers_go(self) -> None:
        node = Node()
        running, _ = node.ask("a")
        node.loaded("a")
        assert node.tell(DrainAsked(1000)) == []
        refusal(node.ask("a")[1], NodeDraining)
        assert ended(node.tell(RequestEnded(running))) == ["a"]
        node.exited("a")
        assert node.scheduler.is_over

    def test_what_has_not_finished_by_the_end_of_the_grace_is_refused(self) -> None:
        node = Node()
        running, _ = node.ask("a")
        node.loaded("a")
        node.tell(DrainAsked(1000))
        assert node.scheduler.next_wake_ms(node.now_ms) == node.now_ms + 1000
        actions = node.tell(Woken(), after_ms=1000)
        assert refusal(actions, NodeDraining).request == running
        assert ended(actions) == ["a"]

    def test_nothing_is_loaded_any_more(self) -> None:
        node = Node()
        request, _ = node.ask("a")
        actions = node.tell(DrainAsked(1000))
        assert refusal(actions, NodeDraining).request == request
        assert ended(actions) == ["a"]
