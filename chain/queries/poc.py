"""Reads of proof of compute."""

from chain.context import Context
from chain.errors import ErrEpochNotFound
from chain.limits import IDENTIFIER_LENGTH_MAX, is_identifier
from chain.poc.keeper import BATCHES, VALIDATIONS, Poc
from chain.poc.types import EligibilityMap
from chain.queries import types as q
from chain.queries.keys import require_number
from chain.queries.pages import get_page_values


class PocQueries:
    """Answers from the poc room."""

    def __init__(self, poc: Poc) -> None:
        self._poc = poc

    def poc_admissions(
        self, ctx: Context, request: q.QueryPocAdmissionsRequest
    ) -> q.QueryPocAdmissionsResponse:
        """Who may mine for an epoch."""
        index = require_number("epoch_index", request.epoch_index)
        admissions = self._poc.get_admissions(ctx, index)
        if admissions is None:
            raise ErrEpochNotFound(epoch_index=index)
        return q.QueryPocAdmissionsResponse(admissions)

    def poc_batches_for_stage(
        self, ctx: Context, request: q.QueryPocBatchesForStageRequest
    ) -> q.QueryPocBatchesForStageResponse:
        """Batches by participant, machine and batch; none for a height at which nothing started."""
        height = require_number("poc_stage_start_block_height", request.poc_stage_start_block_height)
        page = get_page_values(ctx.store, BATCHES, request.pagination, height)
        return q.QueryPocBatchesForStageResponse(*page)

    def poc_validations_for_stage(
        self, ctx: Context, request: q.QueryPocValidationsForStageRequest
    ) -> q.QueryPocValidationsForStageResponse:
        """Votes by participant and validator; none for a height at which nothing started."""
        height = require_number("poc_stage_start_block_height", request.poc_stage_start_block_height)
        page = get_page_values(ctx.store, VALIDATIONS, request.pagination, height)
        return q.QueryPocValidationsForStageResponse(*page)

    def node_eligibility(
        self, ctx: Context, request: q.QueryNodeEligibilityRequest
    ) -> q.QueryNodeEligibilityResponse:
        """Whether a machine would be in the next epoch as things stand, by the formation's own function."""
        owner, node_id = request.participant, request.node_id
        if is_identifier(owner, IDENTIFIER_LENGTH_MAX):
            found = self._poc.get_participant_eligibility(ctx, owner).find(owner, node_id)
        else:
            found = EligibilityMap({}, frozenset()).find(owner, node_id)
        return q.QueryNodeEligibilityResponse(found)
