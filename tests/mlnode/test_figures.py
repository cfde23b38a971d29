"""What is counted, and how."""

from mlnode.actions import EndReason, EndWorker, SpawnWorker
from mlnode.events import WorkerExited, WorkerLoaded
from mlnode.figures import Figures, Histogram, Pace
from mlnode.instance import LoadParams

PARAMS = LoadParams(512, 1, 1, 0)


def spawn(figures: Figures, worker: int, now_ms: int = 0) -> None:
    figures.note_action(SpawnWorker("a", worker, "/a.gguf", PARAMS, 1), now_ms)


def end(figures: Figures, worker: int, reason: EndReason) -> None:
    figures.note_action(EndWorker("a", worker, reason), 0)


def test_a_time_on_a_bound_belongs_below_it_and_what_is_longer_than_all_is_counted_too() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(seconds)
    assert histogram.cumulate() == [("0.1", 2), ("1.0", 3), ("+Inf", 4)]
    assert (histogram.count, histogram.sum_s) == (4, 7.65)


def test_a_pace_is_that_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.compute(0) == 0
    for step in range(400):
        pace.note(2, step / 40)
    assert 75 < pace.compute(10) < 85
    assert 35 < pace.compute(12.5) < 45, "half of the window is silent"
    assert pace.compute(16) == 0


def test_a_short_answer_is_not_measured_by_the_whole_window() -> None:
    pace = Pace()
    for step in range(40):
        pace.note(1, 100 + step / 40)
    assert 35 < pace.compute(101) < 45


def test_a_load_ends_well_or_badly_or_is_ended() -> None:
    figures = Figures()
    for worker in (1, 2, 3, 4):
        spawn(figures, worker)
    figures.note_event(WorkerLoaded("a", 1, 10), 1500)
    figures.note_event(WorkerExited("a", 2, "exit status 3", "CORRUPT"), 1600)
    end(figures, 3, EndReason.COMMAND)
    figures.note_event(WorkerExited("a", 3, ""), 1700)
    end(figures, 4, EndReason.HUNG)
    figures.note_event(WorkerExited("a", 4, "killed by signal 9"), 1800)
    assert figures.of("a").loads == {"ok": 1, "failed": 2, "ended": 1}
    assert (figures.of("a").load.count, figures.of("a").load.sum_s) == (1, 1.5)
    assert figures.of("a").crashes == 0


def test_an_end_that_was_asked_for_is_an_eviction_and_any_other_a_crash() -> None:
    figures = Figures()
    for worker, reason in enumerate((EndReason.ROOM, EndReason.ROOM, EndReason.DRAIN, EndReason.HUNG, None)):
        spawn(figures, worker)
        figures.note_event(WorkerLoaded("a", worker, 10), 1)
        for _ in range(2 if reason else 0):
            end(figures, worker, reason or EndReason.ROOM)
        figures.note_event(WorkerExited("a", worker, ""), 2)
    assert figures.of("a").evictions == {"room": 2}
    assert figures.of("a").crashes == 2


def test_tokens_of_one_step_share_its_time() -> None:
    figures = Figures()
    figures.note_tokens("a", 1, None, 1.0)
    figures.note_tokens("a", 4, 0.08, 1.08)
    assert figures.of("a").tokens_generated == 5
    assert dict(figures.of("a").inter_token.cumulate())["0.025"] == 4


def test_what_left_the_folder_is_forgotten_and_the_nameless_stay() -> None:
    figures = Figures()
    for model in ("a", "b", ""):
        figures.note_end(model, "ok", 1.0)
    figures.forget({"b"})
    assert sorted(figures.models) == ["", "b"]
    assert figures.sum_requests() == {"ok": 2}
