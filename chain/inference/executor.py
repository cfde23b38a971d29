"""Who answers a request: a read that a transfer agent asks before it sends one."""

from chain.context import Context
from chain.epochs.types import EpochGroupData
from chain.errors import ErrExecutorNotFound, ErrInvalidModel
from chain.inference import rules
from chain.inference.types import EpochGroups, JailRecords, ModelRegistry, ParamsSource, ParticipantRecords
from chain.nodes.types import Participant, ParticipantStatus


class Executors:
    """Chooses executors."""

    def __init__(
        self,
        params: ParamsSource,
        nodes: ParticipantRecords,
        models: ModelRegistry,
        epochs: EpochGroups,
        jail: JailRecords,
    ) -> None:
        self._params = params
        self._nodes = nodes
        self._models = models
        self._epochs = epochs
        self._jail = jail

    def resolve_model(self, ctx: Context, identifier: str) -> str:
        """The governance model that a request names; refuses other names and lists what is valid."""
        model_id = self._models.resolve_model_id(ctx, identifier)
        if model_id is None:
            valid = ", ".join(self._models.get_resolver(ctx).list_valid()) or "none yet"
            raise ErrInvalidModel(model=identifier, valid=valid)
        return model_id

    def get_random_executor(
        self, ctx: Context, model: str, request_id: str, exclude: tuple[str, ...] = ()
    ) -> tuple[Participant, str]:
        """A participant that serves the model, drawn by weight from the request, and the governance model.
        Without a model any member of the parent group, but nobody during a proof of compute.

        While a proof of compute is under way, until the new groups take effect, only participants with a
        machine that keeps serving (POC_SLOT) can be drawn. Those without a public URL cannot be asked,
        INVALID and jailed ones are left out when the parameters say so, and so is whoever `exclude` names.
        """
        model_id = self.resolve_model(ctx, model) if model else ""
        group = self._epochs.require_effective_group(ctx, model_id)
        left_out = self._find_left_out(ctx, group, exclude)
        address = rules.select_executor(
            group.validation_weights, request_id, group.epoch_index, model_id, left_out
        )
        participant = self._nodes.get_participant(ctx, address) if address else None
        if participant is None:
            parent = self._epochs.get_effective_group(ctx)
            served = ", ".join(parent.sub_group_models) if parent else "none"
            why = f"{len(group.validation_weights)} members serve it, none of them can be asked"
            raise ErrExecutorNotFound(model=model_id, why=why, served=served)
        return participant, model_id

    def _find_left_out(self, ctx: Context, group: EpochGroupData, exclude: tuple[str, ...]) -> frozenset[str]:
        in_poc = self._epochs.get_upcoming(ctx) is not None
        left_out = [
            member.member_address
            for member in group.validation_weights
            if (in_poc and not rules.keeps_serving(member.ml_nodes))
            or not self._can_be_asked(ctx, member.member_address)
        ]
        return frozenset((*left_out, *exclude))

    def _can_be_asked(self, ctx: Context, address: str) -> bool:
        participant = self._nodes.get_participant(ctx, address)
        if participant is None or not participant.inference_url or self._jail.is_barred(ctx, address):
            return False
        invalid = participant.status == ParticipantStatus.INVALID
        return not (invalid and self._params.get_params(ctx).inference.exclude_invalid)
