"""Whatever is validated, voted, decided and paid out: no coin is made or lost, and nobody is owed what is not
there.
"""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import Refusal
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, VoteOutcome
from tests.chain.market import NOW_NS
from tests.chain.validation.panel import WEIGHTS, Panel
from tests.chain.world import AUTHORITY

INFERENCES = st.integers(0, 2)
NAMES = st.sampled_from(tuple(WEIGHTS))
STEPS = st.one_of(
    st.tuples(st.just("validate"), NAMES, INFERENCES, st.sampled_from((10, 95)), st.booleans()),
    st.tuples(st.just("validate"), NAMES, INFERENCES, st.sampled_from((10, 95)), st.booleans()),
    st.tuples(st.sampled_from((MsgInvalidateInference, MsgRevalidateInference)), INFERENCES),
    st.tuples(st.just("claim"), NAMES),
    st.tuples(st.just("wait"), st.integers(1, 12)),
)


def take(panel: Panel, step: tuple, inferences: list[str]) -> None:
    """One step; the chain may refuse it."""
    if step[0] == "validate":
        panel.validate(step[1], inferences[step[2]], *step[3:])
    elif step[0] == "claim":
        balance = panel.participant(step[1]).coin_balance
        if balance > 0:
            panel.keepers.inferences.refund(panel.context(), panel.address(step[1]), balance)
            panel.change(step[1], coin_balance=0)
    elif step[0] == "wait":
        panel.begin(min(panel.height + step[1], 39))
    else:
        panel.deliver(step[0](AUTHORITY.address, inferences[step[1]]))


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=25))
def test_the_account_always_holds_what_it_owes_and_no_coin_is_made_or_lost(steps: list[tuple]) -> None:
    panel = Panel()
    supply = panel.keepers.bank.get_supply(panel.context())
    inferences = [panel.serve(NOW_NS + at) for at in range(3)]
    for step in steps:
        with suppress(Refusal):
            take(panel, step, inferences)
        assert panel.held() >= panel.owed()
        everyone = [panel.balance(name) for name in panel.signers]
        authority = panel.keepers.bank.get_balance(panel.context(), AUTHORITY.address)
        assert sum(everyone) + authority + panel.held() == supply
    panel.begin(39)
    votes = panel.export().inference_votes
    assert all(vote.outcome != VoteOutcome.OPEN for vote in votes if vote.deadline_block_height < 39)
