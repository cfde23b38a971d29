"""What can be asked about proposals, and what is answered."""

from chain.proposals.types import Proposal, Vote
from chain.queries.types import PageRequest, PageResponse
from chain.records import Record


class QueryProposalRequest(Record, frozen=True):
    """Asks for a proposal."""

    proposal_id: int = 0


class QueryProposalResponse(Record, frozen=True):
    """A proposal."""

    proposal: Proposal = Proposal()


class QueryProposalAllRequest(Record, frozen=True):
    """Asks for all proposals."""

    pagination: PageRequest = PageRequest()


class QueryProposalAllResponse(Record, frozen=True):
    """All proposals."""

    proposals: tuple[Proposal, ...] = ()
    pagination: PageResponse = PageResponse()


class QueryProposalVotesRequest(Record, frozen=True):
    """Asks for the votes on a proposal."""

    proposal_id: int = 0
    pagination: PageRequest = PageRequest()


class QueryProposalVotesResponse(Record, frozen=True):
    """The votes on a proposal."""

    votes: tuple[Vote, ...] = ()
    pagination: PageResponse = PageResponse()
