"""Who stays in memory and who goes: time to live, pins, loads and unloads by hand, readiness, the lane."""

import pytest

from mlnode.errors import ModelBroken, ModelManaged, ModelTooLarge, NodeDraining, NodeNotServing
from mlnode.events import (
    DrainAsked,
    FilesScanned,
    InferenceUpAsked,
    LoadAsked,
    PreloadAsked,
    RequestEnded,
    StopAsked,
    UnloadAsked,
    Woken,
)
from mlnode.instance import InstanceState
from tests.mlnode.scheduled import PARAMS, Node, ended, make_file, refusal, spawned, started


class TestTimeToLive:
    def test_an_idle_model_goes_exactly_when_its_time_is_over(self) -> None:
        node = Node(ttl_ms=10_000)
        node.serve("a")
        wake_ms = node.scheduler.next_wake_ms(node.now_ms)
        assert wake_ms == node.now_ms + 10_000
        assert ended(node.tell(Woken(), after_ms=9_999)) == []
        assert ended(node.tell(Woken(), after_ms=1)) == ["a"]
        assert node.scheduler.residents.evictions_total == 0

    def test_a_model_at_work_stays_and_its_time_begins_with_the_last_answer(self) -> None:
        node = Node(ttl_ms=10_000)
        request, _ = node.ask("a")
        node.loaded("a")
        assert ended(node.tell(Woken(), after_ms=15_000)) == []
        node.tell(RequestEnded(request))
        assert ended(node.tell(Woken(), after_ms=9_999)) == []
        assert ended(node.tell(Woken(), after_ms=1)) == ["a"]

    def test_a_model_may_have_a_time_of_its_own_or_none(self) -> None:
        node = Node(room=2, ttl_ms=10_000, model_ttl_ms={"a": 0, "b": 2_000})
        node.serve("a")
        node.serve("b")
        assert ended(node.tell(Woken(), after_ms=2_000)) == ["b"]
        node.exited("b")
        assert ended(node.tell(Woken(), after_ms=20_000)) == []

    def test_a_pinned_model_has_no_end(self) -> None:
        node = Node(ttl_ms=1_000, pinned=frozenset({"a"}))
        node.serve("a")
        assert ended(node.tell(Woken(), after_ms=20_000)) == []

    def test_a_node_whose_models_only_sleep_is_ready(self) -> None:
        node = Node(ttl_ms=1_000)
        node.serve("a")
        node.tell(Woken(), after_ms=1_000)
        node.exited("a")
        assert node.state("a") is InstanceState.UNLOADED
        assert node.scheduler.readiness.ready
        assert node.scheduler.readiness.models == ()


class TestPin:
    def test_a_pinned_model_is_never_a_victim_and_counts_for_what_can_fit(self) -> None:
        node = Node(room=1, pinned=frozenset({"a"}))
        node.serve("a")
        refusal(node.ask("b")[1], ModelTooLarge)
        assert node.state("a") is InstanceState.READY

    def test_who_waits_in_vain_since_a_pinned_model_came_is_told_at_once(self) -> None:
        node = Node(room=2)
        node.tell(FilesScanned((make_file("a"), make_file("b"), make_file("big", 150))))
        node.ask("a")
        node.loaded("a")
        assert node.ask("big")[1] == []
        actions = node.tell(InferenceUpAsked(1, "b", "", PARAMS))
        assert spawned(actions) == ["b"]
        refusal(actions, ModelTooLarge)

    def test_of_two_who_came_in_the_same_moment_the_first_goes_first(self) -> None:
        node = Node(room=1)
        node.ask("a")
        node.loaded("a")
        node.ask("c")
        node.ask("b")
        node.tell(RequestEnded(1))
        assert spawned(node.exited("a")) == ["c"]

    def test_beside_a_pinned_model_the_others_change_places(self) -> None:
        node = Node(room=2, pinned=frozenset({"a"}))
        node.serve("a")
        node.serve("b")
        assert ended(node.ask("c")[1]) == ["b"]

    def test_by_hand_a_pinned_model_goes_all_the_same(self) -> None:
        node = Node(pinned=frozenset({"a"}))
        node.serve("a")
        assert ended(node.tell(UnloadAsked("a"))) == ["a"]


class TestByHand:
    def test_a_load_by_hand_evicts_as_a_request_does(self) -> None:
        node = Node(room=1)
        node.serve("a")
        assert ended(node.tell(LoadAsked("b"))) == ["a"]
        assert spawned(node.exited("a")) == ["b"]
        node.loaded("b")
        assert node.scheduler.by_hand == {}

    def test_a_load_by_hand_that_cannot_be_is_refused_and_evicts_nobody(self) -> None:
        node = Node(room=2)
        node.serve("a")
        node.tell(FilesScanned((make_file("a"), make_file("huge", 1000), make_file("bad", problem="no"))))
        with pytest.raises(ModelTooLarge):
            node.tell(LoadAsked("huge"))
        with pytest.raises(ModelBroken):
            node.tell(LoadAsked("bad"))
        assert node.state("a") is InstanceState.READY

    def test_a_load_by_hand_that_crashes_is_not_tried_again(self) -> None:
        node = Node()
        node.tell(LoadAsked("a"))
        node.exited("a")
        assert spawned(node.tell(Woken(), after_ms=60_000)) == []

    def test_an_unload_lets_the_running_request_finish_and_who_waits_has_it_loaded_again(self) -> None:
        node = Node()
        running, _ = node.ask("a")
        node.loaded("a")
        node.ask("a")
        assert node.tell(UnloadAsked("a")) == []
        assert started(node.ask("a")[1]) == []
        assert ended(node.tell(RequestEnded(running))) == ["a"]
        assert spawned(node.exited("a")) == ["a"]

    def test_an_unload_kills_a_load_and_forgets_the_preload(self) -> None:
        node = Node()
        node.tell(PreloadAsked("a"))
        assert ended(node.tell(UnloadAsked("a"))) == ["a"]
        assert spawned(node.exited("a")) == []

    def test_what_a_broker_holds_is_not_unloaded_by_hand(self) -> None:
        node = Node()
        node.tell(InferenceUpAsked(1, "a", "", PARAMS))
        node.loaded("a")
        with pytest.raises(ModelManaged):
            node.tell(UnloadAsked("a"))
        assert node.state("a") is InstanceState.READY

    def test_a_stopped_node_loads_nothing_by_hand_and_a_draining_one_neither(self) -> None:
        node = Node()
        node.tell(StopAsked(1))
        with pytest.raises(NodeNotServing):
            node.tell(LoadAsked("a"))
        node.tell(DrainAsked(1000))
        with pytest.raises(NodeDraining):
            node.tell(UnloadAsked("a"))


class TestReadiness:
    def test_without_preloads_the_first_answer_makes_it_ready(self) -> None:
        node = Node()
        assert not node.scheduler.readiness.ready
        node.serve("a")
        assert node.scheduler.readiness.ready

    def test_with_preloads_all_of_them_must_answer(self) -> None:
        node = Node(room=2)
        node.tell(PreloadAsked("a"))
        node.tell(PreloadAsked("b"))
        node.loaded("a")
        assert (node.scheduler.readiness.ready, node.scheduler.readiness.awaited) == (False, ("b",))
        node.loaded("b")
        assert node.scheduler.readiness.ready

    def test_a_preload_that_finds_no_memory_or_cannot_be_loaded_is_not_awaited(self) -> None:
        node = Node(room=2)
        for model in "abc":
            node.tell(PreloadAsked(model))
        node.loaded("a")
        node.exited("b", code="CORRUPT")
        assert node.scheduler.readiness.awaited == ("c",)
        node.loaded("c")
        assert node.scheduler.readiness.ready

    def test_a_crash_of_the_only_model_makes_it_unready(self) -> None:
        node = Node()
        node.serve("a")
        node.exited("a")
        assert not node.scheduler.readiness.ready


class TestLane:
    def test_only_so_many_models_load_at_once_and_the_next_begins_when_one_is_done(self) -> None:
        node = Node(room=3, max_loads=1)
        assert spawned(node.ask("a")[1]) == ["a"]
        assert spawned(node.ask("b")[1]) == []
        assert spawned(node.loaded("a")) == ["b"]

    def test_a_load_that_fails_leaves_the_lane(self) -> None:
        node = Node(room=3, max_loads=1)
        node.ask("a")
        node.ask("b")
        assert spawned(node.exited("a")) == ["b"]

    def test_preloads_come_after_who_waits(self) -> None:
        node = Node(room=3, max_loads=1)
        node.tell(PreloadAsked("a"))
        node.tell(PreloadAsked("b"))
        node.ask("c")
        assert spawned(node.loaded("a")) == ["c"]
        assert spawned(node.loaded("c")) == ["b"]
