"""What a settlement makes of participants, claims and coins."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.auth.addresses import INFERENCE, REWARDS
from chain.bank.types import Coin
from chain.collateral.types import MsgDepositCollateral
from chain.fixed import Decimal
from chain.nodes.types import CurrentEpochStats, ParticipantStatus
from chain.records import replace
from tests.chain.payday import EPOCH, NAMES, Payday


def test_work_and_shares_become_claims_and_balances_are_empty() -> None:
    day = Payday()
    day.weigh(1000, 1000, 1000)
    for name, work in zip(NAMES, (100, 200, 300), strict=True):
        day.earn(name, work)
    supply = day.supply()
    assert day.settle() == []
    first = min(NAMES, key=day.address)
    assert {name: day.owed(name) for name in NAMES} == {
        name: (work, 34 if name == first else 33) for name, work in zip(NAMES, (100, 200, 300), strict=True)
    }
    assert [day.participant(name).coin_balance for name in NAMES] == [0, 0, 0]
    assert (day.supply(), day.held(REWARDS), day.held(INFERENCE)) == (supply + 100, 100, 600)
    assert (day.tokenomics().total_subsidies, day.tokenomics().total_fees) == (100, 600)


def test_a_claim_carries_the_commitment_to_the_seed() -> None:
    day = Payday()
    day.weigh(1)
    day.settle()
    record = day.record("ann")
    assert record is not None
    assert (record.epoch_index, len(record.seed_signature)) == (EPOCH, 128)


def test_figures_start_afresh_and_are_written_down() -> None:
    day = Payday()
    day.weigh(1)
    stats = CurrentEpochStats(94, 3, 9, 0, 2, 7, 1)
    day.earn("ann", 9, current_epoch_stats=stats)
    day.settle()
    assert day.participant("ann").current_epoch_stats == CurrentEpochStats()
    assert day.participant("ann").epochs_completed == 1
    summary = day.summary("ann")
    assert (summary.inference_count, summary.missed_requests, summary.earned_coins) == (94, 3, 9)
    assert (summary.rewarded_coins, summary.burned_coins, summary.claimed) == (100, 2, False)
    assert (summary.validated_inferences, summary.invalidated_inferences) == (7, 1)


def test_downtime_is_slashed_with_the_figures_of_the_epoch_and_written_down() -> None:
    day = Payday()
    day.weigh(1)
    day.deliver(MsgDepositCollateral(day.address("ann"), Coin("umesh", "1000")))
    day.earn("ann", 9, current_epoch_stats=CurrentEpochStats(94, 6))
    day.settle()
    assert day.keepers.deposits.get_deposit(day.context(), day.address("ann")) == 900
    assert day.summary("ann").burned_coins == 100


def test_exactly_the_threshold_is_no_downtime() -> None:
    day = Payday()
    day.weigh(1)
    day.deliver(MsgDepositCollateral(day.address("ann"), Coin("umesh", "1000")))
    day.earn("ann", 9, current_epoch_stats=CurrentEpochStats(95, 5))
    day.settle()
    assert day.keepers.deposits.get_deposit(day.context(), day.address("ann")) == 1000


class TestInvalid:
    """An INVALID participant gets nothing; its work is burnt, and the others share the whole reward."""

    def test_reward_and_work(self) -> None:
        day = Payday()
        day.weigh(1, 1)
        day.earn("ann", 50, status=ParticipantStatus.INVALID)
        assert day.settle() == [("INVALID", 50)]
        assert (day.owed("ann"), day.owed("ben")) == (None, (0, 100))
        assert (day.participant("ann").coin_balance, day.held(INFERENCE)) == (0, 0)
        assert day.tokenomics().total_burned == 50

    def test_completes_no_epoch(self) -> None:
        day = Payday()
        day.weigh(1)
        day.change("ann", status=ParticipantStatus.INVALID)
        day.settle()
        assert day.participant("ann").epochs_completed == 0


def test_a_jailed_participant_keeps_its_work_and_gets_no_reward() -> None:
    day = Payday()
    day.weigh(1, 1)
    day.earn("ann", 50)
    day.keepers.slashing.set_jailed(day.context(), day.address("ann"), "test")
    assert day.settle() == []
    assert (day.owed("ann"), day.owed("ben")) == ((50, 0), (0, 100))


class TestDebt:
    """A participant in debt is not paid: its share is forfeited, its debt forgotten."""

    def test_its_share_is_burnt(self) -> None:
        day = Payday()
        day.weigh(1, 1)
        day.earn("ben", 500)
        day.earn("ann", -30)
        supply = day.supply()
        assert day.settle() == [("NEGATIVE_BALANCE", 50)]
        assert (day.owed("ann"), day.participant("ann").coin_balance) == (None, 0)
        assert day.summary("ann").rewarded_coins == 0
        assert (day.owed("ben"), day.supply()) == ((500, 50), supply + 50)
        day.check_money()

    def test_work_that_went_into_it_is_burnt(self) -> None:
        day = Payday()
        day.weigh(0, 1)
        day.earn("ann", -80)
        day.earn("ann", 60)
        supply = day.supply()
        day.settle()
        assert (day.owed("ann"), day.supply()) == (None, supply + 100 - 60)
        day.check_money()


def test_work_of_someone_outside_the_epoch_is_settled_too() -> None:
    day = Payday()
    day.weigh(1)
    day.earn("cat", 70)
    day.settle()
    record = day.record("cat")
    assert record is not None
    assert (day.owed("cat"), record.seed_signature) == ((70, 0), "")


def test_a_reward_that_nobody_can_get_is_burnt_at_once() -> None:
    day = Payday()
    day.weigh(0, 0)
    supply = day.supply()
    assert day.settle() == []
    assert (day.tokenomics().total_subsidies, day.tokenomics().total_burned) == (100, 100)
    assert (day.supply(), day.held(REWARDS), day.owed("ann")) == (supply, 0, None)


class TestUnclaimed:
    """One claim for each participant; what is replaced or too old is burnt."""

    def test_the_next_settlement_replaces_it(self) -> None:
        day = Payday()
        day.weigh(1)
        day.earn("ann", 10)
        day.settle()
        day.weigh(1, epoch=EPOCH + 1)
        supply = day.supply()
        assert day.settle(EPOCH + 1) == [("UNCLAIMED", 110)]
        assert (day.owed("ann"), day.supply()) == ((0, 100), supply + 100 - 110)
        day.check_money()

    def test_one_who_is_owed_nothing_new_keeps_it_for_one_more_epoch(self) -> None:
        day = Payday()
        day.weigh(1)
        day.settle()
        day.weigh(0, 1, epoch=EPOCH + 1)
        assert day.settle(EPOCH + 1) == []
        assert day.owed("ann") == (0, 100)
        day.weigh(0, 1, epoch=EPOCH + 2)
        assert sorted(day.settle(EPOCH + 2)) == [("UNCLAIMED", 100), ("UNCLAIMED", 100)]
        assert (day.owed("ann"), day.owed("ben")) == (None, (0, 100))
        day.check_money()


def test_epoch_0_and_an_epoch_without_a_group_settle_nothing() -> None:
    day = Payday()
    day.weigh(1, epoch=0)
    day.earn("ann", 5)
    before = day.digest()
    day.settle(0)
    day.settle(7)
    assert day.digest() == before


def test_nothing_is_paid_before_the_first_epoch_that_pays() -> None:
    day = Payday(genesis_epoch=EPOCH + 1)
    day.weigh(1)
    day.settle()
    assert day.owed("ann") is None


def test_the_reward_decays_with_the_epochs() -> None:
    day = Payday(
        genesis_epoch=1,
        initial_epoch_reward=285 * 10**9,
        decay_rate=Decimal(-475, -6),
        standard_reward_amount=10**17,
    )
    day.weigh(1)
    day.settle()
    assert day.owed("ann") == (0, 284_729_378_565)


def test_all_epochs_together_pay_no_more_than_the_supply() -> None:
    day = Payday(standard_reward_amount=130)
    day.weigh(1, 2)
    day.settle()
    day.weigh(1, 2, epoch=EPOCH + 1)
    day.settle(EPOCH + 1)
    paid = [day.owed(name) for name in ("ann", "ben")]
    assert sum(reward for _, reward in filter(None, paid)) == 30
    assert day.tokenomics().total_subsidies == 130
    day.weigh(1, 2, epoch=EPOCH + 2)
    day.settle(EPOCH + 2)
    assert day.tokenomics().total_subsidies == 130
    day.check_money()


def test_the_older_scheme_pays_by_work_and_counts_its_reductions() -> None:
    day = Payday(
        use_bitcoin_rewards=False,
        standard_reward_amount=200_000,
        subsidy_reduction_interval=Decimal(5, -2),
        subsidy_reduction_amount=Decimal(2, -1),
        current_subsidy_percentage=Decimal(9, -1),
    )
    day.weigh(1)
    day.earn("ann", 950)
    day.settle()
    assert (day.owed("ann"), day.tokenomics().subsidy_reductions) == ((950, 9500), 0)
    day.earn("ann", 1000)
    day.weigh(1, epoch=EPOCH + 1)
    day.settle(EPOCH + 1)
    assert (day.owed("ann"), day.tokenomics().subsidy_reductions) == ((1000, 3892), 1)
    day.check_money()


def test_the_older_scheme_does_not_subsidise_the_work_of_a_jailed_participant() -> None:
    day = Payday(
        use_bitcoin_rewards=False,
        standard_reward_amount=200_000,
        subsidy_reduction_interval=Decimal(5, -2),
        current_subsidy_percentage=Decimal(9, -1),
    )
    day.weigh(1, 1)
    day.earn("ann", 500)
    day.earn("ben", 100)
    day.keepers.slashing.set_jailed(day.context(), day.address("ann"), "test")
    day.settle()
    assert (day.owed("ann"), day.owed("ben")) == ((500, 0), (100, 1000))
    day.check_money()


def test_more_participants_than_a_page_are_all_settled() -> None:
    day = Payday()
    day.weigh(1)
    ann = day.participant("ann")
    for at in range(250):
        other = replace(ann, index=f"mesh1p{at}", address=f"mesh1p{at}")
        day.keepers.nodes.set_participant(day.context(), other)
    day.settle()
    participants = list(day.keepers.nodes.get_participants(day.context()))
    assert len(participants) == 253
    assert all(entry.epochs_completed == 1 for entry in participants)


STANDINGS = st.sampled_from((ParticipantStatus.ACTIVE, ParticipantStatus.INVALID, ParticipantStatus.RAMPING))
PEOPLE = st.tuples(*[st.tuples(st.integers(0, 50), st.integers(-40, 200), STANDINGS, st.booleans())] * 3)


@settings(max_examples=30)
@given(st.lists(PEOPLE, min_size=1, max_size=4))
def test_no_settlement_and_no_claim_makes_or_loses_a_coin(epochs: list) -> None:
    day = Payday(standard_reward_amount=250)
    for at, people in enumerate(epochs):
        epoch = EPOCH + at
        day.weigh(*(weight for weight, _, _, _ in people), epoch=epoch)
        for name, (_, work, status, _) in zip(NAMES, people, strict=True):
            day.earn(name, work, status=status)
        supply, minted, burnt = day.supply(), day.tokenomics().total_subsidies, day.tokenomics().total_burned
        day.settle(epoch)
        after = day.tokenomics()
        assert day.supply() - supply == (after.total_subsidies - minted) - (after.total_burned - burnt)
        day.check_money()
        day.enter(epoch + 1)
        for name, (_, _, _, claims) in zip(NAMES, people, strict=True):
            record, before = day.record(name), day.balance(name)
            if claims and record is not None:
                paid = day.claim(name, epoch=record.epoch_index)
                assert paid == day.balance(name) - before == record.work_coins + record.reward_coins
                assert day.record(name) is None
        day.check_money()
