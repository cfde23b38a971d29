"""Reads of prices."""

from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.epochs.types import EpochGroupData
from chain.errors import ErrInvalidModel, ErrNotFound
from chain.inference.rules import compute_prices
from chain.models.keeper import MODELS, Models
from chain.models.types import Model
from chain.pricing.keeper import PROPOSALS, Prices
from chain.queries import validation_types as q
from chain.queries.keys import require_name
from chain.queries.pages import get_page_values


class PricingQueries:
    """Answers from the pricing room."""

    def __init__(self, prices: Prices, models: Models, epochs: Epochs) -> None:
        self._prices = prices
        self._models = models
        self._epochs = epochs

    def get_model_per_token_price(
        self, ctx: Context, request: q.QueryGetModelPerTokenPriceRequest
    ) -> q.QueryGetModelPerTokenPriceResponse:
        """What tokens of a model cost at this height."""
        model = self._require_model(ctx, request.model_id)
        return q.QueryGetModelPerTokenPriceResponse(self._build_price(ctx, model))

    def get_model_per_token_price_all(
        self, ctx: Context, request: q.QueryGetModelPerTokenPriceAllRequest
    ) -> q.QueryGetModelPerTokenPriceAllResponse:
        """What tokens cost at this height, by model."""
        models, page = get_page_values(ctx.store, MODELS, request.pagination)
        prices = tuple(self._build_price(ctx, model) for model in models)
        return q.QueryGetModelPerTokenPriceAllResponse(prices, page)

    def get_model_capacity(
        self, ctx: Context, request: q.QueryGetModelCapacityRequest
    ) -> q.QueryGetModelCapacityResponse:
        """How much of a model the network can serve, and does."""
        model = self._require_model(ctx, request.model_id)
        return q.QueryGetModelCapacityResponse(self._build_capacity(ctx, model))

    def get_model_capacity_all(
        self, ctx: Context, request: q.QueryGetModelCapacityAllRequest
    ) -> q.QueryGetModelCapacityAllResponse:
        """How much the network can serve, and does, by model."""
        models, page = get_page_values(ctx.store, MODELS, request.pagination)
        return q.QueryGetModelCapacityAllResponse(
            tuple(self._build_capacity(ctx, model) for model in models), page
        )

    def get_unit_of_compute_price_proposal(
        self, ctx: Context, request: q.QueryGetUnitOfComputePriceProposalRequest
    ) -> q.QueryGetUnitOfComputePriceProposalResponse:
        """What a participant proposes, and the price that it stands for without a proposal."""
        proposal = self._prices.get_proposal(ctx, require_name("participant", request.participant))
        if proposal is None:
            raise ErrNotFound(what=f"a proposal of {request.participant}")
        parent = self._epochs.get_effective_group(ctx) or EpochGroupData()
        return q.QueryGetUnitOfComputePriceProposalResponse(proposal, parent.unit_of_compute_price)

    def unit_of_compute_price_proposal_all(
        self, ctx: Context, request: q.QueryUnitOfComputePriceProposalAllRequest
    ) -> q.QueryUnitOfComputePriceProposalAllResponse:
        """All proposals, by participant."""
        page = get_page_values(ctx.store, PROPOSALS, request.pagination)
        return q.QueryUnitOfComputePriceProposalAllResponse(*page)

    def _require_model(self, ctx: Context, model_id: str) -> Model:
        model = self._models.get_model(ctx, require_name("model_id", model_id))
        if model is None:
            valid = ", ".join(self._models.get_resolver(ctx).list_valid()) or "none yet"
            raise ErrInvalidModel(model=model_id, valid=valid)
        return model

    def _build_price(self, ctx: Context, model: Model) -> q.TokenPrice:
        price = self._prices.get_price(ctx, model.id)
        charged = compute_prices(model, price)
        return q.TokenPrice(model.id, price, charged.prompt_token, charged.completion_token)

    def _build_capacity(self, ctx: Context, model: Model) -> q.ModelCapacity:
        record = self._prices.get_model_price(ctx, model.id)
        return q.ModelCapacity(model.id, record.capacity, sum(entry.tokens for entry in record.usage))
