"""Memory arithmetic: what is reserved, who goes, and what a waiting claim keeps."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mlnode.placement import Candidate, Ledger, Outlook, choose_victims

candidates = st.lists(
    st.tuples(st.integers(1, 100), st.integers(0, 50), st.booleans()), min_size=0, max_size=6
).map(lambda rows: [Candidate(f"m{i}", mb, used, busy) for i, (mb, used, busy) in enumerate(rows)])


@given(st.integers(1, 400), candidates)
def test_victims_make_room_and_none_is_evicted_for_nothing(short_mb: int, found: list[Candidate]) -> None:
    victims = choose_victims(short_mb, found)
    size = {candidate.model: candidate.reserved_mb for candidate in found}
    if victims is None:
        assert sum(size.values()) < short_mb
        return
    gained_mb = sum(size[model] for model in victims)
    assert gained_mb >= short_mb
    assert all(gained_mb - size[model] < short_mb for model in victims)


def test_idle_models_go_before_busy_ones_and_older_before_newer() -> None:
    busy_old = Candidate("busy", 50, 1, busy=True)
    idle_new = Candidate("new", 50, 9, busy=False)
    idle_old = Candidate("old", 50, 5, busy=False)
    assert choose_victims(50, [busy_old, idle_new, idle_old]) == ("old",)
    assert choose_victims(100, [busy_old, idle_new, idle_old]) == ("old", "new")
    assert choose_victims(101, [busy_old, idle_new, idle_old]) == ("old", "new", "busy")


def test_a_small_victim_is_let_off_when_a_larger_one_suffices() -> None:
    small, large = Candidate("small", 10, 1, busy=False), Candidate("large", 100, 2, busy=False)
    assert choose_victims(80, [small, large]) == ("large",)


def test_more_than_is_free_cannot_be_reserved() -> None:
    ledger = Ledger(100, 20)
    ledger.reserve("a", 50)
    with pytest.raises(AssertionError):
        ledger.reserve("b", 31)
    assert ledger.free_mb == 30
    assert not ledger.grow("a", 81)
    assert ledger.grow("a", 80)
    ledger.release("a")
    assert ledger.free_mb == 80


def test_a_pledge_keeps_what_a_waiting_claim_needs_from_smaller_ones_behind_it() -> None:
    outlook = Outlook(free_mb=30, coming_mb=60)
    assert not outlook.take(80)
    assert outlook.pledge(80)
    assert not outlook.take(20)
    assert outlook.take(10)


def test_a_pledge_that_cannot_be_met_leaves_nothing_to_those_behind() -> None:
    outlook = Outlook(free_mb=30, coming_mb=10)
    assert not outlook.pledge(80)
    assert not outlook.take(1)
