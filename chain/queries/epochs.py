"""Reads of epochs and their groups."""

from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.errors import ErrEpochGroupDataNotFound, ErrEpochNotFound, ErrNotFound
from chain.queries import types as q
from chain.queries.keys import require_name, require_number


class EpochQueries:
    """Answers from the epochs room."""

    def __init__(self, epochs: Epochs) -> None:
        self._epochs = epochs

    def current_epoch(self, ctx: Context, request: q.QueryCurrentEpochRequest) -> q.QueryCurrentEpochResponse:
        """Where the chain stands."""
        return q.QueryCurrentEpochResponse(self._epochs.get_epoch_info(ctx))

    def epoch_group_data(
        self, ctx: Context, request: q.QueryEpochGroupDataRequest
    ) -> q.QueryEpochGroupDataResponse:
        """One group: the parent without a model, else a model's."""
        index = require_number("epoch_index", request.epoch_index)
        model_id = require_name("model_id", request.model_id) if request.model_id else ""
        group = self._epochs.get_group(ctx, index, model_id)
        if group is None:
            raise ErrEpochGroupDataNotFound(epoch_index=index, model_id=model_id, served="")
        return q.QueryEpochGroupDataResponse(self._epochs.describe_group(ctx, group))

    def current_epoch_group_data(
        self, ctx: Context, request: q.QueryCurrentEpochGroupDataRequest
    ) -> q.QueryCurrentEpochGroupDataResponse:
        """The parent group in effect."""
        group = self._epochs.require_effective_group(ctx)
        return q.QueryCurrentEpochGroupDataResponse(self._epochs.describe_group(ctx, group))

    def active_participants(
        self, ctx: Context, request: q.QueryActiveParticipantsRequest
    ) -> q.QueryActiveParticipantsResponse:
        """Everyone who takes part in an epoch."""
        index = require_number("epoch_index", request.epoch_index)
        active = self._epochs.get_active_participants(ctx, index)
        if active is None:
            raise ErrEpochNotFound(epoch_index=index)
        return q.QueryActiveParticipantsResponse(active)

    def random_seed(self, ctx: Context, request: q.QueryRandomSeedRequest) -> q.QueryRandomSeedResponse:
        """A participant's seed of an epoch."""
        index = require_number("epoch_index", request.epoch_index)
        address = require_name("participant", request.participant)
        seed = self._epochs.get_seed(ctx, index, address)
        if seed is None:
            raise ErrNotFound(what=f"a seed of {address} for epoch {index}")
        return q.QueryRandomSeedResponse(seed)
