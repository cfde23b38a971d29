"""Reads of the jail."""

from chain.context import Context
from chain.errors import ErrNotJailed
from chain.queries import jail_types as q
from chain.queries.keys import require_name
from chain.queries.pages import get_page_values
from chain.slashing.keeper import JAILED, Slashing


class SlashingQueries:
    """Answers from the slashing room."""

    def __init__(self, slashing: Slashing) -> None:
        self._slashing = slashing

    def jailing(self, ctx: Context, request: q.QueryJailingRequest) -> q.QueryJailingResponse:
        """Since when and why a participant is jailed."""
        address = require_name("participant", request.participant)
        jailing = self._slashing.get_jailing(ctx, address)
        if jailing is None:
            raise ErrNotJailed(participant=address)
        return q.QueryJailingResponse(jailing)

    def jailing_all(self, ctx: Context, request: q.QueryJailingAllRequest) -> q.QueryJailingAllResponse:
        """All who are jailed, by address."""
        return q.QueryJailingAllResponse(*get_page_values(ctx.store, JAILED, request.pagination))
