"""Reads of rewards: what is open, what was paid, what an epoch pays."""

import pytest

from chain.codec import decode, encode
from chain.errors import ErrInvalidRequest, ErrNotFound, Refusal
from chain.fixed import Decimal
from chain.queries import reward_types as q
from chain.queries.table import answer, build_queries
from chain.queries.types import PageRequest
from chain.records import replace
from tests.chain.payday import EPOCH, NAMES, Payday

OWN = "/chain.v1.Query/"


@pytest.fixture
def day() -> Payday:
    day = Payday(initial_epoch_reward=1000, decay_rate=Decimal(-1, -2), genesis_epoch=EPOCH)
    day.weigh(1, 2, 1)
    day.earn("ann", 7)
    day.settle()
    return day


def ask(day: Payday, name: str, request: object) -> object:
    data = answer(build_queries(day.keepers), day.context(), OWN + name, encode(request))
    return decode(getattr(q, f"Query{name}Response"), data)


def test_an_open_claim(day: Payday) -> None:
    found = ask(day, "SettleAmount", q.QuerySettleAmountRequest(day.address("ann"))).settle_amount
    assert (found, found.work_coins, found.epoch_index) == (day.record("ann"), 7, EPOCH)


def test_who_has_none_is_not_found(day: Payday) -> None:
    day.enter(EPOCH + 1)
    day.claim("ann")
    with pytest.raises(ErrNotFound):
        ask(day, "SettleAmount", q.QuerySettleAmountRequest(day.address("ann")))


def test_all_open_claims_come_in_pages(day: Payday) -> None:
    first = ask(day, "SettleAmountAll", q.QuerySettleAmountAllRequest(PageRequest(limit=2)))
    rest = ask(
        day, "SettleAmountAll", q.QuerySettleAmountAllRequest(PageRequest(key=first.pagination.next_key))
    )
    listed = [record.participant for record in (*first.settle_amounts, *rest.settle_amounts)]
    assert listed == sorted(day.address(name) for name in NAMES)


def test_the_sums_the_supply_and_what_is_left(day: Payday) -> None:
    found = ask(day, "TokenomicsData", q.QueryTokenomicsDataRequest())
    assert found.tokenomics_data == day.tokenomics()
    assert (int(found.supply.amount), found.remaining_rewards) == (day.supply(), 10**9 - 1000)


@pytest.mark.parametrize(
    ("epoch", "reward"), [(EPOCH - 1, 0), (EPOCH, 1000), (EPOCH + 1, 990), (2**64 - 1, 0)]
)
def test_the_reward_of_an_epoch(day: Payday, epoch: int, reward: int) -> None:
    assert ask(day, "EpochReward", q.QueryEpochRewardRequest(epoch)).epoch_reward == reward


@pytest.mark.parametrize("address", ["", "a\0b", "x" * 300])
def test_an_address_that_is_none_is_refused(day: Payday, address: str) -> None:
    with pytest.raises(ErrInvalidRequest):
        ask(day, "SettleAmount", q.QuerySettleAmountRequest(address))


def test_claims_and_sums_survive_export_and_import(day: Payday) -> None:
    document = day.export()
    accounts, before = document.accounts, day.digest()
    day.load(replace(document, accounts=accounts, initial_height=day.height + 1))
    assert day.digest() == before


def test_a_read_changes_nothing(day: Payday) -> None:
    before = day.digest()
    for name, request in (
        ("TokenomicsData", q.QueryTokenomicsDataRequest()),
        ("SettleAmount", q.QuerySettleAmountRequest("nobody")),
    ):
        try:
            ask(day, name, request)
        except Refusal as refusal:
            assert refusal.reason == "ErrNotFound"
    assert day.digest() == before
