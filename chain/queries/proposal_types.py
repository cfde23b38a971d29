"""What can be asked about proposals, and what is answered."""

from dataclasses import dataclass

from chain.proposals.types import Proposal, Vote
from chain.queries.types import PageRequest, PageResponse


@dataclass(frozen=True, slots=True)
class QueryProposalRequest:
    """Asks for a proposal."""

    proposal_id: int = 0


@dataclass(frozen=True, slots=True)
class QueryProposalResponse:
    """A proposal."""

    proposal: Proposal = Proposal()


@dataclass(frozen=True, slots=True)
class QueryProposalAllRequest:
    """Asks for all proposals."""

    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryProposalAllResponse:
    """All proposals."""

    proposals: tuple[Proposal, ...] = ()
    pagination: PageResponse = PageResponse()


@dataclass(frozen=True, slots=True)
class QueryProposalVotesRequest:
    """Asks for the votes on a proposal."""

    proposal_id: int = 0
    pagination: PageRequest = PageRequest()


@dataclass(frozen=True, slots=True)
class QueryProposalVotesResponse:
    """The votes on a proposal."""

    votes: tuple[Vote, ...] = ()
    pagination: PageResponse = PageResponse()
