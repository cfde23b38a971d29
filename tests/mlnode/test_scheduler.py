"""The scheduler, called directly with a clock of our own: requests, memory and crashes."""

from mlnode.actions import (
    CancelRequest,
    EndWorker,
    Refuse,
)
from mlnode.errors import (
    ModelBroken,
    ModelTooLarge,
    ModelUnavailable,
    QueueFull,
    WaitExpired,
    WorkerLost,
)
from mlnode.events import (
    Cancelled,
    FilesScanned,
    PreloadAsked,
    RequestEnded,
    Sized,
    Streamed,
    Woken,
    WorkerBeat,
    WorkerExited,
    WorkerLoaded,
)
from mlnode.instance import CRASH_WINDOW_MS, QUANTUM_MS, EndReason, InstanceState
from tests.mlnode.scheduled import Node, ended, make_file, refusal, spawned, started

STEP_STALL_MS = 30_000


class TestLoading:
    def test_the_first_request_reserves_before_it_spawns(self) -> None:
        node = Node()
        _, actions = node.ask("a")
        assert spawned(actions) == ["a"]
        assert node.scheduler.residents.ledger.held == {node.worker("a"): (node.need_mb,)}

    def test_many_requests_for_one_model_load_it_once(self) -> None:
        node = Node()
        node.ask("a")
        assert [spawned(node.ask("a")[1]) for _ in range(5)] == [[]] * 5

    def test_a_load_starts_the_request_that_waited_longest(self) -> None:
        node = Node()
        first, _ = node.ask("a")
        node.ask("a")
        assert started(node.loaded("a")) == [first]

    def test_two_models_load_at_once_when_both_fit(self) -> None:
        node = Node(room=2)
        assert spawned(node.ask("a")[1]) == ["a"]
        assert spawned(node.ask("b")[1]) == ["b"]

    def test_a_second_load_waits_when_only_one_fits(self) -> None:
        node = Node(room=1)
        node.ask("a")
        assert node.ask("b")[1] == []

    def test_a_file_that_is_no_model_is_refused_without_a_spawn(self) -> None:
        node = Node()
        node.tell(FilesScanned((make_file("a", problem="it is cut off"),)))
        _, actions = node.ask("a")
        refusal(actions, ModelBroken)
        assert spawned(actions) == []

    def test_a_file_that_failed_to_load_is_not_tried_again_until_it_changes(self) -> None:
        node = Node()
        node.ask("a")
        refusal(node.exited("a", code="CORRUPT"), ModelBroken)
        refusal(node.ask("a")[1], ModelBroken)
        node.tell(FilesScanned((make_file("a", inode=2),)))
        assert spawned(node.ask("a")[1]) == ["a"]

    def test_a_preload_loads_without_a_request_and_evicts_nobody(self) -> None:
        node = Node(room=1)
        assert spawned(node.tell(PreloadAsked("a"))) == ["a"]
        node.loaded("a")
        assert node.tell(PreloadAsked("b")) == []

    def test_what_a_load_took_more_than_estimated_is_reserved_too(self) -> None:
        node = Node(room=3)
        node.ask("a")
        node.loaded("a", measured_mb=node.need_mb + 50)
        assert node.scheduler.residents.ledger.used_mb == node.need_mb + 50

    def test_a_model_that_turns_out_too_large_goes_and_is_refused(self) -> None:
        node = Node(room=1)
        request, _ = node.ask("a")
        actions = node.loaded("a", measured_mb=3 * node.need_mb)
        assert ended(actions) == ["a"]
        assert refusal(actions, ModelTooLarge).request == request
        node.exited("a")
        assert node.scheduler.residents.ledger.used_mb == 0


class TestEviction:
    def test_the_least_recently_used_idle_model_goes(self) -> None:
        node = Node(room=2)
        node.serve("a")
        node.serve("b")
        _, actions = node.ask("c")
        assert ended(actions) == ["a"]
        assert spawned(actions) == []
        assert spawned(node.exited("a")) == ["c"]

    def test_a_model_larger_than_the_budget_is_refused_and_nothing_is_evicted(self) -> None:
        node = Node(room=2)
        node.serve("a")
        node.tell(FilesScanned((make_file("a"), make_file("huge", weights_mb=1000))))
        _, actions = node.ask("huge")
        refusal(actions, ModelTooLarge)
        assert ended(actions) == []
        assert node.state("a") is InstanceState.READY

    def test_a_busy_model_is_drained_only_after_its_time_or_half_the_wait(self) -> None:
        node = Node(room=1)
        running, _ = node.ask("a")
        node.loaded("a")
        assert node.ask("b")[1] == []
        assert node.state("a") is InstanceState.READY
        node.tell(Woken(), after_ms=6_000)
        assert node.state("a") is InstanceState.DRAINING
        newcomer, actions = node.ask("a")
        assert started(actions) == []
        assert ended(node.tell(RequestEnded(running))) == ["a"]
        assert spawned(node.exited("a")) == ["b"]
        assert newcomer in node.scheduler.requests.open

    def test_the_scheduler_asks_to_be_woken_when_a_busy_model_has_had_its_time(self) -> None:
        node = Node(room=1)
        node.ask("a")
        node.loaded("a")
        node.ask("b")
        assert node.scheduler.next_wake_ms(node.now_ms) == node.now_ms + QUANTUM_MS
        node.tell(Woken(), after_ms=QUANTUM_MS - 1)
        assert node.state("a") is InstanceState.READY
        node.tell(Woken(), after_ms=1)
        assert node.state("a") is InstanceState.DRAINING

    def test_for_who_has_waited_for_half_of_his_time_a_turn_ends_early(self) -> None:
        node = Node(room=1, max_wait_ms=4_000)
        node.ask("a")
        node.ask("b")
        node.loaded("a", after_ms=100)
        assert node.scheduler.next_wake_ms(node.now_ms) == 1_000 + 2_000
        node.tell(Woken(), after_ms=1_900)
        assert node.state("a") is InstanceState.DRAINING

    def test_even_for_him_a_load_is_not_undone_before_it_was_worth_its_time(self) -> None:
        node = Node(room=1, max_wait_ms=4_000)
        node.ask("a")
        node.ask("b")
        node.loaded("a", after_ms=1_000)
        node.tell(Woken(), after_ms=1_000)
        assert node.state("a") is InstanceState.READY
        assert node.scheduler.next_wake_ms(node.now_ms) == 1_000 + 1_000 + 2 * 1_000
        node.tell(Woken(), after_ms=1_000)
        assert node.state("a") is InstanceState.DRAINING

    def test_a_closed_gate_opens_again_when_nobody_claims_the_memory_any_more(self) -> None:
        node = Node(room=1)
        running, _ = node.ask("a")
        node.loaded("a")
        other, _ = node.ask("b")
        node.tell(Woken(), after_ms=6_000)
        node.tell(Cancelled(other))
        assert node.state("a") is InstanceState.READY
        node.tell(RequestEnded(running))
        assert started(node.ask("a")[1])

    def test_models_that_alternate_both_get_their_turn_within_the_wait(self) -> None:
        node = Node(room=1)
        asked: dict[int, str] = {}
        answered: dict[str, int] = {"a": 0, "b": 0}
        for _ in range(4):
            for model in "ab":
                asked[node.ask(model)[0]] = model
        for _ in range(2000):
            node.tell(Woken(), after_ms=50)
            for model in "ab":
                if node.state(model) is InstanceState.LOADING:
                    node.loaded(model)
                elif node.state(model) is InstanceState.ENDING:
                    node.exited(model)
            for request, model in list(node.scheduler.requests.slots.items()):
                actions = node.tell(RequestEnded(request), after_ms=50)
                assert not any(isinstance(action, Refuse) for action in actions)
                answered[model] += 1
                asked[node.ask(model)[0]] = model
        assert min(answered.values()) > 300


class TestLine:
    def test_a_full_line_is_refused_with_a_hint(self) -> None:
        node = Node(max_queue_depth=2)
        node.ask("a")
        node.loaded("a")
        node.ask("a")
        node.ask("a")
        full = refusal(node.ask("a")[1], QueueFull)
        assert full.refusal.retry_after_s == 2
        assert len(node.scheduler.requests.open) == 3

    def test_the_running_request_does_not_count_as_waiting(self) -> None:
        node = Node(max_queue_depth=1)
        node.ask("a")
        node.loaded("a")
        second, actions = node.ask("a")
        assert actions == []
        assert second in node.scheduler.requests.open

    def test_nobody_waits_longer_than_allowed(self) -> None:
        node = Node(max_wait_ms=1000)
        node.ask("a")
        node.loaded("a", after_ms=0)
        waiting, _ = node.ask("a")
        assert node.scheduler.next_wake_ms(node.now_ms) == node.now_ms + 1000
        expired = refusal(node.tell(Woken(), after_ms=1000), WaitExpired)
        assert expired.request == waiting
        assert expired.refusal.retry_after_s == 1

    def test_who_leaves_the_line_is_forgotten(self) -> None:
        node = Node()
        first, _ = node.ask("a")
        second, _ = node.ask("a")
        node.tell(Cancelled(first))
        assert started(node.loaded("a")) == [second]

    def test_who_leaves_in_a_slot_is_cancelled_and_the_slot_is_free_when_the_worker_says_so(self) -> None:
        node = Node()
        first, _ = node.ask("a")
        node.loaded("a")
        second, _ = node.ask("a")
        assert node.tell(Cancelled(first)) == [CancelRequest(first, node.worker("a"))]
        assert started(node.tell(RequestEnded(first))) == [second]

    def test_slots_are_filled_in_order(self) -> None:
        node = Node(slots=2)
        asked = [node.ask("a")[0] for _ in range(3)]
        assert started(node.loaded("a")) == asked[:2]

    def test_a_limit_for_the_whole_node_holds_over_models(self) -> None:
        node = Node(room=2, max_inflight=2)
        node.ask("a")
        node.ask("b")
        assert refusal(node.ask("c")[1], Exception).refusal.reason == "NODE_BUSY"


class TestCrash:
    def test_a_request_without_a_byte_is_tried_once_more(self) -> None:
        node = Node()
        request, _ = node.ask("a")
        node.loaded("a")
        assert not any(isinstance(action, Refuse) for action in node.exited("a"))
        assert spawned(node.tell(Woken(), after_ms=500)) == ["a"]
        assert started(node.loaded("a")) == [request]
        assert refusal(node.exited("a"), WorkerLost).request == request

    def test_a_request_that_had_a_byte_fails_at_once(self) -> None:
        node = Node()
        request, _ = node.ask("a")
        node.loaded("a")
        node.tell(Streamed(request))
        assert refusal(node.exited("a"), WorkerLost).request == request

    def test_three_crashes_open_the_breaker_for_a_minute(self) -> None:
        node = Node()
        for _ in range(3):
            node.ask("a")
            node.tell(Woken(), after_ms=5_000)
            actions = node.exited("a")
        assert refusal(node.ask("a")[1], ModelUnavailable).refusal.retry_after_s == 60
        assert any(isinstance(action, Refuse) for action in actions)
        node.tell(Woken(), after_ms=CRASH_WINDOW_MS)
        assert spawned(node.ask("a")[1]) == ["a"]

    def test_after_the_breaker_one_load_is_tried_and_its_crash_opens_it_again(self) -> None:
        node = Node()
        for _ in range(3):
            node.ask("a")
            node.tell(Woken(), after_ms=5_000)
            node.exited("a")
        assert spawned(node.ask("a")[1]) == []
        node.tell(Woken(), after_ms=CRASH_WINDOW_MS)
        assert spawned(node.ask("a")[1]) == ["a"]
        assert refusal(node.exited("a"), ModelUnavailable).refusal.retry_after_s == 60

    def test_an_answer_closes_the_breaker(self) -> None:
        node = Node()
        for _ in range(3):
            node.ask("a")
            node.tell(Woken(), after_ms=5_000)
            node.exited("a")
        node.tell(Woken(), after_ms=CRASH_WINDOW_MS)
        node.serve("a")
        node.exited("a")
        assert node.scheduler.next_wake_ms(node.now_ms) is None
        assert spawned(node.tell(Woken(), after_ms=500)) == []
        assert spawned(node.ask("a")[1]) == ["a"]

    def test_each_crash_without_an_answer_doubles_the_wait_up_to_half_a_minute(self) -> None:
        node = Node(room=1)
        waits = []
        for _ in range(9):
            node.ask("a")
            node.exited("a")
            instance = node.scheduler.instance_of("a")
            waits.append(instance.retry_at_ms - node.now_ms)
            instance.crashes_ms.clear()
            instance.tripped = False
            node.tell(Woken(), after_ms=40_000)
        assert waits == [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]

    def test_a_crash_frees_the_memory(self) -> None:
        node = Node()
        node.ask("a")
        node.exited("a")
        assert node.scheduler.residents.ledger.used_mb == 0

    def test_news_of_a_worker_long_gone_changes_nothing(self) -> None:
        node = Node()
        node.ask("a")
        old = node.worker("a")
        node.exited("a")
        node.tell(Woken(), after_ms=1000)
        assert node.tell(WorkerLoaded("a", old, 1)) == []
        assert node.tell(WorkerExited("a", old, "late")) == []
        assert node.state("a") is InstanceState.LOADING

    def test_a_worker_that_makes_no_step_with_work_is_killed(self) -> None:
        node = Node()
        node.ask("a")
        node.loaded("a")
        worker = node.worker("a")
        for _ in range(STEP_STALL_MS // 1000 - 1):
            assert node.tell(WorkerBeat("a", worker, 0, True), after_ms=1000) == []
        assert EndWorker("a", worker, EndReason.HUNG, force=True) in node.tell(Woken(), after_ms=1000)

    def test_an_idle_worker_that_says_nothing_is_killed_too(self) -> None:
        node = Node()
        node.serve("a")
        assert ended(node.tell(Woken(), after_ms=STEP_STALL_MS)) == ["a"]


def test_what_a_probe_says_replaces_the_estimate_and_a_measurement_stays_the_floor() -> None:
    node = Node()
    file = node.scheduler.catalog.files["a"]
    params = node.scheduler.limits.params
    node.tell(Sized("a", file.fingerprint, params, 90, 0))
    assert node.scheduler.compute_need_mb("a") == 90
    node.tell(Sized("a", file.fingerprint, params, 90, 95))
    assert node.scheduler.compute_need_mb("a") == 95
    node.tell(Sized("a", (9, 9, 9), params, 5000, 5000))
    assert node.scheduler.compute_need_mb("a") == 95, "that was another file"
    node.tell(Sized("nobody", (9, 9, 9), params, 1, 1))
