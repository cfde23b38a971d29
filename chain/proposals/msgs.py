"""Handlers of proposals and votes."""

from collections.abc import Mapping

from chain.bounds import check_bounds
from chain.codec import decode_strict
from chain.context import Context
from chain.errors import (
    ErrProposalNotAccepted,
    ErrProposalNotFound,
    ErrProposalsOff,
    ErrTooManyProposals,
    ErrVoteNotAccepted,
)
from chain.limits import is_blank
from chain.proposals.keeper import Proposals
from chain.proposals.types import (
    Governed,
    MsgSubmitProposal,
    MsgSubmitProposalResponse,
    MsgVote,
    MsgVoteResponse,
    ParamsSource,
    Proposal,
    ProposalStatus,
    Vote,
    VoteOption,
)
from chain.tx import Any

OPEN_MAX = 64
"""Most proposals that are voted on at the same time: bounds what the end of a block may have to do."""
MESSAGES_MAX = 16
TITLE_CHARACTERS_MAX = 140
SUMMARY_CHARACTERS_MAX = 10_000


class Msgs:
    """Handlers of this room."""

    def __init__(self, proposals: Proposals, params: ParamsSource, governed: Mapping[str, Governed]) -> None:
        self._proposals = proposals
        self._params = params
        self._governed = governed

    def submit_proposal(self, ctx: Context, msg: MsgSubmitProposal) -> MsgSubmitProposalResponse:
        """Opens the vote on messages that only the authority may send."""
        if self._params.get_params(ctx).governance.voting_period_blocks == 0:
            raise ErrProposalsOff()
        if self._proposals.count_open(ctx) >= OPEN_MAX:
            raise ErrTooManyProposals(limit=OPEN_MAX)
        _check_texts(msg)
        authority = self._params.get_authority(ctx)
        for packed in msg.messages:
            self._check_message(packed, authority)
        proposal = Proposal(
            proposer=msg.proposer, title=msg.title, summary=msg.summary, messages=msg.messages
        )
        return MsgSubmitProposalResponse(self._proposals.open_proposal(ctx, proposal).id)

    def vote(self, ctx: Context, msg: MsgVote) -> MsgVoteResponse:
        """Records what a member of the epoch in effect says; it may change its mind until the vote ends."""
        proposal = self._proposals.get_proposal(ctx, msg.proposal_id)
        if proposal is None:
            raise ErrProposalNotFound(proposal_id=msg.proposal_id)
        if proposal.status != ProposalStatus.VOTING:
            self._refuse_vote(msg, f"the vote ended at height {proposal.voting_end_block_height}")
        if msg.option == VoteOption.UNSPECIFIED:
            self._refuse_vote(msg, "no option is named")
        if msg.voter not in self._proposals.get_members(ctx):
            self._refuse_vote(msg, "the voter is no member of the epoch in effect")
        self._proposals.set_vote(ctx, Vote(msg.proposal_id, msg.voter, msg.option))
        return MsgVoteResponse()

    def _check_message(self, packed: Any, authority: str) -> None:
        governed = self._governed.get(packed.type_url)
        if governed is None:
            allowed = ", ".join(self._governed)
            why = f"{packed.type_url[:128]!r} cannot be proposed; these can: {allowed}"
            raise ErrProposalNotAccepted(why=why)
        message: object = decode_strict(governed.message, packed.value, check_bounds)
        signer = getattr(message, governed.signer)
        if signer != authority:
            why = f"{packed.type_url} names {signer!r} as {governed.signer}, not the authority {authority}"
            raise ErrProposalNotAccepted(why=why)

    def _refuse_vote(self, msg: MsgVote, why: str) -> None:
        raise ErrVoteNotAccepted(voter=msg.voter, proposal_id=msg.proposal_id, why=why)


def _check_texts(msg: MsgSubmitProposal) -> None:
    if is_blank(msg.title) or len(msg.title) > TITLE_CHARACTERS_MAX:
        raise ErrProposalNotAccepted(why=f"its title does not have 1 to {TITLE_CHARACTERS_MAX} characters")
    if len(msg.summary) > SUMMARY_CHARACTERS_MAX:
        raise ErrProposalNotAccepted(why=f"its summary has more than {SUMMARY_CHARACTERS_MAX} characters")
    if not 1 <= len(msg.messages) <= MESSAGES_MAX:
        raise ErrProposalNotAccepted(why=f"it does not carry 1 to {MESSAGES_MAX} messages")
