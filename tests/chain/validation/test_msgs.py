"""Validations, votes on inferences, and what comes of them."""

from itertools import permutations

import pytest

from chain.context import Context
from chain.errors import (
    ErrAlreadyValidated,
    ErrInferenceAlreadyInvalidated,
    ErrInferenceExpired,
    ErrInferenceNotFinished,
    ErrInferenceNotFound,
    ErrInferenceNotVoting,
    ErrInvalidRecord,
    ErrInvalidSigner,
    ErrInvalidValidationValue,
    ErrParticipantCannotValidateOwnInference,
    ErrParticipantInvalid,
    ErrParticipantNotFound,
    ErrValidatorNotInGroup,
    Refusal,
)
from chain.fixed import Decimal
from chain.inference.types import InferenceStatus
from chain.nodes.types import ParticipantStatus
from chain.records import replace
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, VoteOutcome
from tests.chain.market import MODEL, NOW_NS
from tests.chain.validation.panel import COST, Panel
from tests.chain.world import AUTHORITY


@pytest.fixture
def panel() -> Panel:
    return Panel()


class TestRefusals:
    """Who may not speak, about what, and when."""

    def test_an_inference_that_nobody_knows(self, panel: Panel) -> None:
        for name in ("nothing", "", "a\0b", "x" * 5000):
            panel.refuses(panel.opinion("other", name), ErrInferenceNotFound)

    def test_one_that_is_only_started_or_only_finished_or_expired(self, panel: Panel) -> None:
        started, finished = panel.start(), panel.finish(timestamp=NOW_NS + 1)
        panel.deliver(started)
        panel.deliver(finished)
        panel.refuses(panel.opinion("other", started.inference_id), ErrInferenceNotFinished)
        panel.refuses(panel.opinion("other", finished.inference_id), ErrInferenceNotFinished)
        panel.begin(26)
        panel.refuses(panel.opinion("other", started.inference_id), ErrInferenceExpired)

    @pytest.mark.parametrize("value", [Decimal(-1, -2), Decimal(101, -2), Decimal(2)])
    def test_a_similarity_outside_of_zero_to_one(self, panel: Panel, value: Decimal) -> None:
        message = replace(panel.opinion("other", panel.serve()), value=value)
        panel.refuses(message, ErrInvalidValidationValue)

    def test_a_similarity_that_is_no_decimal_and_a_hash_that_is_too_long(self, panel: Panel) -> None:
        message = panel.opinion("other", panel.serve())
        panel.refuses(replace(message, value=Decimal(1, -19)), ErrInvalidRecord)
        panel.refuses(replace(message, response_hash="0" * 129), ErrInvalidRecord)

    def test_nobody_validates_its_own_inference_nor_votes_on_it(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.refuses(panel.opinion("exec", inference), ErrParticipantCannotValidateOwnInference)
        panel.validate("agent", inference, 10)
        for percent in (10, 95):
            vote = panel.opinion("exec", inference, percent, revalidation=True)
            panel.refuses(vote, ErrParticipantCannotValidateOwnInference)

    def test_nobody_validates_or_votes_twice(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("agent", inference, 10)
        for percent in (10, 95):
            for revalidation in (False, True):
                again = panel.opinion("agent", inference, percent, revalidation)
                panel.refuses(again, ErrAlreadyValidated)
        panel.validate("dev", inference, 95, revalidation=True)
        panel.refuses(panel.opinion("dev", inference, 10, revalidation=True), ErrAlreadyValidated)

    def test_who_does_not_serve_the_model_may_not_validate_and_who_is_no_member_may_not_vote(
        self, panel: Panel
    ) -> None:
        inference = panel.serve()
        panel.refuses(panel.opinion("dev", inference), ErrValidatorNotInGroup)
        stranger = replace(panel.opinion("dev", inference), creator=AUTHORITY.address)
        panel.refuses(stranger, ErrParticipantNotFound)
        group = panel.keepers.epochs.require_effective_group(panel.context())
        panel.keepers.epochs.set_group(
            panel.context(), replace(group, validation_weights=group.validation_weights[:3])
        )
        panel.validate("agent", inference, 10)
        panel.refuses(panel.opinion("dev", inference, revalidation=True), ErrValidatorNotInGroup)

    def test_an_invalid_participant_may_not_validate_unless_the_parameter_says_so(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.make_invalid("other")
        panel.refuses(panel.opinion("other", inference), ErrParticipantInvalid)
        params = panel.keepers.governance.get_params(panel.context())
        lenient = replace(params, inference=replace(params.inference, exclude_invalid=False))
        panel.keepers.governance.set_params(panel.context(), lenient)
        panel.validate("other", inference)

    def test_a_vote_without_a_vote_open(self, panel: Panel) -> None:
        panel.refuses(panel.opinion("other", panel.serve(), revalidation=True), ErrInferenceNotVoting)


class TestPassing:
    """An answer that others find right."""

    def test_the_first_pass_counts_for_the_executor_and_shares_its_pay(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.change("exec", consecutive_invalid_inferences=3)
        panel.validate("other", inference)
        assert panel.inference(inference).status == InferenceStatus.VALIDATED
        assert panel.inference(inference).validated_by == (panel.address("other"),)
        executor = panel.participant("exec")
        assert executor.consecutive_invalid_inferences == 0
        assert executor.current_epoch_stats.validated_inferences == 1
        assert executor.current_epoch_stats.earned_coins == COST // 2
        assert executor.status == ParticipantStatus.RAMPING, "one of ten inferences"
        assert panel.balances() == {"exec": COST // 2, "other": COST // 2}

    def test_more_passes_share_the_pay_further_and_count_no_more(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference)
        panel.validate("agent", inference)
        assert panel.participant("exec").current_epoch_stats.validated_inferences == 1
        assert panel.balances() == dict.fromkeys(("exec", "other", "agent"), COST // 3)
        assert sum(panel.balances().values()) == panel.owed() == panel.held() == COST

    def test_a_similarity_at_the_threshold_is_not_above_it(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 90)
        assert panel.inference(inference).status == InferenceStatus.VOTING

    def test_work_that_was_settled_meanwhile_is_not_shared(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.change("exec", coin_balance=COST // 2 - 1)
        panel.validate("other", inference)
        assert panel.balances() == {"exec": COST // 2 - 1}
        assert panel.inference(inference).validated_by == (panel.address("other"),)

    def test_what_is_told(self, panel: Panel) -> None:
        panel.validate("other", panel.serve())
        told = {event.type: dict(event.attributes) for event in panel.delivered}
        assert told["inference_validation"]["needs_revalidation"] == "false"
        assert told["participant_status_changed"]["after"] == "RAMPING"


class TestVotes:
    """More than half of all weight without the executor's decides; at the deadline an answer is upheld."""

    def test_less_than_half_decides_nothing(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 10)
        assert panel.inference(inference).status == InferenceStatus.VOTING
        assert panel.balances() == {"exec": COST}
        vote = panel.vote_on(inference)
        assert vote is not None and (vote.outcome, vote.deadline_block_height) == (VoteOutcome.OPEN, 25)

    def test_more_than_half_invalidates_and_refunds_the_requester(self, panel: Panel) -> None:
        before = panel.balance("dev")
        inference = panel.serve()
        panel.validate("other", inference, 10)
        panel.validate("agent", inference, 10)
        assert panel.inference(inference).status == InferenceStatus.INVALIDATED
        assert (panel.balance("dev"), panel.balances(), panel.held()) == (before, {}, 0)
        executor = panel.participant("exec")
        assert executor.consecutive_invalid_inferences == 1
        assert executor.current_epoch_stats.invalidated_inferences == 1
        vote = panel.vote_on(inference)
        assert vote is not None and vote.outcome == VoteOutcome.INVALIDATED

    def test_who_has_a_part_in_the_pay_gives_it_back(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 95)
        panel.validate("agent", inference, 10)
        assert panel.balances() == {"exec": COST // 2, "other": COST // 2}
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        assert (panel.balances(), panel.held()) == ({}, 0)

    def test_a_member_of_another_model_may_tip_the_scales(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 10)
        panel.validate("dev", inference, 10, revalidation=True)
        assert panel.inference(inference).status == InferenceStatus.INVALIDATED

    def test_more_than_half_upholds_and_a_vote_is_not_paid(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("agent", inference, 10)
        panel.validate("dev", inference, 95, revalidation=True)
        panel.validate("other", inference, 95, revalidation=True)
        assert panel.inference(inference).status == InferenceStatus.VALIDATED
        assert panel.participant("exec").current_epoch_stats.validated_inferences == 1
        assert panel.balances() == {"exec": COST}

    def test_at_the_deadline_an_answer_is_upheld(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 10)
        assert panel.keepers.votes.find_wakeup(panel.context()).height == 25
        panel.begin(25)
        assert panel.inference(inference).status == InferenceStatus.VOTING
        assert "inference_upheld" in {event.type for event in panel.begin(26)}
        assert panel.inference(inference).status == InferenceStatus.VALIDATED
        assert panel.participant("exec").current_epoch_stats.validated_inferences == 1

    def test_an_inference_is_voted_on_once(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 10)
        panel.begin(26)
        panel.validate("agent", inference, 10)
        assert panel.inference(inference).status == InferenceStatus.VALIDATED
        assert panel.participant("exec").current_epoch_stats.invalidated_inferences == 0

    def test_whoever_is_invalid_has_no_weight(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.make_invalid("agent")
        panel.validate("other", inference, 10)
        assert panel.inference(inference).status == InferenceStatus.INVALIDATED, "10 of 14"

    def test_after_the_decision_a_validation_is_only_remembered(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        before = panel.balances(), panel.participant("exec")
        panel.validate("other", inference, 95)
        assert (panel.balances(), panel.participant("exec")) == before
        known = panel.keepers.validations.get_epoch_group_validations(
            panel.context(), panel.address("other"), 0
        )
        assert known.validated_inferences == (inference,)


class TestAuthority:
    """The account that acts for governance decides what a vote could not."""

    @pytest.mark.parametrize("message", [MsgInvalidateInference, MsgRevalidateInference])
    def test_nobody_else_may(self, panel: Panel, message: type) -> None:
        panel.refuses(message(panel.address("other"), panel.serve()), ErrInvalidSigner)
        panel.refuses(message(AUTHORITY.address, "nothing"), ErrInferenceNotFound)

    def test_a_decision_made_already_changes_nothing(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.deliver(MsgRevalidateInference(AUTHORITY.address, inference))
        before = panel.digest()
        panel.deliver(MsgRevalidateInference(AUTHORITY.address, inference))
        assert panel.digest() == before
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        before = panel.digest()
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        assert panel.digest() == before

    def test_what_was_refunded_stays_refunded(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        panel.refuses(MsgRevalidateInference(AUTHORITY.address, inference), ErrInferenceAlreadyInvalidated)

    def test_a_decision_ends_the_vote(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.validate("other", inference, 10)
        panel.deliver(MsgRevalidateInference(AUTHORITY.address, inference))
        panel.begin(27)
        assert panel.participant("exec").current_epoch_stats.validated_inferences == 1


class TestStanding:
    """What failures make of a participant."""

    def test_the_fifth_failure_in_a_row_makes_invalid_slashes_and_ends_routing_at_once(
        self, panel: Panel
    ) -> None:
        panel.deposit("exec", 1000)
        for at in range(5):
            assert panel.participant("exec").status != ParticipantStatus.INVALID
            inference = panel.serve(NOW_NS + at)
            panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        executor = panel.participant("exec")
        assert executor.status == ParticipantStatus.INVALID
        assert executor.current_epoch_stats.burned_coins == 200
        assert panel.keepers.deposits.get_deposit(panel.context(), panel.address("exec")) == 800
        for at in range(20):
            chosen, _ = panel.keepers.executors.get_random_executor(panel.context(), MODEL, f"r{at}")
            assert chosen.address != panel.address("exec")

    def test_an_invalid_participant_is_not_slashed_again_until_it_was_something_else(
        self, panel: Panel
    ) -> None:
        panel.deposit("exec", 1000)
        for at in range(7):
            panel.deliver(MsgInvalidateInference(AUTHORITY.address, panel.serve(NOW_NS + at)))
        assert panel.keepers.deposits.get_deposit(panel.context(), panel.address("exec")) == 800

    def test_a_debt_is_kept_and_nothing_is_paid_with_what_belongs_to_others(self, panel: Panel) -> None:
        inference = panel.serve()
        panel.serve(NOW_NS + 1)
        panel.change("exec", coin_balance=1000)  # the rest was settled and paid out
        panel.keepers.inferences.refund(panel.context(), panel.address("agent"), 2 * COST - 1000)
        before = panel.balance("dev")
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, inference))
        assert panel.participant("exec").coin_balance == 1000 - COST
        assert panel.balance("dev") == before + 1000
        assert (panel.owed(), panel.held()) == (0, 0)


def deliver_all(panel: Panel, messages: list[object]) -> None:
    """Delivers messages in this order; what comes too early is sent again."""
    while messages:
        left = []
        for message in messages:
            try:
                panel.deliver(message)
            except Refusal:
                left.append(message)
        assert len(left) < len(messages), "some message is never accepted"
        messages = left


@pytest.mark.parametrize(
    "opinions",
    [
        {"other": 95, "agent": 95},
        {"other": 10, "agent": 95},
        {"other": 10, "agent": 10},
    ],
)
def test_start_finish_and_validations_in_every_order_give_the_same_state(opinions: dict[str, int]) -> None:
    def build(panel: Panel) -> list:
        start = panel.start()
        reports = [panel.opinion(name, start.inference_id, percent) for name, percent in opinions.items()]
        return [start, panel.finish(), *reports]

    found = []
    for order in permutations(range(2 + len(opinions))):
        panel = Panel()
        messages = build(panel)
        deliver_all(panel, [messages[at] for at in order])
        found.append(describe(panel, messages[0].inference_id))
    assert all(state == found[0] for state in found)


def describe(panel: Panel, inference_id: str) -> object:
    """The whole state but for what says who came first: what was held between start and finish and until
    when, and who opened a vote.
    """
    rest = [entry for entry in panel.digest() if entry[0][:2] not in (b"\x14\x00", b"\x14\x01", b"\x17\x01")]
    vote = panel.vote_on(inference_id)
    inference = replace(panel.inference(inference_id), escrow_amount=0)
    return rest, inference, vote and replace(vote, opened_by="")


class TestRecords:
    """What is kept, and for how long."""

    def test_an_export_imported_is_the_same_state(self, panel: Panel) -> None:
        panel.validate("other", panel.serve(), 10)
        panel.validate("other", panel.serve(NOW_NS + 1), 95)
        panel.begin(6)
        before, document = panel.digest(), panel.export()
        panel.load(document)
        assert panel.digest() == before
        panel.height = 6
        assert "inference_upheld" in {event.type for event in panel.begin(26)}

    def test_pruning_an_epoch_removes_its_validations_and_votes(self, panel: Panel) -> None:
        panel.validate("other", panel.serve(), 95)
        failed = panel.serve(NOW_NS + 1)
        panel.validate("other", failed, 10)
        self.prune(panel, 1)
        assert self.count(panel) == (2, 1), "the epoch is not old enough"
        self.prune(panel, 2)
        assert self.count(panel) == (2, 1), "a claim may ask for them"
        self.prune(panel, 4)
        assert self.count(panel) == (1, 1), "a vote is open"
        panel.deliver(MsgInvalidateInference(AUTHORITY.address, failed))
        self.prune(panel, 4)
        assert self.count(panel) == (0, 0)

    def prune(self, panel: Panel, upcoming: int) -> None:
        later = replace(panel.context().header, time_ns=NOW_NS + 10**12)
        ctx = Context(later, panel.store)
        panel.keepers.inferences.process_pruning(ctx, upcoming)
        panel.keepers.validations.process_pruning(ctx, upcoming)

    def count(self, panel: Panel) -> tuple[int, int]:
        fields = panel.keepers.validations.export_genesis(panel.context())
        return len(fields["inference_validations"]), len(fields["inference_votes"])
