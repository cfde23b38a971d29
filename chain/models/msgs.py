"""Handlers of the registry's messages. Only the authority may send them."""

from chain.auth.addresses import decode_address
from chain.context import Context
from chain.errors import (
    ErrAmbiguousAlternative,
    ErrCircularAlternative,
    ErrInvalidRecord,
    ErrInvalidSigner,
    ErrInvalidValidationThreshold,
)
from chain.limits import ALTERNATIVES_MAX, IDENTIFIER_LENGTH_MAX, is_identifier
from chain.models import rules
from chain.models.keeper import Models
from chain.models.types import (
    Model,
    MsgRegisterModel,
    MsgRegisterModelResponse,
    MsgRetireModel,
    MsgRetireModelResponse,
    ParamsSource,
)

MODELS_MAX = 1_000
"""Most governance models: whoever names an alternative has all of them looked at."""


class Msgs:
    """Handlers of this room."""

    def __init__(self, models: Models, params: ParamsSource) -> None:
        self._models = models
        self._params = params

    def register_model(self, ctx: Context, msg: MsgRegisterModel) -> MsgRegisterModelResponse:
        """Registers or replaces a model.

        Refuses anyone but the authority, malformed identifiers, cycles and ambiguous alternatives. A new
        model whose identifier was an alternative takes the nodes that declare it away from the old one at
        the next formation; an event says so.
        """
        alternatives = rules.collapse_alternatives(msg.alternative_models)
        _check_fields(msg, alternatives)
        self._check_authority(ctx, msg.authority)
        models = tuple(self._models.get_models(ctx))
        check_alternatives(models, msg.id, alternatives)
        if len(models) >= MODELS_MAX and self._models.get_model(ctx, msg.id) is None:
            raise ErrInvalidRecord(what=f"model {msg.id!r}", why=f"there are {MODELS_MAX} models already")
        self._announce_takeover(ctx, msg.id)
        self._models.set_model(ctx, _build_model(msg, alternatives))
        ctx.emit("model_registered", model_id=msg.id)
        return MsgRegisterModelResponse()

    def retire_model(self, ctx: Context, msg: MsgRetireModel) -> MsgRetireModelResponse:
        """Retires a model; those that list it inherit its alternatives."""
        if not is_identifier(msg.id, IDENTIFIER_LENGTH_MAX):
            raise ErrInvalidRecord(what="model", why="its id is not 1 to 256 printable ASCII characters")
        self._check_authority(ctx, msg.authority)
        self._models.retire_model(ctx, msg.id)
        ctx.emit("model_retired", model_id=msg.id)
        return MsgRetireModelResponse()

    def _check_authority(self, ctx: Context, signer: str) -> None:
        authority = self._params.get_authority(ctx)
        if signer != authority:
            raise ErrInvalidSigner(signer=signer, expected=authority)

    def _announce_takeover(self, ctx: Context, model_id: str) -> None:
        previous = self._models.resolve_model_id(ctx, model_id)
        if previous is not None and previous != model_id:
            ctx.emit("model_taken_over", model_id=model_id, previous_model_id=previous)


def check_alternatives(models: tuple[Model, ...], model_id: str, alternatives: tuple[str, ...]) -> None:
    """Refuses alternatives that lead back to the model or belong to another one."""
    circular = rules.find_cycle(models, model_id, alternatives)
    if circular is not None:
        raise ErrCircularAlternative(alternative=circular, model=model_id)
    for alternative in alternatives:
        other = rules.find_other_owner(models, model_id, alternative)
        if other is not None:
            raise ErrAmbiguousAlternative(alternative=alternative, other=other)


def _check_fields(msg: MsgRegisterModel, alternatives: tuple[str, ...]) -> None:
    if not is_identifier(msg.id, IDENTIFIER_LENGTH_MAX):
        raise ErrInvalidRecord(what="model", why="its id is not 1 to 256 printable ASCII characters")
    if msg.proposed_by:
        decode_address(msg.proposed_by)
    if msg.units_of_compute_per_token < 1:
        raise ErrInvalidRecord(what=f"model {msg.id!r}", why="units_of_compute_per_token is below 1")
    if not rules.is_fraction(msg.validation_threshold):
        threshold = f"{msg.validation_threshold.value}e{msg.validation_threshold.exponent}"
        raise ErrInvalidValidationThreshold(threshold=threshold)
    if len(alternatives) > ALTERNATIVES_MAX:
        raise ErrInvalidRecord(what=f"model {msg.id!r}", why=f"more than {ALTERNATIVES_MAX} alternatives")
    for alternative in alternatives:
        if not is_identifier(alternative, IDENTIFIER_LENGTH_MAX):
            why = f"alternative {alternative!r} is not 1 to 256 printable ASCII characters"
            raise ErrInvalidRecord(what=f"model {msg.id!r}", why=why)


def _build_model(msg: MsgRegisterModel, alternatives: tuple[str, ...]) -> Model:
    return Model(
        proposed_by=msg.proposed_by,
        id=msg.id,
        units_of_compute_per_token=msg.units_of_compute_per_token,
        context_window=msg.context_window,
        quantization=msg.quantization,
        coins_per_input_token=msg.coins_per_input_token,
        coins_per_output_token=msg.coins_per_output_token,
        alternative_models=alternatives,
        hf_repo=msg.hf_repo,
        hf_commit=msg.hf_commit,
        model_args=msg.model_args,
        v_ram=msg.v_ram,
        throughput_per_nonce=msg.throughput_per_nonce,
        validation_threshold=msg.validation_threshold,
    )
