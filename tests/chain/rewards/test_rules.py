"""Arithmetic of rewards: sums are exact, more weight never gets less, later epochs never pay more."""

from decimal import Context as DecimalContext
from decimal import Decimal as Exact
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.fixed import Decimal
from chain.rewards import sharing, subsidy
from chain.rewards.rules import (
    Entry,
    build_seed_bytes,
    calculate_participant_bitcoin_rewards,
    compute_decay,
    compute_epoch_reward,
)
from chain.rewards.types import RewardParams

RATE = Decimal(-475, -6)
RATES = st.integers(-10_000, 0).map(lambda value: Decimal(value, -6))
REWARDS = st.integers(0, 10**15)
ENTRIES = st.lists(
    st.builds(
        Entry,
        address=st.just("a"),
        weight=st.integers(-5, 2**62),
        balance=st.integers(-100, 2**62),
        invalid=st.booleans(),
    ),
    max_size=12,
)


class TestDecay:
    """initial × e^(rate × n), rounded down."""

    @given(REWARDS, RATES, st.integers(0, 20_000))
    def test_it_is_the_exponential_to_the_last_coin(self, initial: int, rate: Decimal, epochs: int) -> None:
        context = DecimalContext(prec=70)
        exact = context.multiply(initial, context.exp(Exact(rate.value * epochs).scaleb(rate.exponent)))
        assert compute_epoch_reward(initial, rate, epochs) == int(exact)

    @given(REWARDS, RATES, st.integers(0, 10**6), st.integers(0, 10**4))
    def test_later_epochs_never_pay_more(self, initial: int, rate: Decimal, first: int, gap: int) -> None:
        earlier, later = (compute_epoch_reward(initial, rate, epochs) for epochs in (first, first + gap))
        assert 0 <= later <= earlier <= initial

    def test_it_is_halved_after_1460_epochs(self) -> None:
        half = compute_epoch_reward(285_000_000_000_000, RATE, 1460)
        assert abs(half - 142_500_000_000_000) * 20 < 142_500_000_000_000

    @pytest.mark.parametrize("epochs", [100_000, 10**9, 2**63])
    def test_nothing_is_left_in_the_end(self, epochs: int) -> None:
        assert compute_epoch_reward(2**63 - 1, Decimal(-1, -2), epochs) == 0

    def test_no_time_no_decay(self) -> None:
        assert compute_decay(0) == 10**80


class TestShares:
    """Sums are exact; weight is what counts."""

    @given(ENTRIES, REWARDS, st.integers(0, 10**15), st.integers(0, 10**15))
    def test_rewards_add_up_to_what_is_minted_or_to_what_those_in_debt_leave(
        self, entries: list[Entry], reward: int, paid: int, supply: int
    ) -> None:
        division = calculate_participant_bitcoin_rewards(entries, reward, paid, supply)
        given_out = sum(amount.reward for amount in division.amounts)
        assert division.minted == min(reward, max(supply - paid, 0))
        assert 0 <= given_out <= division.minted
        if any(amount.reward > 0 and not amount.in_debt for amount in division.amounts):
            assert given_out == division.minted
        assert all(amount.reward >= 0 <= amount.work for amount in division.amounts)

    @given(ENTRIES, REWARDS)
    def test_more_weight_never_gets_less_but_for_what_rounding_leaves(
        self, entries: list[Entry], reward: int
    ) -> None:
        amounts = calculate_participant_bitcoin_rewards(entries, reward, 0, reward).amounts
        pairs = sorted(
            (0 if e.invalid else max(e.weight, 0), a.reward) for e, a in zip(entries, amounts, strict=True)
        )
        for (_, less), (_, more) in pairwise(pairs):
            assert less <= more + len(entries)

    @given(ENTRIES, REWARDS, st.integers(0, 2**62))
    def test_a_heavier_participant_gets_no_less_than_before(
        self, entries: list[Entry], reward: int, more: int
    ) -> None:
        last = Entry("b", 7, 0)
        heavier = Entry("b", 7 + more, 0)
        before, after = (
            calculate_participant_bitcoin_rewards([Entry("first", 1, 0), *entries, one], reward, 0, reward)
            for one in (last, heavier)
        )
        assert before.amounts[-1].reward <= after.amounts[-1].reward + len(entries) + 2

    @given(ENTRIES, REWARDS)
    def test_an_invalid_participant_gets_nothing(self, entries: list[Entry], reward: int) -> None:
        amounts = calculate_participant_bitcoin_rewards(entries, reward, 0, reward).amounts
        for entry, amount in zip(entries, amounts, strict=True):
            if entry.invalid:
                assert (amount.work, amount.reward) == (0, 0)


class TestSubsidy:
    """The older scheme never pays more than there is."""

    PARAMS = RewardParams(
        standard_reward_amount=200_000,
        subsidy_reduction_interval=Decimal(5, -2),
        subsidy_reduction_amount=Decimal(2, -1),
        current_subsidy_percentage=Decimal(9, -1),
    )

    @given(ENTRIES, st.integers(0, 200_000), st.integers(0, 50))
    def test_shares_are_within_the_subsidy_and_the_subsidy_within_the_supply(
        self, entries: list[Entry], paid: int, reductions: int
    ) -> None:
        division, _ = subsidy.divide_subsidy(entries, self.PARAMS, paid, reductions)
        assert 0 <= sum(amount.reward for amount in division.amounts) <= division.minted
        assert paid + division.minted <= 200_000

    def test_a_step_of_nothing_is_no_step(self) -> None:
        params = RewardParams(standard_reward_amount=1000, current_subsidy_percentage=Decimal(5, -1))
        assert subsidy.compute_subsidy(params, 100, 0, 0) == subsidy.Subsidy(200, False)
        assert subsidy.compute_subsidy(params, 600, 0, 0) == subsidy.Subsidy(1000, True)

    @pytest.mark.parametrize("reductions", [60, 2**64 - 1])
    def test_a_rate_of_nothing_stays_nothing(self, reductions: int) -> None:
        assert subsidy.compute_rate(self.PARAMS, reductions) < 10**15


WORKERS = st.integers(0, 8)


@given(st.integers(0, 10**15), WORKERS, st.integers(1, 8))
def test_shares_of_work_add_up_and_the_changes_of_them_to_nothing(cost: int, old: int, new: int) -> None:
    names = [f"w{at}" for at in range(old + new)]
    changes = sharing.compute_work_adjustments(cost, names[:old], names[old:])
    assert sum(change for _, change in changes) == (0 if old else cost)
    shares = dict.fromkeys(names, 0)
    if old:
        shares.update(dict.fromkeys(names[:old], cost // old))
        shares[names[0]] += cost % old
    for name, change in changes:
        shares[name] += change
    assert sum(shares.values()) == cost
    assert set(list(shares.values())[1:]) <= {cost // (old + new)}


@pytest.mark.parametrize(
    ("seed", "data"), [(1, "00" * 7 + "01"), (-1, "ff" * 8), (2**63 - 1, "7f" + "ff" * 7)]
)
def test_a_seed_is_eight_bytes_big_endian(seed: int, data: str) -> None:
    assert build_seed_bytes(seed).hex() == data
