"""Reads of inferences, and the choice of an executor."""

from chain.context import Context
from chain.errors import ErrInferenceNotFound, ErrNotFound
from chain.inference.executor import Executors
from chain.inference.keeper import INFERENCES, Inferences
from chain.queries import types as q
from chain.queries.keys import require_name, require_number
from chain.queries.pages import get_page_values


class InferenceQueries:
    """Answers from the inference room."""

    def __init__(self, inferences: Inferences, executors: Executors) -> None:
        self._inferences = inferences
        self._executors = executors

    def get_random_executor(
        self, ctx: Context, request: q.QueryGetRandomExecutorRequest
    ) -> q.QueryGetRandomExecutorResponse:
        """A participant to answer a request; refuses when nobody can and names what is served."""
        model = require_name("model", request.model) if request.model else ""
        chosen = self._executors.get_random_executor(ctx, model, request.request_id, request.exclude)
        return q.QueryGetRandomExecutorResponse(*chosen)

    def inference(self, ctx: Context, request: q.QueryInferenceRequest) -> q.QueryInferenceResponse:
        """One inference."""
        inference = self._inferences.get_inference(ctx, require_name("index", request.index))
        if inference is None:
            raise ErrInferenceNotFound(inference_id=request.index)
        return q.QueryInferenceResponse(inference)

    def inference_all(self, ctx: Context, request: q.QueryInferenceAllRequest) -> q.QueryInferenceAllResponse:
        """All inferences, by identifier."""
        return q.QueryInferenceAllResponse(*get_page_values(ctx.store, INFERENCES, request.pagination))

    def epoch_performance_summary(
        self, ctx: Context, request: q.QueryEpochPerformanceSummaryRequest
    ) -> q.QueryEpochPerformanceSummaryResponse:
        """What a participant did in a settled epoch."""
        index = require_number("epoch_index", request.epoch_index)
        address = require_name("participant_id", request.participant_id)
        summary = self._inferences.get_summary(ctx, address, index)
        if summary is None:
            raise ErrNotFound(what=f"a summary of {address} for epoch {index}")
        return q.QueryEpochPerformanceSummaryResponse(summary)
