"""Proposals, and the votes on those that are open."""

from collections.abc import Iterator

from chain.auth.addresses import GOVERNANCE
from chain.context import Context
from chain.errors import ErrInvalidRecord
from chain.genesis import GenesisState
from chain.nodes.types import ParticipantStatus
from chain.proposals import rules
from chain.proposals.types import (
    EpochGroups,
    ParamsSource,
    ParticipantRecords,
    Proposal,
    ProposalStatus,
    Purse,
    Vote,
)
from chain.records import replace
from chain.store import Map
from chain.waking import Wakeup

PROPOSALS = Map(b"\x19\x00", "proposals/proposals", (int,), Proposal)
VOTES = Map(b"\x19\x01", "proposals/votes", (int, str), Vote)
"""By proposal and voter; forgotten when the vote is counted."""
OPEN = Map(b"\x19\x02", "proposals/open", (int, int), int)
"""Proposals that are voted on, by the height at which the vote ends. Follows from PROPOSALS."""
NEXT_ID = Map(b"\x19\x03", "proposals/next_id", (), int)
COLLECTIONS = (PROPOSALS, VOTES, OPEN, NEXT_ID)

MODULE = GOVERNANCE
"""Module account that holds the deposits of open proposals."""


class Proposals:
    """Keeps proposals and votes."""

    def __init__(
        self, params: ParamsSource, bank: Purse, epochs: EpochGroups, nodes: ParticipantRecords
    ) -> None:
        self._params = params
        self._bank = bank
        self._epochs = epochs
        self._nodes = nodes

    def get_proposal(self, ctx: Context, proposal_id: int) -> Proposal | None:
        """A proposal, or None."""
        return PROPOSALS.get(ctx.store, proposal_id)

    def get_next_id(self, ctx: Context) -> int:
        """Number of the next proposal."""
        return NEXT_ID.get(ctx.store) or 1

    def count_open(self, ctx: Context) -> int:
        """How many proposals are voted on."""
        return sum(1 for _ in OPEN.values(ctx.store))

    def get_votes(self, ctx: Context, proposal_id: int) -> Iterator[Vote]:
        """The votes on an open proposal, by voter."""
        return VOTES.values(ctx.store, proposal_id)

    def get_members(self, ctx: Context) -> dict[str, int]:
        """Who may vote, and with which weight: the members of the group in effect that are not INVALID."""
        group = self._epochs.get_effective_group(ctx)
        exclude_invalid = self._params.get_params(ctx).inference.exclude_invalid
        ctx.work += len(group.validation_weights) if group else 0
        return {
            member.member_address: member.weight
            for member in (group.validation_weights if group else ())
            if member.weight > 0 and not (exclude_invalid and self._is_invalid(ctx, member.member_address))
        }

    def get_owed(self, ctx: Context) -> int:
        """What the module account owes: the deposits of open proposals, umesh."""
        return sum(self._require(ctx, int(key[1])).deposit for key, _ in OPEN.items(ctx.store))

    def open_proposal(self, ctx: Context, proposal: Proposal) -> Proposal:
        """Takes the deposit, numbers a proposal and opens the vote on it."""
        params = self._params.get_params(ctx).governance
        opened = replace(
            proposal,
            id=self.get_next_id(ctx),
            status=ProposalStatus.VOTING,
            submit_block_height=ctx.height,
            voting_end_block_height=ctx.height + params.voting_period_blocks,
            deposit=params.deposit,
        )
        if opened.deposit > 0:
            self._bank.send_coins_from_account_to_module(ctx, opened.proposer, MODULE, opened.deposit)
        self._set_proposal(ctx, opened)
        NEXT_ID.set(ctx.store, opened.id + 1)
        ctx.emit(
            "proposal_submitted",
            proposal_id=opened.id,
            proposer=opened.proposer,
            voting_end_block_height=opened.voting_end_block_height,
        )
        return opened

    def set_vote(self, ctx: Context, vote: Vote) -> None:
        """Writes a vote; a second one of the same member replaces the first."""
        VOTES.set(ctx.store, vote, vote.proposal_id, vote.voter)
        option = vote.option.name
        ctx.emit("proposal_vote", proposal_id=vote.proposal_id, voter=vote.voter, option=option)

    def get_due(self, ctx: Context) -> tuple[Proposal, ...]:
        """Proposals whose vote ends with this block, by number."""
        return tuple(self._require(ctx, int(key[1])) for key, _ in OPEN.items(ctx.store, ctx.height))

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """The next height at whose end a vote ends."""
        first = OPEN.find_first(ctx.store, ctx.height + 1)
        return Wakeup() if first is None else Wakeup(height=first)

    def count(self, ctx: Context, proposal: Proposal) -> Proposal:
        """Ends the vote on a proposal: counts it, returns or burns the deposit, forgets the votes. What is
        PASSED is not carried out yet.
        """
        params = self._params.get_params(ctx).governance
        tally = rules.count_votes(self.get_members(ctx), self.get_votes(ctx, proposal.id))
        OPEN.delete(ctx.store, proposal.voting_end_block_height, proposal.id)
        for vote in list(self.get_votes(ctx, proposal.id)):
            VOTES.delete(ctx.store, vote.proposal_id, vote.voter)
        self._settle_deposit(ctx, proposal, rules.has_quorum(tally, params.quorum))
        status = rules.judge_votes(tally, params.quorum, params.threshold)
        return replace(proposal, status=status, tally=tally)

    def close(self, ctx: Context, proposal: Proposal) -> None:
        """Writes what became of a proposal."""
        self._set_proposal(ctx, proposal)
        ctx.emit(
            "proposal_closed",
            proposal_id=proposal.id,
            status=proposal.status.name,
            yes=proposal.tally.yes,
            no=proposal.tally.no,
            abstain=proposal.tally.abstain,
            total=proposal.tally.total,
            failure=proposal.failure,
        )

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes proposals and votes of a genesis document; the bank holds the deposits already."""
        for proposal in genesis.proposals:
            self._set_proposal(ctx, proposal)
        for vote in genesis.votes:
            proposal = self._require(ctx, vote.proposal_id)
            if proposal.status != ProposalStatus.VOTING:
                why = f"proposal {vote.proposal_id} is not voted on"
                raise ErrInvalidRecord(what=f"genesis vote of {vote.voter}", why=why)
            VOTES.set(ctx.store, vote, vote.proposal_id, vote.voter)
        if genesis.next_proposal_id > 0:
            NEXT_ID.set(ctx.store, genesis.next_proposal_id)
        last = max((proposal.id for proposal in genesis.proposals), default=0)
        if last >= self.get_next_id(ctx):
            raise ErrInvalidRecord(what="genesis next_proposal_id", why=f"proposal {last} exists already")

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "proposals": tuple(PROPOSALS.values(ctx.store)),
            "votes": tuple(VOTES.values(ctx.store)),
            "next_proposal_id": NEXT_ID.get(ctx.store) or 0,
        }

    def _require(self, ctx: Context, proposal_id: int) -> Proposal:
        proposal = self.get_proposal(ctx, proposal_id)
        if proposal is None:
            raise ErrInvalidRecord(what=f"proposal {proposal_id}", why="it does not exist")
        return proposal

    def _set_proposal(self, ctx: Context, proposal: Proposal) -> None:
        PROPOSALS.set(ctx.store, proposal, proposal.id)
        if proposal.status == ProposalStatus.VOTING:
            OPEN.set(ctx.store, proposal.id, proposal.voting_end_block_height, proposal.id)

    def _settle_deposit(self, ctx: Context, proposal: Proposal, returned: bool) -> None:
        if proposal.deposit > 0 and returned:
            self._bank.send_coins_from_module_to_account(ctx, MODULE, proposal.proposer, proposal.deposit)
        elif proposal.deposit > 0:
            self._bank.burn_coins(ctx, MODULE, proposal.deposit)

    def _is_invalid(self, ctx: Context, address: str) -> bool:
        participant = self._nodes.get_participant(ctx, address)
        return participant is not None and participant.status == ParticipantStatus.INVALID
