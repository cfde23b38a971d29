"""Figures of participants: weight, reputation, misses with their sample size, and counts."""

import pytest

from chain.errors import ErrParticipantNotFound
from chain.fixed import Decimal
from chain.inference.types import EpochPerformanceSummary
from chain.nodes.types import CurrentEpochStats
from chain.profiles import DEFAULT
from chain.queries import participant_types as q
from chain.queries.participants import build_downtime
from chain.queries.types import PageRequest
from chain.records import replace
from tests.chain.validation.panel import Panel

COLLATERAL = DEFAULT.collateral


@pytest.mark.parametrize(
    ("finished", "missed", "share", "is_downtime"),
    [
        (0, 0, Decimal(0), False),
        (95, 5, Decimal(5 * 10**16, -18), False),
        (94, 6, Decimal(6 * 10**16, -18), True),
        (0, 1, Decimal(10**18, -18), True),
        (2, 1, Decimal(333333333333333333, -18), True),
        (1, 2, Decimal(666666666666666667, -18), True),
    ],
)
def test_a_share_of_misses_comes_with_its_sample(
    finished: int, missed: int, share: Decimal, is_downtime: bool
) -> None:
    stats = CurrentEpochStats(inference_count=finished, missed_requests=missed)
    found = build_downtime(stats, COLLATERAL)
    assert (found.missed_requests, found.sample_size, found.is_downtime) == (
        missed,
        finished + missed,
        is_downtime,
    )
    assert found.missed_share.value * 10**18 == share.value * 10 ** (
        18 + share.exponent - found.missed_share.exponent
    )


def test_a_small_sample_is_no_downtime_where_the_parameters_say_so() -> None:
    stats = CurrentEpochStats(inference_count=8, missed_requests=1)
    assert build_downtime(stats, COLLATERAL).is_downtime
    assert not build_downtime(stats, replace(COLLATERAL, downtime_min_sample=10)).is_downtime
    assert not build_downtime(stats, replace(COLLATERAL, downtime_test="binomial")).is_downtime


@pytest.fixture
def panel() -> Panel:
    panel = Panel()
    panel.change("exec", current_epoch_stats=CurrentEpochStats(3, 1, earned_coins=9), epochs_completed=4)
    return panel


def test_one_is_told_by_weight_reputation_and_misses(panel: Panel) -> None:
    request = q.QueryGetParticipantCurrentStatsRequest(panel.address("exec"))
    answer = panel.ask("GetParticipantCurrentStats", request)
    assert isinstance(answer, q.QueryGetParticipantCurrentStatsResponse)
    assert (answer.weight, answer.reputation) == (30, 0)
    assert (answer.downtime.missed_requests, answer.downtime.sample_size) == (1, 4)
    with pytest.raises(ErrParticipantNotFound):
        panel.ask("GetParticipantCurrentStats", q.QueryGetParticipantCurrentStatsRequest("mesh1x"))


def test_all_are_told_page_by_page(panel: Panel) -> None:
    found, key = [], b""
    for _ in panel.signers:
        request = q.QueryGetAllParticipantCurrentStatsRequest(PageRequest(key=key, limit=1))
        answer = panel.ask("GetAllParticipantCurrentStats", request)
        assert isinstance(answer, q.QueryGetAllParticipantCurrentStatsResponse)
        assert (answer.block_height, answer.epoch_id) == (panel.height, 0)
        found += [(entry.participant_id, entry.weight) for entry in answer.participant_current_stats]
        key = answer.pagination.next_key
    assert key == b""
    weights = {"exec": 30, "other": 10, "agent": 7, "dev": 4}
    assert found == sorted((panel.address(name), weight) for name, weight in weights.items())
    assert panel.ask("CountParticipants", q.QueryCountParticipantsRequest()) == (
        q.QueryCountParticipantsResponse(4)
    )


def test_the_full_figures_hold_the_last_settled_reward(panel: Panel) -> None:
    summary = EpochPerformanceSummary(0, panel.address("exec"), rewarded_coins=55)
    panel.keepers.inferences.set_summary(panel.context(), summary)
    panel.keepers.slashing.set_jailed(panel.context(), panel.address("exec"), "downtime")
    answer = panel.ask("GetParticipantsFullStats", q.QueryGetParticipantsFullStatsRequest())
    assert isinstance(answer, q.QueryGetParticipantsFullStatsResponse)
    (found,) = [s for s in answer.participants_stats if s.account_address == panel.address("exec")]
    assert (found.earned_coins_current_epoch, found.rewarded_coins_latest_epoch) == (9, 55)
    assert (found.epochs_completed, found.weight, found.jailed) == (4, 30, True)
    assert found.current_epoch_stats.inference_count == 3


def test_key_and_balance_of_a_participant_are_told(panel: Panel) -> None:
    answer = panel.ask("InferenceParticipant", q.QueryInferenceParticipantRequest(panel.address("dev")))
    assert isinstance(answer, q.QueryInferenceParticipantResponse)
    assert (answer.key_type, len(answer.pubkey)) == ("secp256k1", 44)
    assert int(answer.balance.amount) == panel.balance("dev")
