"""Reads of validations and of votes on inferences."""

from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.epochs.types import EpochGroupData
from chain.errors import ErrInferenceNotFound, ErrInvalidRequest, ErrNotFound
from chain.fixed import to_decimal
from chain.inference.keeper import Inferences
from chain.inference.types import InferenceValidationDetails
from chain.queries import validation_types as q
from chain.queries.keys import require_name, require_number
from chain.queries.pages import get_page_values
from chain.validation import rules
from chain.validation.keeper import VALIDATIONS, VOTES, Validations

IDS_MAX = 1000
"""Most inferences of one question."""


class ValidationQueries:
    """Answers from the validation room."""

    def __init__(self, validations: Validations, inferences: Inferences, epochs: Epochs) -> None:
        self._validations = validations
        self._inferences = inferences
        self._epochs = epochs

    def get_inference_validation_parameters(
        self, ctx: Context, request: q.QueryGetInferenceValidationParametersRequest
    ) -> q.QueryGetInferenceValidationParametersResponse:
        """What decides whether the requester must re-execute inferences, for those that are completed."""
        if len(request.ids) > IDS_MAX:
            raise ErrInvalidRequest(why=f"{len(request.ids)} inferences, at most {IDS_MAX}")
        requester = require_name("requester", request.requester)
        found = (self._find_details(ctx, inference_id) for inference_id in request.ids)
        details = tuple(entry for entry in found if entry is not None)
        models = dict.fromkeys((entry.epoch_id, entry.model) for entry in details)
        return q.QueryGetInferenceValidationParametersResponse(
            details=details,
            validator_powers=tuple(
                self._validations.get_validator_power(ctx, requester, epoch, model) for epoch, model in models
            ),
            parameters=self._validations.get_current_params(ctx),
            block_height=ctx.height,
            epoch_parameters=tuple(
                q.EpochValidationParams(epoch, self._validations.get_epoch_params(ctx, epoch))
                for epoch in dict.fromkeys(entry.epoch_id for entry in details)
            ),
        )

    def epoch_group_validations(
        self, ctx: Context, request: q.QueryEpochGroupValidationsRequest
    ) -> q.QueryEpochGroupValidationsResponse:
        """What a participant re-executed of an epoch."""
        participant = require_name("participant", request.participant)
        index = require_number("epoch_index", request.epoch_index)
        return q.QueryEpochGroupValidationsResponse(
            self._validations.get_epoch_group_validations(ctx, participant, index)
        )

    def epoch_group_validations_all(
        self, ctx: Context, request: q.QueryEpochGroupValidationsAllRequest
    ) -> q.QueryEpochGroupValidationsAllResponse:
        """All validations, by epoch, participant and inference."""
        page = get_page_values(ctx.store, VALIDATIONS, request.pagination)
        return q.QueryEpochGroupValidationsAllResponse(*page)

    def inference_vote(
        self, ctx: Context, request: q.QueryInferenceVoteRequest
    ) -> q.QueryInferenceVoteResponse:
        """The vote on an inference, open or decided."""
        vote = self._validations.get_vote(ctx, require_name("inference_id", request.inference_id))
        if vote is None:
            raise ErrNotFound(what=f"a vote on inference {request.inference_id}")
        return q.QueryInferenceVoteResponse(vote)

    def inference_vote_all(
        self, ctx: Context, request: q.QueryInferenceVoteAllRequest
    ) -> q.QueryInferenceVoteAllResponse:
        """All votes, by inference."""
        return q.QueryInferenceVoteAllResponse(*get_page_values(ctx.store, VOTES, request.pagination))

    def get_minimum_validation_average(
        self, ctx: Context, request: q.QueryGetMinimumValidationAverageRequest
    ) -> q.QueryGetMinimumValidationAverageResponse:
        """How much is re-executed at the traffic of now of an executor with full reputation."""
        parent = self._epochs.get_effective_group(ctx) or EpochGroupData()
        traffic = max(self._epochs.get_requests(ctx), parent.previous_epoch_requests)
        average = rules.compute_minimum_average(traffic, self._validations.get_current_params(ctx))
        return q.QueryGetMinimumValidationAverageResponse(traffic, to_decimal(average), ctx.height)

    def _find_details(self, ctx: Context, inference_id: str) -> InferenceValidationDetails | None:
        inference = self._inferences.get_inference(ctx, require_name("id", inference_id))
        if inference is None:
            raise ErrInferenceNotFound(inference_id=inference_id)
        return self._inferences.get_details(ctx, inference.epoch_id, inference_id)
