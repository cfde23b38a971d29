"""Claims: paid once, to whoever reveals the seed it committed to."""

import pytest

from chain.auth.addresses import INFERENCE, REWARDS
from chain.errors import (
    ErrClaimSignatureInvalid,
    ErrClaimTooEarly,
    ErrNothingToClaim,
    ErrUnpaidSettlement,
    ErrWrongClaimEpoch,
)
from chain.rewards.types import MsgClaimRewards
from tests.chain.payday import EPOCH, SEED, Payday


@pytest.fixture
def day() -> Payday:
    """Work of 1000 and a reward of 500 for ann, in an epoch that has ended."""
    day = Payday(initial_epoch_reward=500)
    day.weigh(1)
    day.earn("ann", 1000)
    day.settle()
    day.enter(EPOCH + 1)
    return day


def test_work_and_reward_are_paid_at_once(day: Payday) -> None:
    before, supply = day.balance("ann"), day.supply()
    assert day.claim("ann") == 1500
    assert day.balance("ann") == before + 1500
    assert (day.held(INFERENCE), day.held(REWARDS), day.supply()) == (0, 0, supply)
    assert day.record("ann") is None
    assert day.summary("ann").claimed


def test_the_answer_says_so(day: Payday) -> None:
    answer = day.deliver(MsgClaimRewards(day.address("ann"), SEED, EPOCH))
    assert answer.result == "Rewards claimed successfully"  # type: ignore[attr-defined]
    (event,) = [event for event in day.delivered if event.type == "rewards_claimed"]
    assert dict(event.attributes) == {
        "participant": day.address("ann"),
        "epoch_index": str(EPOCH),
        "work": "1000",
        "reward": "500",
    }


def test_a_second_claim_is_refused(day: Payday) -> None:
    day.claim("ann")
    day.refuses(ErrNothingToClaim, "ann")


def test_one_who_is_owed_nothing_is_refused(day: Payday) -> None:
    day.refuses(ErrNothingToClaim, "ben")


@pytest.mark.parametrize("epoch", [0, EPOCH - 1, EPOCH + 1])
def test_another_epoch_is_refused(day: Payday, epoch: int) -> None:
    day.refuses(ErrWrongClaimEpoch, "ann", epoch=epoch)


def test_an_epoch_that_is_still_in_effect_is_refused(day: Payday) -> None:
    day.enter(EPOCH)
    day.refuses(ErrClaimTooEarly, "ann")


@pytest.mark.parametrize("seed", [0, SEED + 1, -SEED, 2**63 - 1, -(2**63)])
def test_a_seed_that_was_not_committed_to_is_refused(day: Payday, seed: int) -> None:
    day.refuses(ErrClaimSignatureInvalid, "ann", seed=seed)


def test_a_negative_seed_is_signed_in_twos_complement() -> None:
    day = Payday()
    day.weigh(1)
    signature = day.signers["ann"].sign((2**64 - 5).to_bytes(8, "big")).hex()
    day.settle()
    record = day.record("ann")
    assert record is not None
    changed = type(record)(record.participant, record.reward_coins, 0, EPOCH, signature)
    day.keepers.rewards.set_settle_amount(day.context(), changed)
    day.enter(EPOCH + 1)
    assert day.claim("ann", seed=-5) == 100


class TestWithoutCommitment:
    """Who committed to no seed claims with seed 0."""

    @pytest.fixture
    def day(self) -> Payday:
        day = Payday()
        day.weigh(1, seeds=False)
        day.earn("cat", 70)
        day.settle()
        day.enter(EPOCH + 1)
        return day

    @pytest.mark.parametrize(("name", "amount"), [("ann", 100), ("cat", 70)])
    def test_it_is_paid(self, day: Payday, name: str, amount: int) -> None:
        assert day.claim(name, seed=0) == amount

    def test_any_other_seed_is_refused(self, day: Payday) -> None:
        day.refuses(ErrClaimSignatureInvalid, "ann")


def test_work_that_is_not_covered_leaves_the_claim_open(day: Payday) -> None:
    bank, ctx = day.keepers.bank, day.context()
    bank.send_coins_from_module_to_account(ctx, INFERENCE, day.address("ben"), 1)
    day.refuses(ErrUnpaidSettlement, "ann")
    bank.send_coins_from_account_to_module(ctx, day.address("ben"), INFERENCE, 1)
    assert day.claim("ann") == 1500
