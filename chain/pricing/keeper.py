"""Prices of tokens, and proposals for the price of a unit of compute.

A moving price is written only when tokens of its model are completed and when an epoch takes effect. Any
read steps from there to its own height in memory, so a quiet block writes nothing, and a thousand skipped
blocks give the same price as a thousand empty ones.
"""

from collections.abc import Iterator

from chain.context import Context
from chain.genesis import GenesisState
from chain.pricing import rules
from chain.pricing.types import (
    EpochGroups,
    ModelPrice,
    ParamsSource,
    PricingTerms,
    UnitOfComputePriceProposal,
)
from chain.records import replace
from chain.store import Map

MODEL_PRICES = Map(b"\x17\x10", "pricing/model_prices", (str,), ModelPrice)
TERMS = Map(b"\x17\x11", "pricing/terms", (), PricingTerms)
PROPOSALS = Map(b"\x17\x12", "pricing/proposals", (str,), UnitOfComputePriceProposal)
COLLECTIONS = (MODEL_PRICES, TERMS, PROPOSALS)


class Prices:
    """Prices that follow demand."""

    def __init__(self, params: ParamsSource, epochs: EpochGroups) -> None:
        self._params = params
        self._epochs = epochs

    def get_price(self, ctx: Context, model_id: str) -> int:
        """What a token costs at this height where the model states no price, umesh."""
        return self.get_model_price(ctx, model_id).price

    def get_model_price(self, ctx: Context, model_id: str) -> ModelPrice:
        """Price, capacity and recent usage of a model at this height. One that the epoch does not serve has
        the price that prices start from.
        """
        terms = self.get_terms(ctx)
        record = MODEL_PRICES.get(ctx.store, model_id)
        if record is None:
            capacity = self._compute_capacity(ctx, terms.epoch_index, model_id)
            return ModelPrice(model_id, rules.get_start_price(terms), ctx.height, capacity)
        current = rules.advance(record, ctx.height, terms)
        return current if rules.is_moving(terms) else replace(current, price=rules.get_start_price(terms))

    def get_terms(self, ctx: Context) -> PricingTerms:
        """The rules of the epoch in effect, frozen when it took effect; of epoch 0 as the parameters say."""
        return TERMS.get(ctx.store) or self._build_terms(ctx, self._epochs.get_effective(ctx).index)

    def record_tokens(self, ctx: Context, model_id: str, tokens: int) -> None:
        """Counts tokens of a model that were completed in this block. The block's price stays as it is."""
        if tokens > 0:
            current = self.get_model_price(ctx, model_id)
            MODEL_PRICES.set(ctx.store, rules.add_usage(current, tokens), model_id)

    def get_proposal(self, ctx: Context, participant: str) -> UnitOfComputePriceProposal | None:
        """What a participant proposes for a unit of compute, or None."""
        return PROPOSALS.get(ctx.store, participant)

    def set_proposal(self, ctx: Context, proposal: UnitOfComputePriceProposal) -> None:
        """Writes a proposal in place of the participant's earlier one."""
        PROPOSALS.set(ctx.store, proposal, proposal.participant)

    def process_switch(self, ctx: Context, epoch_index: int) -> None:
        """Freezes rules, capacities and the price of a unit of compute of an epoch that takes effect at the
        end of this block, after its groups are written and while the epoch before still is the effective one.

        Prices go on from where they stand; those of models that nobody serves any more are forgotten.
        """
        parent = self._epochs.get_group(ctx, epoch_index)
        served = parent.sub_group_models if parent else ()
        before, terms = self.get_terms(ctx), self._build_terms(ctx, epoch_index)
        in_grace = before.epoch_index < before.params.grace_period_end_epoch
        records = []
        for model_id in sorted(served):
            current = self.get_model_price(ctx, model_id)
            price = terms.base_per_token_price if in_grace else current.price
            price = max(price, terms.params.min_per_token_price)
            records.append(
                replace(
                    current,
                    price=price if rules.is_moving(terms) else rules.get_start_price(terms),
                    capacity=self._compute_capacity(ctx, epoch_index, model_id),
                )
            )
        self._replace_prices(ctx, terms, records)
        self._set_unit_price(ctx, epoch_index)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes prices and proposals of a genesis document."""
        for record in genesis.model_prices:
            MODEL_PRICES.set(ctx.store, record, record.model_id)
        if genesis.pricing_terms is not None:
            TERMS.set(ctx.store, genesis.pricing_terms)
        for proposal in genesis.unit_of_compute_price_proposals:
            self.set_proposal(ctx, proposal)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "model_prices": tuple(MODEL_PRICES.values(ctx.store)),
            "pricing_terms": TERMS.get(ctx.store),
            "unit_of_compute_price_proposals": tuple(self._get_proposals(ctx)),
        }

    def _replace_prices(self, ctx: Context, terms: PricingTerms, records: list[ModelPrice]) -> None:
        for record in list(MODEL_PRICES.values(ctx.store)):
            MODEL_PRICES.delete(ctx.store, record.model_id)
        TERMS.set(ctx.store, terms)
        for record in records:
            MODEL_PRICES.set(ctx.store, record, record.model_id)
            ctx.emit(
                "model_price_set",
                model=record.model_id,
                epoch_index=terms.epoch_index,
                price=record.price,
                capacity=record.capacity,
            )

    def _set_unit_price(self, ctx: Context, epoch_index: int) -> None:
        """Members without a proposal stand for the price of the epoch before; of epoch 1 for the default."""
        parent = self._epochs.get_group(ctx, epoch_index)
        previous = self._epochs.get_group(ctx, epoch_index - 1) if epoch_index > 1 else None
        if parent is None:
            return
        default = self._params.get_params(ctx).epoch.default_unit_of_compute_price
        if previous is not None:
            default = previous.unit_of_compute_price
        entries = []
        for member in parent.validation_weights:
            proposal = self.get_proposal(ctx, member.member_address)
            entries.append((proposal.price if proposal else default, member.weight))
        price = rules.compute_unit_price(entries, default)
        self._epochs.set_group(ctx, replace(parent, unit_of_compute_price=price))
        ctx.emit("unit_of_compute_price_set", epoch_index=epoch_index, price=price)

    def _build_terms(self, ctx: Context, epoch_index: int) -> PricingTerms:
        params = self._params.get_params(ctx)
        return PricingTerms(epoch_index, params.pricing, params.inference.base_per_token_price)

    def _compute_capacity(self, ctx: Context, epoch_index: int, model_id: str) -> int:
        group = self._epochs.get_group(ctx, epoch_index, model_id)
        weight = group.total_weight if group else 0
        return weight if weight > 0 else rules.CAPACITY_DEFAULT

    def _get_proposals(self, ctx: Context) -> Iterator[UnitOfComputePriceProposal]:
        return PROPOSALS.values(ctx.store)
