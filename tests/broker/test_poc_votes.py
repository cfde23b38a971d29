"""Judging the others: whatever they claim, every participant gets one vote and nothing raises."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import actions, events
from broker.facts import ClaimedBatch, MinerWork, PocAdmission, PocStage
from broker.poc_votes import Validation, collect_claims, draw_sample, judge, open_ballots
from tests.broker.world import KEY, MODEL, PARAMS, World, make_block, make_epoch, of, start

ADMITTED = (PocAdmission("mesh1x", "n", MODEL), PocAdmission("mesh1y", "n", MODEL))
STAGE = PocStage(1, 40, b"hash40", PARAMS, ADMITTED)


def work(participant: str, nonces: range | tuple[int, ...], node_id: str = "n") -> MinerWork:
    dist = tuple(1_000_000 for _ in nonces)
    return MinerWork(
        participant, b"\x02" + participant.encode().ljust(32), (ClaimedBatch(node_id, tuple(nonces), dist),)
    )


def validating(*miners: MinerWork, invalid: int = 0, nodes: tuple[str, ...] = ("a",)) -> World:
    """A world that finds these batches on chain and nodes that find `invalid` mismatches in each chunk."""
    world = start(*nodes)
    healthy = world.answer

    def answer(action: actions.Action) -> events.Event | None:
        match action:
            case actions.QueryPocBatches(start_height):
                return events.PocBatchesReceived(start_height, miners)
            case actions.QueryPocStage():
                reply = healthy(action)
                own = reply.stage.admissions
                return events.PocStageReceived(PocStage(1, 40, b"hash40", PARAMS, own + ADMITTED))
            case actions.ValidateNonces(job_id, node_id):
                return events.NoncesValidated(
                    job_id, node_id, action.dist_micro, min(invalid, len(action.nonces))
                )
        return healthy(action)

    world.answer = answer
    return world


def votes(world: World) -> dict[str, tuple[bool, int, int]]:
    found = of(actions.SubmitPocValidation, world.asked)
    assert len({vote.participant for vote in found}) == len(found)
    return {vote.participant: (vote.fraud_detected, vote.n_invalid, len(vote.nonces)) for vote in found}


def test_everyone_with_batches_gets_one_vote() -> None:
    world = validating(work("mesh1x", range(40)), work("mesh1y", range(10)))
    world.run_to(58)
    assert votes(world) == {"mesh1x": (False, 0, 40), "mesh1y": (False, 0, 10)}


def test_a_large_claim_is_sampled() -> None:
    world = validating(work("mesh1x", range(1000)))
    world.run_to(58)
    assert votes(world) == {"mesh1x": (False, 0, PARAMS.validation_sample_size)}


def test_mismatches_beyond_chance_are_fraud() -> None:
    world = validating(work("mesh1x", range(200)), invalid=1)
    world.run_to(58)
    assert votes(world) == {"mesh1x": (True, 7, 200)}


@pytest.mark.parametrize(("late", "fraud"), [(40, False), (120, True)])
def test_claims_that_were_shaded_within_the_tolerance_are_fraud_when_there_are_many(
    late: int, fraud: bool
) -> None:
    """All of them mined a little beyond the target, and said to lie a little before it."""
    world = validating(work("mesh1x", range(200)))
    inner, seen = world.answer, [0]

    def answer(action: actions.Action) -> events.Event | None:
        if not isinstance(action, actions.ValidateNonces):
            return inner(action)
        first = seen[0]
        seen[0] += len(action.nonces)
        target = PARAMS.r_target_micro
        again = tuple(target if index < late else target - 1 for index in range(first, seen[0]))
        return events.NoncesValidated(action.job_id, action.node_id, again, 0)

    world.answer = answer
    world.run_to(58)
    assert votes(world) == {"mesh1x": (fraud, 0, 200)}


def test_repeated_nonces_are_mismatches() -> None:
    world = validating(work("mesh1x", (3,) * 50))
    world.run_to(58)
    assert votes(world) == {"mesh1x": (True, 49, 50)}


def test_nonces_of_a_node_that_was_not_admitted_are_mismatches() -> None:
    world = validating(work("mesh1x", range(20), node_id="ghost"))
    world.run_to(58)
    assert votes(world) == {"mesh1x": (True, 20, 20)}


def test_one_malicious_participant_does_not_stop_the_votes_on_the_others() -> None:
    evil = MinerWork(
        "mesh1x", b"", (ClaimedBatch("n", (-5, 2**70, 1, 1, 7), (2**70, -1)), ClaimedBatch("", (), (1,)))
    )
    world = validating(evil, work("mesh1y", range(10)))
    world.run_to(58)
    assert set(votes(world)) == {"mesh1x", "mesh1y"}
    assert votes(world)["mesh1y"] == (False, 0, 10)


def test_a_vote_that_was_lost_is_sent_again_with_the_same_verdict() -> None:
    world = validating(work("mesh1x", range(10)))
    inner, lost = world.answer, []

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.SubmitPocValidation) and not lost:
            lost.append(action)
            return events.TxFailed(action.key, "lost")
        return inner(action)

    world.answer = answer
    world.run_to(58)
    sent = of(actions.SubmitPocValidation, world.asked)
    assert sent == [lost[0], lost[0]]
    assert len(of(actions.StoreVote, world.asked)) == 1


def test_a_chunk_that_fails_on_one_node_is_given_to_another() -> None:
    world = validating(work("mesh1x", range(10)), nodes=("a", "b"))
    inner = world.answer

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.ValidateNonces) and action.node_id == "a":
            return events.NoncesNotValidated(action.job_id, "a", "UNAVAILABLE", "gone")
        return inner(action)

    world.answer = answer
    world.run_to(58)
    assert [item.node_id for item in of(actions.ValidateNonces, world.asked)] == ["a", "b"]
    assert votes(world) == {"mesh1x": (False, 0, 10)}


def test_when_nothing_could_be_recomputed_there_is_no_vote() -> None:
    world = validating(work("mesh1x", range(10)))
    inner = world.answer

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.ValidateNonces):
            return events.NoncesNotValidated(action.job_id, action.node_id, "NOT_FOUND", "no file")
        return inner(action)

    world.answer = answer
    world.run_to(60)
    assert votes(world) == {}
    assert len(of(actions.ValidateNonces, world.asked)) == 5


def test_late_partial_results_are_voted_on_before_the_window_closes() -> None:
    world = validating(work("mesh1x", range(64)))
    inner, given_up = world.answer, []

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.ValidateNonces) and action.nonces[0] >= 32:
            given_up.append(action)
            return None
        return inner(action)

    world.answer = answer
    world.run_to(56)
    assert votes(world) == {}
    world.run_to(58)
    assert given_up
    assert votes(world) == {"mesh1x": (False, 0, 32)}


def test_the_window_is_not_missed_when_the_first_block_of_validation_is() -> None:
    world = validating(work("mesh1x", range(10)))
    world.run_to(51)
    world.advance(55)
    world.advance(56)
    assert set(votes(world)) == {"mesh1x"}


def test_a_sample_is_the_same_every_time_and_another_for_another_seed() -> None:
    claims = collect_claims(STAGE, work("mesh1x", range(500)))
    assert draw_sample(claims, 50, b"a") == draw_sample(claims, 50, b"a")
    assert draw_sample(claims, 50, b"a") != draw_sample(claims, 50, b"b")
    assert len({claim.nonce for claim in draw_sample(claims, 50, b"a")}) == 50


anything = st.integers(-(2**70), 2**70)
lists = st.lists(anything | st.integers(0, 5), max_size=20).map(tuple)
batches = st.builds(ClaimedBatch, st.sampled_from(["n", "", "ghost"]), lists, lists)


@given(
    st.lists(
        st.builds(
            MinerWork,
            st.sampled_from(["mesh1x", "mesh1y"]),
            st.binary(max_size=40),
            st.lists(batches, max_size=3).map(tuple),
        ),
        max_size=3,
        unique_by=lambda item: item.participant,
    )
)
def test_no_claim_raises_and_every_claim_in_the_sample_is_judged(miners: list[MinerWork]) -> None:
    validation = Validation(STAGE)
    open_ballots(validation, miners, KEY)
    for ballot in validation.ballots.values():
        verdict = judge(STAGE, ballot)
        assert verdict.n_invalid == len(ballot.nonces)
    waiting = sum(len(job.nonces) for job in validation.jobs.values())
    counted = sum(len(ballot.nonces) for ballot in validation.ballots.values())
    claims = sum(len(collect_claims(STAGE, miner)) for miner in miners)
    assert waiting + counted == claims


@pytest.mark.parametrize("height", [53, 56])
def test_a_participant_is_voted_on_once_however_long_the_window_is(height: int) -> None:
    world = validating(work("mesh1x", range(10)))
    world.run_to(height)
    assert len(of(actions.StoreVote, world.asked)) == 1
    world.run_to(60)
    assert len(votes(world)) == 1


OTHER = PocStage(1, 40, b"hash40", PARAMS, (PocAdmission("mesh1x", "n", "foreign-model"),))


def of_a_foreign_model(*miners: MinerWork) -> World:
    """The same, but what mesh1x mined with is a model of which nobody here has a file."""
    world = validating(*miners)
    known = world.answer

    def answer(action: actions.Action) -> events.Event | None:
        if isinstance(action, actions.QueryPocStage):
            own = known(action).stage.admissions
            mine = tuple(one for one in own if one.participant not in ("mesh1x", "mesh1y"))
            return events.PocStageReceived(PocStage(1, 40, b"hash40", PARAMS, mine + OTHER.admissions))
        return known(action)

    world.answer = answer
    return world


def test_who_mined_with_a_model_that_we_do_not_have_gets_no_vote_and_the_status_says_why() -> None:
    world = of_a_foreign_model(work("mesh1x", range(40)))
    world.run_to(58)
    assert votes(world) == {}
    told = world.ask(events.StatusAsked).abstentions
    assert told == ("no vote on mesh1x: no node of ours has a file for foreign-model",)


def test_a_few_repeated_nonces_convict_nobody_whose_other_nonces_could_not_be_recomputed() -> None:
    """Four mismatches among 200 are chance; four among the four that could be looked at would not be."""
    nonces = (*range(196), 0, 1, 2, 3)
    world = of_a_foreign_model(work("mesh1x", nonces))
    world.run_to(58)
    assert votes(world) == {}


def test_repeated_nonces_beyond_chance_convict_even_unrecomputed() -> None:
    world = of_a_foreign_model(work("mesh1x", (*range(190), *range(10))))
    world.run_to(58)
    assert votes(world)["mesh1x"][0]


def test_the_batches_are_read_when_none_can_come_any_more() -> None:
    world = validating(work("mesh1x", range(40)))
    late = replace(make_block(53), epoch=replace(make_epoch(53), exchange_deadline_block_height=55))
    asked = world.give(events.BlockCommitted(late))
    world.settle(asked)
    assert not of(actions.QueryPocBatches, world.asked)
    world.advance(55)
    assert of(actions.QueryPocBatches, world.asked)
