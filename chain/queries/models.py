"""Reads of the registry of models."""

from chain.context import Context
from chain.errors import ErrInvalidModel, ErrNotFound
from chain.models.keeper import MODELS, Models
from chain.queries import types as q
from chain.queries.keys import require_name
from chain.queries.pages import get_page_values


class ModelQueries:
    """Answers from the models room."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def model(self, ctx: Context, request: q.QueryModelRequest) -> q.QueryModelResponse:
        """One model."""
        model = self._models.get_model(ctx, require_name("id", request.id))
        if model is None:
            raise ErrNotFound(what=f"model {request.id!r}")
        return q.QueryModelResponse(model)

    def models_all(self, ctx: Context, request: q.QueryModelsAllRequest) -> q.QueryModelsAllResponse:
        """All models, by identifier."""
        return q.QueryModelsAllResponse(*get_page_values(ctx.store, MODELS, request.pagination))

    def model_alternatives(
        self, ctx: Context, request: q.QueryModelAlternativesRequest
    ) -> q.QueryModelAlternativesResponse:
        """Alternatives as declared; empty for an unknown model."""
        model_id = require_name("model_id", request.model_id)
        return q.QueryModelAlternativesResponse(self._models.get_model_alternatives(ctx, model_id))

    def resolve_model(self, ctx: Context, request: q.QueryResolveModelRequest) -> q.QueryResolveModelResponse:
        """What an identifier stands for; refuses one that stands for nothing and lists what is valid."""
        identifier = require_name("model_id", request.model_id)
        model_id = self._models.resolve_model_id(ctx, identifier)
        if model_id is None:
            valid = ", ".join(self._models.get_resolver(ctx).list_valid()) or "none yet"
            raise ErrInvalidModel(model=identifier, valid=valid)
        reachable = self._models.get_reachable_models(ctx, identifier)
        return q.QueryResolveModelResponse(model_id, reachable)
