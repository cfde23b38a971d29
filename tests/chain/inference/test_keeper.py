"""Money: whatever is started, finished and left to expire, no coin is made or lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

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
