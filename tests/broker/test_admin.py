"""The operator's decisions: when they take effect, and that repeating or taking them back leaves no trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.admin import disable, enable, is_wanted, resolve_admin_state, should_be_operational
from broker.facts import EpochView, Phase
from broker.nodes import AdminState

POC_PHASES = [phase for phase in Phase if phase != Phase.INFERENCE]


def at(epoch: int, phase: Phase) -> EpochView:
    return EpochView(0, epoch, epoch, phase)


@pytest.mark.parametrize("phase", POC_PHASES)
def test_enabled_in_this_epoch_waits_through_its_proof_of_compute(phase: Phase) -> None:
    assert not should_be_operational(AdminState(True, 10), 10, phase)


def test_enabled_in_this_epoch_works_in_its_inference_phase() -> None:
    assert should_be_operational(AdminState(True, 10), 10, Phase.INFERENCE)


@pytest.mark.parametrize("phase", list(Phase))
def test_enabled_earlier_always_works(phase: Phase) -> None:
    assert should_be_operational(AdminState(True, 10), 11, phase)


@pytest.mark.parametrize("phase", list(Phase))
def test_disabled_works_to_the_end_of_its_epoch_and_not_longer(phase: Phase) -> None:
    assert should_be_operational(AdminState(False, 11), 11, phase)
    assert not should_be_operational(AdminState(False, 11), 12, phase)


def test_disabling_twice_does_not_move_the_end() -> None:
    once = disable(AdminState(True, 3), at(5, Phase.INFERENCE))
    assert disable(once, at(6, Phase.POC_GENERATE)) == once
    assert not should_be_operational(once, 6, Phase.POC_GENERATE)


def test_enabling_twice_in_a_proof_of_compute_does_not_stop_a_mining_node() -> None:
    mining = AdminState(True, 3)
    assert enable(mining, at(5, Phase.POC_GENERATE)) == mining


def test_a_retiring_node_that_is_enabled_again_goes_on_as_before() -> None:
    before = AdminState(True, 3)
    after = enable(disable(before, at(5, Phase.POC_VALIDATE)), at(5, Phase.POC_VALIDATE))
    assert after.enabled
    assert should_be_operational(after, 5, Phase.POC_VALIDATE)


def test_disabling_a_node_that_waits_to_be_enabled_does_not_start_it() -> None:
    stopped = AdminState(False, 3)
    waiting = enable(stopped, at(5, Phase.POC_GENERATE))
    again = disable(waiting, at(5, Phase.POC_GENERATE))
    assert not again.enabled
    assert not any(should_be_operational(again, 5, phase) for phase in Phase)


def test_a_new_node_disabled_before_it_ever_worked_stays_out() -> None:
    fresh = resolve_admin_state(AdminState(), at(5, Phase.POC_GENERATE))
    out = disable(fresh, at(5, Phase.POC_GENERATE))
    assert not any(should_be_operational(out, 5, phase) for phase in Phase)


def test_a_decision_before_the_first_block_waits_and_is_made_then() -> None:
    held = disable(AdminState(), None)
    assert not is_wanted(held)
    made = resolve_admin_state(held, at(4, Phase.INFERENCE))
    assert (made.enabled, made.epoch, made.pending) == (False, 4, None)


def test_a_held_decision_that_is_taken_back_is_none() -> None:
    assert enable(disable(AdminState(), None), None) == AdminState()


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[bool, EpochView]]:
    """Decisions at moments that do not run backwards: phases go PoC first, then inference."""
    order = [*POC_PHASES, Phase.INFERENCE]
    moments = sorted(draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=12)))
    return [(draw(st.booleans()), at(epoch, order[phase])) for epoch, phase in moments]


@given(histories())
def test_no_decision_changes_what_a_node_does_now_except_enabling_in_the_inference_phase(
    history: list[tuple[bool, EpochView]],
) -> None:
    admin = AdminState(True, 0)
    for wanted, epoch in history:
        before = should_be_operational(admin, epoch.latest_epoch_index, epoch.phase)
        admin = (enable if wanted else disable)(admin, epoch)
        after = should_be_operational(admin, epoch.latest_epoch_index, epoch.phase)
        assert admin.enabled == wanted
        if not wanted or epoch.phase != Phase.INFERENCE:
            assert after == before
        else:
            assert after


@given(histories())
def test_the_last_decision_alone_decides_the_next_epoch(history: list[tuple[bool, EpochView]]) -> None:
    admin = AdminState(True, 0)
    for wanted, epoch in history:
        admin = (enable if wanted else disable)(admin, epoch)
    last = history[-1]
    following = last[1].latest_epoch_index + 1
    assert should_be_operational(admin, following, Phase.POC_GENERATE) == last[0]
