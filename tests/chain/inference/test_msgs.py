"""Start and finish in either order, with real signatures."""

from base64 import b64encode

import pytest

from chain.errors import (
    ErrEpochGroupDataNotFound,
    ErrExecutorNotInGroup,
    ErrInferenceExpired,
    ErrInferenceHasInvalidModel,
    ErrInferenceIdExists,
    ErrInvalidModel,
    ErrInvalidRecord,
    ErrInvalidSignature,
    ErrInvalidSigner,
    ErrParticipantNotFound,
    ErrRequesterCannotPay,
    ErrTimestampOutsideWindow,
    ErrWrongExecutor,
)
from chain.inference.types import Inference, InferenceStatus
from chain.profiles import DEFAULT
from chain.records import replace
from tests.chain.kit import RICH, Signer
from tests.chain.market import MODEL, NOW_NS, PROMPT, Market


@pytest.fixture
def market() -> Market:
    return Market()


class TestStartThenFinish:
    """Escrow at the start; at the finish the executor is paid and the rest goes back."""

    def test_the_start_holds_the_most_that_it_can_cost(self, market: Market) -> None:
        market.deliver(market.start())
        assert market.balance("dev") == RICH - 150 * 100
        assert market.held() == 15_000

    def test_without_a_limit_the_default_is_held(self, market: Market) -> None:
        market.deliver(market.start(max_tokens=0))
        assert market.held() == (5000 + 50) * 100

    def test_the_finish_pays_what_it_cost(self, market: Market) -> None:
        start, finish = market.start(), market.finish()
        market.deliver(start)
        market.deliver(finish)
        assert market.balance("dev") == RICH - 3000
        assert market.held() == 3000
        executor = market.participant("exec")
        assert (executor.coin_balance, executor.last_inference_time) == (3000, NOW_NS // 10**6)
        stats = executor.current_epoch_stats
        assert (stats.inference_count, stats.earned_coins, stats.missed_requests) == (1, 3000, 0)
        done = market.inference(start.inference_id)
        assert (done.status, done.actual_cost, done.escrow_amount) == (InferenceStatus.FINISHED, 3000, 15_000)

    def test_completion_counts_the_request_and_keeps_what_validation_needs(self, market: Market) -> None:
        market.deliver(market.start())
        market.deliver(market.finish())
        ctx = market.context()
        assert market.keepers.epochs.get_requests(ctx) == 1
        details = market.keepers.inferences.get_details(ctx, 0, market.start().inference_id)
        assert details is not None
        assert (details.executor_power, details.total_power, details.traffic_basis) == (10, 20, 1)

    def test_no_more_than_the_escrow_is_paid(self, market: Market) -> None:
        market.deliver(market.start())
        market.deliver(market.finish(completion_token_count=10**6))
        assert market.participant("exec").coin_balance == 15_000
        assert market.balance("dev") == RICH - 15_000

    def test_no_prompt_tokens_in_the_finish_keep_the_estimate(self, market: Market) -> None:
        market.deliver(market.start())
        market.deliver(market.finish(prompt_token_count=0))
        assert market.participant("exec").coin_balance == (50 + 20) * 100

    def test_an_alternative_is_stored_as_the_governance_model(self, market: Market) -> None:
        market.deliver(market.start(model="qwq"))
        market.deliver(market.finish(model="qwq"))
        assert market.inference(market.start().inference_id).model == MODEL

    def test_own_prices_for_prompt_and_completion(self, market: Market) -> None:
        market.register_model(MODEL, "qwq", coins_per_input_token=1, coins_per_output_token=2)
        market.deliver(market.start())
        market.register_model(MODEL, "qwq", coins_per_input_token=1000, coins_per_output_token=1000)
        market.deliver(market.finish())
        assert market.participant("exec").coin_balance == 10 * 1 + 20 * 2


class TestFinishThenStart:
    """The finish may come first; then only what it cost is taken."""

    def test_the_money_is_the_same(self, market: Market) -> None:
        market.deliver(market.finish())
        assert market.participant("exec").current_epoch_stats.inference_count == 0
        market.deliver(market.start())
        assert market.balance("dev") == RICH - 3000
        assert (market.participant("exec").coin_balance, market.held()) == (3000, 3000)
        done = market.inference(market.start().inference_id)
        assert (done.status, done.actual_cost, done.escrow_amount) == (InferenceStatus.FINISHED, 3000, 3000)

    def test_it_does_not_expire(self, market: Market) -> None:
        market.deliver(market.finish())
        market.deliver(market.start())
        market.begin(30)
        assert market.participant("exec").current_epoch_stats.missed_requests == 0

    def test_another_executor_may_not_be_named_afterwards(self, market: Market) -> None:
        market.deliver(market.finish())
        market.refuses(market.start("other"), ErrWrongExecutor)

    def test_the_estimate_of_the_prompt_is_paid_as_in_the_other_order(self, market: Market) -> None:
        market.deliver(market.finish(prompt_token_count=0))
        market.deliver(market.start())
        assert market.participant("exec").coin_balance == (50 + 20) * 100
        assert market.balance("dev") == RICH - 7000
        assert market.inference(market.start().inference_id).actual_cost == 7000

    def test_the_finish_does_not_choose_another_model_for_the_requester(self, market: Market) -> None:
        market.register_model("dear", coins_per_output_token=10**6)
        market.deliver(market.finish(model="dear"))
        market.refuses(market.start(), ErrInferenceHasInvalidModel)


class TestFreeInferences:
    """A completed inference counts also when it costs nothing."""

    def test_it_counts(self) -> None:
        free = replace(DEFAULT, inference=replace(DEFAULT.inference, base_per_token_price=1))
        market = Market(params=free)
        market.deliver(market.start())
        market.deliver(market.finish(prompt_token_count=0, completion_token_count=0))
        assert market.participant("exec").current_epoch_stats.inference_count == 1


class TestExpiry:
    """Not finished in time: refund, and a missed request."""

    def test_it_expires_at_the_end_of_its_last_block(self, market: Market) -> None:
        market.deliver(market.start())
        market.begin(25)
        assert market.participant("exec").current_epoch_stats.missed_requests == 0
        market.begin(26)
        assert market.participant("exec").current_epoch_stats.missed_requests == 1
        assert (market.balance("dev"), market.held()) == (RICH, 0)
        assert market.inference(market.start().inference_id).status == InferenceStatus.EXPIRED

    def test_a_late_finish_is_refused(self, market: Market) -> None:
        market.deliver(market.start())
        market.begin(26)
        expired = market.inference(market.start().inference_id)
        assert (expired.start_block_height, expired.end_block_height) == (5, 25)
        market.begin(28)
        with pytest.raises(ErrInferenceExpired, match="expired at height 25"):
            market.deliver(market.finish())

    def test_the_refund_does_not_depend_on_the_executor(self, market: Market) -> None:
        market.deliver(market.start())
        ctx = market.context()
        inference = market.inference(market.start().inference_id)
        market.keepers.inferences.set_inference(ctx, replace(inference, assigned_to="mesh1gone"))
        market.begin(26)
        assert market.balance("dev") == RICH


class TestPruning:
    """Finished inferences go after two epochs, started ones stay."""

    @pytest.mark.parametrize(
        ("epoch_id", "status", "kept"),
        [
            (1, InferenceStatus.FINISHED, False),
            (2, InferenceStatus.EXPIRED, False),
            (3, InferenceStatus.FINISHED, True),
            (4, InferenceStatus.FINISHED, True),
            (1, InferenceStatus.STARTED, True),
            (1, InferenceStatus.VOTING, True),
        ],
    )
    def test_at_the_start_of_epoch_4(
        self, market: Market, epoch_id: int, status: InferenceStatus, kept: bool
    ) -> None:
        ctx = market.context()
        inference = Inference(index="i", inference_id="i", status=status, epoch_id=epoch_id)
        market.keepers.inferences.set_inference(ctx, inference)
        market.keepers.inferences.process_pruning(ctx, 4)
        assert (market.keepers.inferences.get_inference(ctx, "i") is not None) == kept

    @pytest.mark.parametrize(("upcoming", "kept"), [(2, True), (3, True), (4, False)])
    def test_what_its_validation_needs_is_kept_as_long_as_anybody_can_claim(
        self, market: Market, upcoming: int, kept: bool
    ) -> None:
        market.deliver(market.start())
        market.deliver(market.finish())
        market.begin(39)
        market.height += 60  # a block a second: the request was signed more than 60 s ago
        inferences, inference_id = market.keepers.inferences, market.start().inference_id
        inferences.process_pruning(market.context(), upcoming)
        assert inferences.get_inference(market.context(), inference_id) is None
        assert (inferences.get_details(market.context(), 0, inference_id) is not None) == kept

    def test_not_while_its_request_could_be_started_and_paid_a_second_time(self, market: Market) -> None:
        market.deliver(market.start())
        market.deliver(market.finish())
        inferences, inference_id = market.keepers.inferences, market.start().inference_id
        inferences.process_pruning(market.context(), 4)
        market.refuses(market.start(), ErrInferenceIdExists)
        market.begin(66)  # a block a second: the request was signed more than 60 s ago
        inferences.process_pruning(market.context(), 4)
        assert inferences.get_inference(market.context(), inference_id) is None
        market.refuses(market.start(), ErrTimestampOutsideWindow)


class TestRefusedStarts:
    """Every refusal leaves the state as it was."""

    def test_twice(self, market: Market) -> None:
        market.deliver(market.start())
        market.refuses(market.start(), ErrInferenceIdExists)

    def test_a_stranger_as_requester_or_agent(self, market: Market) -> None:
        stranger = Signer("stranger").address
        market.refuses(market.start(requested_by=stranger), ErrParticipantNotFound)
        market.refuses(market.start(creator=stranger), ErrParticipantNotFound)

    def test_an_executor_outside_the_group(self, market: Market) -> None:
        market.refuses(market.start("dev"), ErrExecutorNotInGroup)

    def test_a_model_that_nobody_governs(self, market: Market) -> None:
        market.refuses(market.start(model="gpt-9"), ErrInvalidModel)

    def test_a_governed_model_that_nobody_serves(self, market: Market) -> None:
        market.register_model("idle")
        market.refuses(market.start(model="idle"), ErrEpochGroupDataNotFound)

    def test_a_poor_requester(self, market: Market) -> None:
        market.register_model(MODEL, "qwq", coins_per_output_token=RICH)
        market.refuses(market.start(), ErrRequesterCannotPay)

    @pytest.mark.parametrize("shift_s", [-61, 31])
    def test_too_old_and_too_new(self, market: Market, shift_s: int) -> None:
        market.refuses(market.start(timestamp=NOW_NS + shift_s * 10**9), ErrTimestampOutsideWindow)

    @pytest.mark.parametrize("shift_s", [-60, 30])
    def test_the_window_includes_its_ends(self, market: Market, shift_s: int) -> None:
        market.deliver(market.start(timestamp=NOW_NS + shift_s * 10**9))
        assert market.held() == 15_000

    @pytest.mark.parametrize(
        "fields",
        [
            {"original_prompt": PROMPT + " "},
            {"transfer_signature": b64encode(bytes(64)).decode()},
            {"transfer_signature": "short"},
            {"inference_id": b64encode(bytes(64)).decode()},
            {"inference_id": b64encode(bytes(63)).decode()},
            {"inference_id": ""},
        ],
    )
    def test_signatures_that_do_not_match(self, market: Market, fields: dict[str, str]) -> None:
        market.refuses(market.start(**fields), ErrInvalidSignature)

    def test_an_executor_that_the_agent_did_not_sign(self, market: Market) -> None:
        market.refuses(market.start(assigned_to=market.address("other")), ErrInvalidSignature)

    @pytest.mark.parametrize(
        "fields",
        [
            {"model": " "},
            {"prompt_payload": ""},
            {"prompt_hash": "00"},
            {"original_prompt": ""},
            {"max_tokens": 2**31},
            {"prompt_token_count": 2**31},
        ],
    )
    def test_malformed(self, market: Market, fields: dict[str, object]) -> None:
        market.refuses(market.start(**fields), ErrInvalidRecord)


class TestRefusedFinishes:
    """Only the assigned executor finishes, once."""

    def test_twice(self, market: Market) -> None:
        market.deliver(market.start())
        market.deliver(market.finish())
        market.refuses(market.finish(), ErrInferenceIdExists)

    def test_by_another_executor(self, market: Market) -> None:
        market.deliver(market.start())
        market.refuses(market.finish("other"), ErrWrongExecutor)

    def test_for_a_request_that_is_still_to_be_signed(self, market: Market) -> None:
        market.refuses(market.finish(timestamp=NOW_NS + 31 * 10**9), ErrTimestampOutsideWindow)

    def test_in_the_name_of_another(self, market: Market) -> None:
        market.refuses(market.finish(creator=market.address("other")), ErrInvalidSigner)

    def test_with_another_model(self, market: Market) -> None:
        market.register_model("idle")
        market.deliver(market.start())
        market.refuses(market.finish(model="idle"), ErrInferenceHasInvalidModel)

    def test_without_the_executors_signature(self, market: Market) -> None:
        forged = market.sign("other", "something else")
        market.refuses(market.finish(executor_signature=forged), ErrInvalidSignature)

    def test_a_retired_model_can_still_be_finished(self, market: Market) -> None:
        market.deliver(market.start())
        market.keepers.models.retire_model(market.context(), MODEL)
        market.deliver(market.finish())
        assert market.participant("exec").coin_balance == 3000


def test_the_supply_never_changes(market: Market) -> None:
    before = market.keepers.bank.get_supply(market.context())
    market.deliver(market.start())
    market.begin(26)
    market.deliver(market.start("other", timestamp=NOW_NS + 20 * 10**9))
    market.deliver(market.finish("other", timestamp=NOW_NS + 20 * 10**9))
    assert market.keepers.bank.get_supply(market.context()) == before
    owned = sum(market.balance(name) for name in market.signers) + market.held()
    assert owned == RICH * len(market.signers)
