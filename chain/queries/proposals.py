"""Reads of proposals and votes."""

from chain.context import Context
from chain.errors import ErrProposalNotFound
from chain.proposals.keeper import PROPOSALS, VOTES, Proposals
from chain.proposals.types import Proposal
from chain.queries import proposal_types as q
from chain.queries.keys import require_number
from chain.queries.pages import get_page_values


class ProposalQueries:
    """Answers from the proposals room."""

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals

    def proposal(self, ctx: Context, request: q.QueryProposalRequest) -> q.QueryProposalResponse:
        """One proposal."""
        return q.QueryProposalResponse(self._require(ctx, request.proposal_id))

    def proposal_all(self, ctx: Context, request: q.QueryProposalAllRequest) -> q.QueryProposalAllResponse:
        """All proposals, by number."""
        return q.QueryProposalAllResponse(*get_page_values(ctx.store, PROPOSALS, request.pagination))

    def proposal_votes(
        self, ctx: Context, request: q.QueryProposalVotesRequest
    ) -> q.QueryProposalVotesResponse:
        """The votes on a proposal that is voted on, by voter."""
        proposal = self._require(ctx, request.proposal_id)
        page = get_page_values(ctx.store, VOTES, request.pagination, proposal.id)
        return q.QueryProposalVotesResponse(*page)

    def _require(self, ctx: Context, proposal_id: int) -> Proposal:
        proposal = self._proposals.get_proposal(ctx, require_number("proposal_id", proposal_id))
        if proposal is None:
            raise ErrProposalNotFound(proposal_id=proposal_id)
        return proposal
