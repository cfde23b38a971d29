"""Deposits and withdrawals, for any order of what happens to them."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.auth.addresses import COLLATERAL, module_address
from chain.bank.types import Coin
from chain.collateral.types import MsgDepositCollateral, MsgWithdrawCollateral
from chain.errors import Refusal
from chain.fixed import Decimal
from tests.chain.kit import RICH
from tests.chain.world import World

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(1, 1000)),
        st.tuples(st.just("withdraw"), st.integers(1, 1000)),
        st.tuples(st.just("slash"), st.integers(0, 100)),
        st.tuples(st.just("advance"), st.integers(0, 2)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_money_is_deposited_on_its_way_out_paid_or_burnt_and_nothing_is_stranded(steps: list) -> None:
    world = World("alice")
    world.begin(1)
    deposits, alice, ctx = world.keepers.deposits, world.address("alice"), world.context()
    held, leaving, epoch, burnt = 0, {}, 0, 0
    for kind, number in steps:
        if kind == "deposit":
            world.deliver(MsgDepositCollateral(alice, Coin("umesh", str(number))))
            held += number
        elif kind == "withdraw":
            try:
                world.deliver(MsgWithdrawCollateral(alice, Coin("umesh", str(number))))
            except Refusal:
                assert number > held
            else:
                held -= number
                leaving[epoch + 1] = leaving.get(epoch + 1, 0) + number
        elif kind == "slash":
            taken = {due: int(amount * Fraction(number, 100)) for due, amount in leaving.items()}
            mine = int(held * Fraction(number, 100))
            assert deposits.slash(ctx, alice, Decimal(number, -2), "test") == mine + sum(taken.values())
            held, burnt = held - mine, burnt + mine + sum(taken.values())
            leaving = {due: amount - taken[due] for due, amount in leaving.items() if amount > taken[due]}
        else:
            epoch += number
            deposits.advance_epoch(ctx, epoch)
            leaving = {due: amount for due, amount in leaving.items() if due > epoch}
            epoch += 1
        assert deposits.get_deposit(ctx, alice) == held
        entries = deposits.get_unbondings(ctx, alice)
        assert {entry.completion_epoch: int(entry.amount.amount) for entry in entries} == leaving
        assert deposits.get_current_epoch(ctx) == epoch
    own = world.keepers.bank.get_balance(ctx, alice, "umesh")
    module = world.keepers.bank.get_balance(ctx, module_address(COLLATERAL), "umesh")
    assert module == held + sum(leaving.values()) == deposits.get_owed(ctx)
    assert own + module + burnt == RICH
