"""Reads of the consensus validators."""

from chain.context import Context
from chain.queries import validator_types as q
from chain.queries.pages import get_page_values
from chain.validators.keeper import VALIDATORS


class ValidatorQueries:
    """Answers from the validators room."""

    def validators(self, ctx: Context, request: q.QueryValidatorsRequest) -> q.QueryValidatorsResponse:
        """Who votes on blocks, by key."""
        return q.QueryValidatorsResponse(*get_page_values(ctx.store, VALIDATORS, request.pagination))
