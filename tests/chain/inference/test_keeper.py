"""Money: whatever is started, finished and left to expire, no coin is made or lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import ErrCannotMintNegativeCoins, ErrNegativeRefundBalance
from chain.inference.types import InferenceStatus
from tests.chain.kit import RICH
from tests.chain.market import NOW_NS, Market

EXECUTORS = st.sampled_from(("exec", "other"))
TOKENS = st.integers(0, 300)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("start", "finish", "both", "reverse")), EXECUTORS, TOKENS, TOKENS, st.integers(0, 3)
    ),
    max_size=6,
)


def check_money(market: Market) -> None:
    """The module account holds exactly the open escrows and the work balances."""
    inferences = list(market.keepers.inferences.get_inferences(market.context()))
    open_escrow = sum(i.escrow_amount for i in inferences if i.status == InferenceStatus.STARTED)
    earned = sum(market.participant(name).coin_balance for name in market.signers)
    assert market.held() == open_escrow + earned
    assert sum(market.balance(name) for name in market.signers) + market.held() == RICH * len(market.signers)
    counted = sum(market.participant(name).current_epoch_stats.inference_count for name in market.signers)
    completed = [i for i in inferences if i.status == InferenceStatus.FINISHED and i.prompt_hash]
    assert counted == len(completed)
    assert all(0 <= i.actual_cost <= i.escrow_amount for i in completed)


@settings(max_examples=20)
@given(STEPS)
def test_no_coin_is_made_or_lost(steps: list[tuple[str, str, int, int, int]]) -> None:
    market = Market()
    for at, (kind, executor, limit, used, wait) in enumerate(steps):
        timestamp = NOW_NS + at
        start = market.start(executor, timestamp, max_tokens=limit)
        finish = market.finish(executor, timestamp, completion_token_count=used)
        messages = {
            "start": [start],
            "finish": [finish],
            "both": [start, finish],
            "reverse": [finish, start],
        }
        for message in messages[kind]:
            market.deliver(message)
            check_money(market)
        market.begin(market.height + wait)
        check_money(market)
    market.begin(39)
    check_money(market)
    open_ones = [
        inference
        for inference in market.keepers.inferences.get_inferences(market.context())
        if inference.status == InferenceStatus.STARTED
    ]
    assert open_ones == []


def test_what_is_given_back_for_want_of_an_answer_is_counted_and_change_is_not() -> None:
    market = Market()
    market.deliver(market.start())
    market.deliver(market.finish())
    assert market.keepers.rewards.get_tokenomics(market.context()).total_refunded == 0
    lost = market.start(timestamp=NOW_NS + 1)
    market.deliver(lost)
    escrow = market.inference(lost.inference_id).escrow_amount
    market.begin(39)
    assert escrow > 0
    assert market.keepers.rewards.get_tokenomics(market.context()).total_refunded == escrow


def test_no_negative_amount_is_refunded_or_minted() -> None:
    market = Market()
    with pytest.raises(ErrNegativeRefundBalance):
        market.keepers.inferences.refund(market.context(), market.address("dev"), -1)
    with pytest.raises(ErrCannotMintNegativeCoins):
        market.keepers.rewards.mint(market.context(), -1)
