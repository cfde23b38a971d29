"""What was mined is reported in order, at least once, and resumes where it was left."""

from dataclasses import replace
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mlnode.mining import REPORT_PART, REPORT_S, Mining, compute_report_due_s
from mlnode.mode import PocJob, PocStage

JOB = PocJob(PocStage(7, b"h" * 32, 10**6), "a", b"\2" * 33, 0, 1, "n", "x:1", "t", 100, 10)


@given(st.lists(st.integers(0, 25), max_size=8), st.data())
def test_every_nonce_is_reported_once_in_order_and_never_more_than_the_limit(
    counts: list[int], data: st.DataObject
) -> None:
    mining, start, taken = Mining(JOB), 100, []
    for count in counts:
        nonces = list(range(start, start + count))
        start += count + 5
        mining.add(nonces, [nonce * 2 for nonce in nonces], start)
        while data.draw(st.booleans()) and (report := mining.peek()):
            mining.take(report)
            taken.append(report)
    mining.finished = True
    while report := mining.peek():
        mining.take(report)
        taken.append(report)
    nonces = [nonce for report in taken for nonce in report.nonces]
    assert nonces == sorted(set(nonces))
    assert len(nonces) == sum(counts) == mining.found == mining.delivered
    assert all(0 < len(report.nonces) <= 10 for report in taken)
    assert all(report.dist_micro == tuple(2 * nonce for nonce in report.nonces) for report in taken)
    for report, following in pairwise(taken):
        assert max(report.nonces) < report.next_nonce <= min(following.nonces)
    assert mining.is_over


@given(st.integers(10, 10_000))
def test_a_death_costs_two_seconds_or_a_tenth_and_reports_stay_few(length_s: int) -> None:
    reported_s, reports = 0.0, 0
    while (due_s := compute_report_due_s(0.0, reported_s)) <= length_s:
        assert due_s - reported_s <= max(REPORT_S, due_s / REPORT_PART)
        reported_s, reports = due_s, reports + 1
    assert length_s - reported_s <= max(REPORT_S, length_s / REPORT_PART)
    assert reports <= 80


def test_a_report_that_was_not_taken_is_offered_again() -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    assert mining.peek() is mining.peek()
    assert mining.delivered == 0


def test_another_run_of_the_job_goes_on_with_what_is_not_delivered() -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    run = mining.resume(JOB)
    assert (run.next_nonce, run.found) == (110, 1)
    assert run.peek() is not None
    assert mining.peek() is None


def test_what_the_broker_refuses_is_dropped_and_nothing_is_offered_any_more() -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    mining.refuse("the stage is over")
    mining.add([111], [5], 120)
    assert mining.peek() is None
    assert mining.is_over


def test_another_order_for_the_same_share_goes_on_where_the_last_run_stood() -> None:
    mining = Mining(JOB)
    mining.add([101, 105], [5, 6], 110)
    first = mining.peek()
    assert first is not None
    mining.take(first)
    mining.add([111], [5], 120)
    run = mining.resume(replace(JOB, first_nonce=110, callback_token="new"))
    assert (run.next_nonce, run.found, run.delivered) == (120, 3, 2)
    report = run.peek()
    assert report is not None
    assert report.nonces == (111,)
    assert mining.resume(replace(JOB, first_nonce=500)).next_nonce == 500


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, first_nonce=50),
        replace(JOB, node_rank=1, node_count=2),
        replace(JOB, stage=PocStage(8, b"i" * 32, 10**6)),
        replace(JOB, model="b"),
    ],
)
def test_a_broker_that_knows_less_and_another_share_begin_anew(job: PocJob) -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    report = mining.peek()
    assert report is not None
    mining.take(report)
    run = mining.resume(job)
    assert (run.next_nonce, run.found, run.peek()) == (job.first_nonce, 0, None)


def test_a_broker_that_refused_and_asks_again_gets_everything() -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    mining.refuse("the stage is not known")
    run = mining.resume(replace(JOB, first_nonce=101))
    assert (run.next_nonce, run.refused) == (101, "")


def test_an_answer_to_a_report_that_another_run_took_over_changes_nothing() -> None:
    mining = Mining(JOB)
    mining.add([101], [5], 110)
    report = mining.peek()
    assert report is not None
    run = mining.resume(JOB)
    mining.take(report)
    assert (mining.delivered, run.peek()) == (0, report)
