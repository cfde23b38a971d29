"""The phase tracker: in order, past gaps, deaf to old news, honest about silence."""

from hypothesis import given
from hypothesis import strategies as st

from broker.facts import Phase
from broker.phases import PhaseTracker
from tests.broker.world import make_block, make_epoch


def test_before_the_first_block_nothing_is_known() -> None:
    tracker = PhaseTracker(30.0)
    assert tracker.get_fresh(0.0) is None
    assert tracker.explain_staleness(0.0)


def test_a_gap_is_passed_over_and_the_change_of_phase_is_seen() -> None:
    tracker = PhaseTracker(30.0)
    tracker.fold(make_block(39), False, 0.0)
    advance = tracker.fold(make_block(53), False, 1.0)
    assert advance is not None
    assert (advance.phase_changed, advance.latest_changed, advance.effective_changed) == (True, True, False)
    assert tracker.epoch.phase == Phase.POC_VALIDATE


def test_silence_makes_it_stale_and_a_block_fresh_again() -> None:
    tracker = PhaseTracker(30.0)
    tracker.fold(make_block(5), False, 0.0)
    assert tracker.get_fresh(30.0) is not None
    assert tracker.get_fresh(30.1) is None
    tracker.fold(make_block(6), False, 31.0)
    assert tracker.get_fresh(31.0) is not None


def test_a_lost_stream_is_stale_at_once() -> None:
    tracker = PhaseTracker(30.0)
    tracker.fold(make_block(5), False, 0.0)
    tracker.lose("closed")
    assert tracker.get_fresh(0.0) is None
    tracker.fold(make_block(6), False, 1.0)
    assert tracker.get_fresh(1.0) is not None


def test_a_block_on_the_way_to_the_newest_is_not_fresh() -> None:
    tracker = PhaseTracker(30.0)
    tracker.fold(make_block(5), True, 0.0)
    assert tracker.get_fresh(0.0) is None


@given(st.lists(st.integers(1, 120), min_size=1))
def test_whatever_the_order_the_highest_block_counts(heights: list[int]) -> None:
    tracker = PhaseTracker(30.0)
    for height in heights:
        newer = height > tracker.height
        assert (tracker.fold(make_block(height), False, 0.0) is not None) == newer
    assert tracker.height == max(heights)
    assert tracker.epoch == make_epoch(max(heights))
