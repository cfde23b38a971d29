"""The clock, for any schedule that the parameters allow."""

from hypothesis import assume, given
from hypothesis import strategies as st

from chain.epochs import rules
from chain.epochs.types import EpochParams, EpochPhase
from chain.params import validate
from chain.profiles import DEFAULT
from chain.records import replace

ORDER = [
    EpochPhase.POC_GENERATE,
    EpochPhase.POC_GENERATE_WIND_DOWN,
    EpochPhase.POC_VALIDATE,
    EpochPhase.POC_VALIDATE_WIND_DOWN,
    EpochPhase.INFERENCE,
]


@st.composite
def schedules(draw: st.DrawFn) -> EpochParams:
    """Schedules that are valid, with short stages so that edges meet."""
    schedule = replace(
        DEFAULT.epoch,
        epoch_length=draw(st.integers(2, 80)),
        epoch_shift=draw(st.integers(0, 40)),
        poc_stage_duration=draw(st.integers(1, 20)),
        poc_exchange_duration=draw(st.integers(1, 6)),
        poc_validation_delay=draw(st.integers(0, 6)),
        poc_validation_duration=draw(st.integers(1, 20)),
        set_new_validators_delay=draw(st.integers(0, 6)),
    )
    assume(not validate(replace(DEFAULT, epoch=schedule)))
    return schedule


@given(schedules(), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_boundaries_come_in_order_and_fit_into_the_epoch(
    schedule: EpochParams, index: int, start: int
) -> None:
    at = rules.compute_boundaries(index, start, schedule)
    assert at.poc_start <= at.generation_wind_down < at.generation_end < at.exchange_deadline
    assert at.generation_end <= at.validation_start <= at.validation_wind_down < at.validation_end
    assert at.exchange_deadline < at.validation_end <= at.set_new_validators < at.claim <= at.next_poc_start
    assert at.next_poc_start == start + schedule.epoch_length


@given(schedules(), st.integers(1, 10**6))
def test_phases_follow_each_other_without_a_gap_and_wind_down_begins_after_eight_tenths(
    schedule: EpochParams, start: int
) -> None:
    at = rules.compute_boundaries(1, start, schedule)
    heights = range(start, at.next_poc_start)
    phases = [rules.compute_phase(at, height) for height in heights]
    assert phases == sorted(phases, key=ORDER.index)
    assert rules.compute_phase(at, start - 1) == EpochPhase.INFERENCE
    winding = EpochPhase.POC_GENERATE_WIND_DOWN
    lasts = at.validation_start - start
    for since, phase in zip(range(lasts), phases, strict=False):
        assert (phase == winding) == (since >= schedule.poc_stage_duration * 8 // 10)
    assert phases.count(EpochPhase.INFERENCE) == at.next_poc_start - at.validation_end


@given(schedules(), st.integers(1, 10**6))
def test_the_windows_are_as_long_as_the_parameters_say_and_open_after_their_edge(
    schedule: EpochParams, start: int
) -> None:
    at = rules.compute_boundaries(1, start, schedule)
    heights = range(start - 2, at.next_poc_start + 2)
    batches = [height for height in heights if rules.is_batch_height(at, height)]
    votes = [height for height in heights if rules.is_vote_height(at, height)]
    assert (batches[0], batches[-1]) == (start + 1, at.exchange_deadline)
    assert len(batches) == schedule.poc_stage_duration + schedule.poc_exchange_duration
    assert (votes[0], votes[-1]) == (at.validation_start + 1, at.validation_end)
    assert len(votes) == schedule.poc_validation_duration


@given(schedules(), st.integers(0, 200))
def test_epoch_0_has_no_proof_of_compute(schedule: EpochParams, height: int) -> None:
    at = rules.compute_boundaries(0, 0, schedule)
    assert at.next_poc_start == schedule.epoch_length - schedule.epoch_shift > 0
    assert rules.compute_phase(at, height) == EpochPhase.INFERENCE
    assert not rules.is_batch_height(at, height) and not rules.is_vote_height(at, height)
