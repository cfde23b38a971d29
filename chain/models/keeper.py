"""The registry of governance models."""

from collections.abc import Iterator

from chain.context import Context
from chain.errors import ErrNotFound
from chain.genesis import GenesisState
from chain.models import rules
from chain.models.types import Model, ParamsSource
from chain.records import replace
from chain.store import Map

MODELS = Map(b"\x10\x00", "models/models", (str,), Model)
COLLECTIONS = (MODELS,)


class Models:
    """Governance models and what identifiers stand for."""

    def __init__(self, params: ParamsSource) -> None:
        self._params = params

    def get_model(self, ctx: Context, model_id: str) -> Model | None:
        """A governance model, or None."""
        return MODELS.get(ctx.store, model_id)

    def get_models(self, ctx: Context) -> Iterator[Model]:
        """All governance models, sorted by identifier."""
        return MODELS.values(ctx.store)

    def set_model(self, ctx: Context, model: Model) -> None:
        """Writes a model, whatever it was before."""
        MODELS.set(ctx.store, model, model.id)

    def retire_model(self, ctx: Context, model_id: str) -> None:
        """Removes a model; every model that lists it inherits its alternatives."""
        retired = self.get_model(ctx, model_id)
        if retired is None:
            raise ErrNotFound(what=f"model {model_id!r}")
        MODELS.delete(ctx.store, model_id)
        for heir in list(self.get_models(ctx)):
            if model_id in heir.alternative_models:
                handed = rules.hand_on_alternatives(heir, retired)
                self.set_model(ctx, replace(heir, alternative_models=handed))

    def get_resolver(self, ctx: Context) -> rules.RegistryResolver:
        """A resolver over the registry as it is now."""
        resolution = self._params.get_params(ctx).models.alternative_resolution
        return rules.build_resolver(self.get_models(ctx), resolution)

    def resolve_model_id(self, ctx: Context, identifier: str) -> str | None:
        """The governance model that an identifier stands for, or None."""
        if MODELS.has(ctx.store, identifier):
            return identifier
        return self.get_resolver(ctx).resolve(identifier)

    def is_valid_governance_model(self, ctx: Context, identifier: str) -> bool:
        """Whether an identifier is a governance model or an alternative of one."""
        return self.resolve_model_id(ctx, identifier) is not None

    def get_model_alternatives(self, ctx: Context, model_id: str) -> tuple[str, ...]:
        """Alternatives as declared, in stored order; empty for an unknown model."""
        model = self.get_model(ctx, model_id)
        return model.alternative_models if model else ()

    def get_reachable_models(self, ctx: Context, identifier: str) -> tuple[str, ...]:
        """Every governance model that can be reached from an identifier, sorted."""
        return rules.compute_reachable(self.get_models(ctx), identifier)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the models of a genesis document as they are."""
        for model in genesis.models:
            self.set_model(ctx, model)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {"models": tuple(self.get_models(ctx))}
