"""The clock of who waits: it stands still while the own model's load makes progress, and never for ever."""

from hypothesis import given
from hypothesis import strategies as st

from mlnode.errors import QueueFull, WaitExpired
from mlnode.events import LoadProgressed, RequestEnded, Woken
from mlnode.instance import EndReason, InstanceState
from mlnode.waiting import FRESH_MS, PAUSE_MAX_MS, Clock, Line
from tests.mlnode.scheduled import Node, ended, refusal, started


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["stand", "go"]), st.integers(0, 80)), max_size=12)
)
def test_the_clock_shows_the_time_that_it_did_not_stand(steps: list[tuple[int, str, int]]) -> None:
    clock, now_ms, stood, until_ms = Clock(), 0, 0, 0
    for wait_ms, deed, still_ms in steps:
        for _ in range(wait_ms):
            stood += now_ms < until_ms
            now_ms += 1
        assert clock.read(now_ms) == now_ms - stood
        found_ms = clock.find_ms(clock.read(now_ms) + 7)
        assert clock.read(found_ms) == clock.read(now_ms) + 7
        assert clock.read(found_ms - 1) < clock.read(now_ms) + 7
        if deed == "stand":
            clock.stand(now_ms, now_ms + still_ms)
            until_ms = now_ms + still_ms
        else:
            clock.go(now_ms)
            until_ms = now_ms


def load_on(node: Node, ms: int, step_ms: int = 5_000) -> None:
    """A load that goes on and on."""
    for _ in range(ms // step_ms):
        node.now_ms += step_ms
        permille = node.scheduler.instance_of("a").load_permille + 1
        node.tell(LoadProgressed("a", node.worker("a"), permille))
        assert not any(node.tell(Woken()))


def test_a_load_longer_than_the_wait_is_waited_for_while_it_makes_progress() -> None:
    node = Node(max_wait_ms=10_000)
    request, _ = node.ask("a")
    load_on(node, 120_000)
    assert started(node.loaded("a")) == [request]


def test_without_the_setting_the_wait_includes_the_load() -> None:
    node = Node(max_wait_ms=10_000, wait_pauses_for_load=False)
    request, _ = node.ask("a")
    node.tell(LoadProgressed("a", node.worker("a"), 500), after_ms=9_000)
    assert refusal(node.tell(Woken(), after_ms=1_000), WaitExpired).request == request


def test_a_load_without_progress_stops_the_clock_for_ten_seconds_only() -> None:
    node = Node(max_wait_ms=10_000)
    node.ask("a")
    asked_ms = node.now_ms
    assert node.scheduler.next_wake_ms(asked_ms) == asked_ms + FRESH_MS + 10_000
    node.tell(LoadProgressed("a", node.worker("a"), 0), after_ms=5_000)
    refusal(node.tell(Woken(), after_ms=15_000), WaitExpired)


def test_another_models_load_stops_no_clock() -> None:
    node = Node(room=1, max_wait_ms=10_000)
    node.ask("a")
    waiting, _ = node.ask("b")
    node.tell(LoadProgressed("a", node.worker("a"), 500), after_ms=9_000)
    assert refusal(node.tell(Woken(), after_ms=1_000), WaitExpired).request == waiting


def test_nobody_waits_for_ever_even_for_a_load_that_always_makes_progress() -> None:
    node = Node(max_wait_ms=10_000)
    request, _ = node.ask("a")
    node.scheduler.instance_of("a").load_permille = -(10**6)
    load_on(node, PAUSE_MAX_MS)
    node.tell(LoadProgressed("a", node.worker("a"), 1), after_ms=5_000)
    assert refusal(node.tell(Woken(), after_ms=5_000), WaitExpired).request == request


def test_a_load_without_progress_is_given_up_and_one_with_progress_never() -> None:
    node = Node(max_wait_ms=10**6, load_stall_ms=60_000)
    node.ask("a")
    load_on(node, 300_000)
    assert ended(node.tell(Woken(), after_ms=59_999)) == []
    (action,) = node.tell(Woken(), after_ms=1)
    assert getattr(action, "reason", None) is EndReason.HUNG
    assert node.loaded("a") == []
    assert node.state("a") is InstanceState.LOADING


def test_the_hint_is_the_line_times_the_mean_answer_over_the_slots() -> None:
    line = Line()
    line.waiting.extend([object()] * 7)  # type: ignore[list-item]
    line.service_ms = 900
    assert line.compute_retry_after_s(slots=2) == 4
    assert line.compute_retry_after_s(slots=2, ahead_ms=5_000) == 9
    assert line.compute_retry_after_s(slots=7) == 1
    line.service_ms = 60_000
    assert line.compute_retry_after_s(slots=1) == 60


def test_the_hint_counts_the_load_that_comes_before() -> None:
    node = Node(max_queue_depth=1)
    request, _ = node.ask("a")
    node.loaded("a", after_ms=8_000)
    node.tell(RequestEnded(request), after_ms=1_000)
    node.exited("a")
    node.ask("a")
    full = refusal(node.ask("a")[1], QueueFull)
    assert full.refusal.retry_after_s == 1 + 8 + 1


def test_how_long_answers_take_is_known_after_a_reload() -> None:
    node = Node(room=1)
    request, _ = node.ask("a")
    node.loaded("a")
    node.tell(RequestEnded(request), after_ms=9_000)
    learned_ms = node.scheduler.requests.line("a").service_ms
    node.serve("b")
    node.exited("a")
    assert node.scheduler.requests.line("a").service_ms == learned_ms == 3_000
