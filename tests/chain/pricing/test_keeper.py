"""Prices over blocks and epochs, and proposals for a unit of compute."""

import pytest

from chain.epochs.types import Epoch, EpochGroupData, ValidationWeight
from chain.errors import ErrInvalidRecord, ErrParticipantNotFound
from chain.params import Params
from chain.pricing.types import MsgSubmitUnitOfComputePriceProposal
from chain.records import replace
from tests.chain.market import MODEL, PRICED, Market
from tests.chain.world import AUTHORITY

CAPACITY = 20
FULL = CAPACITY * 60
"""Tokens that use all of the window."""


def enter(market: Market, epoch: int, *models: str) -> None:
    """Lets an epoch with groups of these models take effect at the end of this block."""
    ctx = market.context()
    members = (ValidationWeight(market.address("exec"), 15), ValidationWeight(market.address("other"), 5))
    for model in ("", *models):
        group = EpochGroupData(
            validation_weights=members,
            total_weight=CAPACITY,
            model_id=model,
            epoch_index=epoch,
            sub_group_models=() if model else models,
        )
        market.keepers.epochs.set_group(ctx, group)
    market.keepers.epochs.set_epoch(ctx, Epoch(epoch, 40 * epoch))
    market.keepers.prices.process_switch(ctx, epoch)
    market.keepers.epochs.set_effective(ctx, epoch)


def price(market: Market, model: str = MODEL) -> int:
    return market.keepers.prices.get_price(market.context(), model)


@pytest.fixture
def market() -> Market:
    """Epoch 1 takes effect at height 5, with prices that move."""
    market = Market()
    enter(market, 1, MODEL)
    return market


class TestMovingPrices:
    def test_a_quiet_block_lowers_the_price_and_writes_nothing(self, market: Market) -> None:
        before, seen = market.digest(), []
        for _ in range(5):
            seen.append(price(market))
            market.height += 1
        assert seen == [100, 98, 96, 94, 92]
        assert market.digest() == before

    def test_skipping_is_stepping(self, market: Market) -> None:
        market.height += 1000
        assert price(market) == 1
        market.keepers.prices.record_tokens(market.context(), MODEL, 1)
        market.height += 1
        assert price(market) == 1

    def test_full_use_raises_the_price_from_the_next_block_on_as_long_as_it_is_in_the_window(
        self, market: Market
    ) -> None:
        market.keepers.prices.record_tokens(market.context(), MODEL, FULL // 2)
        market.keepers.prices.record_tokens(market.context(), MODEL, FULL // 2)
        assert price(market) == 100
        seen = []
        for _ in range(14):
            market.height += 1
            seen.append(price(market))
        assert seen[:3] == [102, 104, 106]
        assert seen[11] == max(seen), "twelve blocks of the window"
        assert seen[12] < seen[11]

    def test_inferences_are_what_is_counted_and_what_is_charged(self, market: Market) -> None:
        market.height += 1
        market.deliver(market.start())
        market.deliver(market.finish())
        record = market.keepers.prices.get_model_price(market.context(), MODEL)
        assert (record.price, sum(entry.tokens for entry in record.usage)) == (98, 30)
        assert market.inference(market.start().inference_id).per_token_price == 98

    def test_a_change_of_the_parameters_waits_for_the_next_epoch(self, market: Market) -> None:
        params = market.keepers.governance.get_params(market.context())
        still = replace(params.pricing, grace_period_end_epoch=9, grace_period_per_token_price=7)
        market.keepers.governance.update_params(market.context(), replace(params, pricing=still))
        market.height += 1
        assert price(market) == 98
        enter(market, 2, MODEL)
        assert price(market) == 7

    def test_an_epoch_goes_on_from_the_price_before_and_with_its_own_capacity(self, market: Market) -> None:
        market.height += 2
        enter(market, 2, MODEL)
        assert price(market) == 96
        market.height += 1
        assert price(market) == 94

    def test_a_model_that_nobody_serves_is_forgotten_and_starts_again(self, market: Market) -> None:
        market.height += 2
        enter(market, 2)
        assert price(market) == 100
        enter(market, 3, MODEL)
        assert price(market) == 100

    def test_an_export_imported_is_the_same_state(self, market: Market) -> None:
        market.keepers.prices.record_tokens(market.context(), MODEL, FULL)
        market.deliver(MsgSubmitUnitOfComputePriceProposal(market.address("exec"), 70))
        market.begin(8)
        before, seen = market.digest(), price(market)
        market.load(market.export())
        assert (market.digest(), price(market)) == (before, seen)


def graced(end: int, grace_price: int) -> Params:
    pricing = replace(PRICED.pricing, grace_period_end_epoch=end, grace_period_per_token_price=grace_price)
    return replace(PRICED, pricing=pricing)


def test_the_grace_period_has_its_price_then_comes_the_base_price_then_demand() -> None:
    market = Market(params=graced(2, 0))
    assert price(market) == 0
    seen = []
    for epoch in (1, 2, 3):
        enter(market, epoch, MODEL)
        market.height += 3
        seen.append(price(market))
    assert seen == [0, 100, 94]


class TestUnitOfCompute:
    """The weighted median of what the members of an epoch propose."""

    def propose(self, market: Market, name: str, amount: int) -> None:
        market.deliver(MsgSubmitUnitOfComputePriceProposal(market.address(name), amount))

    def unit_price(self, market: Market, epoch: int) -> int:
        group = market.keepers.epochs.get_group(market.context(), epoch)
        assert group is not None
        return group.unit_of_compute_price

    def test_without_proposals_it_stays(self, market: Market) -> None:
        assert self.unit_price(market, 1) == 100

    def test_the_heavier_half_decides_and_others_stand_for_the_price_before(self, market: Market) -> None:
        self.propose(market, "exec", 300)
        self.propose(market, "exec", 250)
        self.propose(market, "dev", 1)
        enter(market, 2, MODEL)
        assert self.unit_price(market, 2) == 250, "15 of 20; no member is no voice"
        self.propose(market, "exec", 240)
        self.propose(market, "other", 10)
        enter(market, 3, MODEL)
        assert self.unit_price(market, 3) == 240

    def test_who_is_no_participant_and_what_is_no_price(self, market: Market) -> None:
        proposal = MsgSubmitUnitOfComputePriceProposal
        market.refuses(proposal(AUTHORITY.address, 5), ErrParticipantNotFound)
        for amount in (0, 2**63):
            market.refuses(proposal(market.address("exec"), amount), ErrInvalidRecord)
