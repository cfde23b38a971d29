"""Reads of lists of several rooms, of their entries and of how many there are."""

from chain.collateral.keeper import DEPOSITS, UNBONDINGS
from chain.context import Context
from chain.epochs.keeper import GROUPS, Epochs
from chain.errors import ErrNotFound
from chain.governance import Governance
from chain.inference.keeper import DETAILS, SUMMARIES, TIMEOUTS
from chain.poc.keeper import BATCHES, VALIDATIONS
from chain.queries import listing_types as q
from chain.queries.keys import require_name, require_number
from chain.queries.pages import count, get_page_values


class ListingQueries:
    """Answers from several rooms."""

    def __init__(self, epochs: Epochs, governance: Governance) -> None:
        self._epochs = epochs
        self._governance = governance

    def get_current_epoch(
        self, ctx: Context, request: q.QueryGetCurrentEpochRequest
    ) -> q.QueryGetCurrentEpochResponse:
        """Index of the epoch in effect."""
        return q.QueryGetCurrentEpochResponse(self._epochs.get_effective(ctx).index)

    def epoch_info(self, ctx: Context, request: q.QueryEpochInfoRequest) -> q.QueryEpochInfoResponse:
        """Height, parameters, those that wait, and the latest epoch."""
        return q.QueryEpochInfoResponse(
            block_height=ctx.height,
            params=self._governance.get_params(ctx),
            latest_epoch=self._epochs.get_upcoming(ctx) or self._epochs.get_effective(ctx),
            pending_epoch_params=self._governance.get_pending_epoch_params(ctx),
        )

    def epoch_group_data_all(
        self, ctx: Context, request: q.QueryEpochGroupDataAllRequest
    ) -> q.QueryEpochGroupDataAllResponse:
        """All groups, by epoch and model."""
        groups, page = get_page_values(ctx.store, GROUPS, request.pagination)
        told = tuple(self._epochs.describe_group(ctx, group) for group in groups)
        return q.QueryEpochGroupDataAllResponse(told, page)

    def count_po_cbatches_at_height(
        self, ctx: Context, request: q.QueryCountPoCbatchesAtHeightRequest
    ) -> q.QueryCountPoCbatchesAtHeightResponse:
        """How many batches the proof of compute that started at a height has."""
        height = require_number("block_height", request.block_height)
        return q.QueryCountPoCbatchesAtHeightResponse(count(ctx.store, BATCHES, height))

    def count_po_cvalidations_at_height(
        self, ctx: Context, request: q.QueryCountPoCvalidationsAtHeightRequest
    ) -> q.QueryCountPoCvalidationsAtHeightResponse:
        """How many votes the proof of compute that started at a height has."""
        height = require_number("block_height", request.block_height)
        return q.QueryCountPoCvalidationsAtHeightResponse(count(ctx.store, VALIDATIONS, height))

    def inference_timeout(
        self, ctx: Context, request: q.QueryInferenceTimeoutRequest
    ) -> q.QueryInferenceTimeoutResponse:
        """When an inference expires."""
        height = require_number("expiration_height", request.expiration_height)
        inference_id = require_name("inference_id", request.inference_id)
        found = TIMEOUTS.get(ctx.store, height, inference_id)
        if found is None:
            raise ErrNotFound(what=f"a time limit of inference {inference_id} at height {height}")
        return q.QueryInferenceTimeoutResponse(found)

    def inference_timeout_all(
        self, ctx: Context, request: q.QueryInferenceTimeoutAllRequest
    ) -> q.QueryInferenceTimeoutAllResponse:
        """All that is still to expire, by height and inference."""
        return q.QueryInferenceTimeoutAllResponse(*get_page_values(ctx.store, TIMEOUTS, request.pagination))

    def inference_validation_details(
        self, ctx: Context, request: q.QueryInferenceValidationDetailsRequest
    ) -> q.QueryInferenceValidationDetailsResponse:
        """What decides who re-executes an inference."""
        epoch = require_number("epoch_id", request.epoch_id)
        inference_id = require_name("inference_id", request.inference_id)
        found = DETAILS.get(ctx.store, epoch, inference_id)
        if found is None:
            raise ErrNotFound(what=f"validation details of inference {inference_id} in epoch {epoch}")
        return q.QueryInferenceValidationDetailsResponse(found)

    def inference_validation_details_all(
        self, ctx: Context, request: q.QueryInferenceValidationDetailsAllRequest
    ) -> q.QueryInferenceValidationDetailsAllResponse:
        """What decides who re-executes any inference, by epoch and inference."""
        page = get_page_values(ctx.store, DETAILS, request.pagination)
        return q.QueryInferenceValidationDetailsAllResponse(*page)

    def epoch_performance_summary_all(
        self, ctx: Context, request: q.QueryEpochPerformanceSummaryAllRequest
    ) -> q.QueryEpochPerformanceSummaryAllResponse:
        """What participants, or one of them, did in settled epochs, by participant and epoch."""
        name = request.participant_id
        parts = (require_name("participant_id", name),) if name else ()
        page = get_page_values(ctx.store, SUMMARIES, request.pagination, *parts)
        return q.QueryEpochPerformanceSummaryAllResponse(*page)

    def collateral_params(
        self, ctx: Context, request: q.QueryCollateralParamsRequest
    ) -> q.QueryCollateralParamsResponse:
        """The parameters of collateral."""
        return q.QueryCollateralParamsResponse(self._governance.get_params(ctx).collateral)

    def all_collaterals(
        self, ctx: Context, request: q.QueryAllCollateralsRequest
    ) -> q.QueryAllCollateralsResponse:
        """All deposits, by participant."""
        return q.QueryAllCollateralsResponse(*get_page_values(ctx.store, DEPOSITS, request.pagination))

    def all_unbonding_collaterals(
        self, ctx: Context, request: q.QueryAllUnbondingCollateralsRequest
    ) -> q.QueryAllUnbondingCollateralsResponse:
        """All withdrawals under way, by epoch and participant."""
        page = get_page_values(ctx.store, UNBONDINGS, request.pagination)
        return q.QueryAllUnbondingCollateralsResponse(*page)
