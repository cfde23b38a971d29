"""Carries out proposals that pass, at the end of the block in which their vote ends: all messages of one, or
nothing of it.
"""

from collections.abc import Mapping

from chain.codec import decode_strict
from chain.context import Context
from chain.errors import ErrProposalNotAccepted, Refusal
from chain.execution import attempt
from chain.layout import encode_value
from chain.proposals.keeper import Proposals
from chain.proposals.types import Governed, Proposal, ProposalStatus
from chain.records import replace
from chain.tx import Any


class Enactment:
    """Ends votes."""

    def __init__(self, proposals: Proposals, governed: Mapping[str, Governed]) -> None:
        self._proposals = proposals
        self._governed = governed

    def process_voting_ends(self, ctx: Context) -> None:
        """Counts every vote that ends with this block, by number, and carries out what passed."""
        for due in self._proposals.get_due(ctx):
            counted = self._proposals.count(ctx, due)
            if counted.status == ProposalStatus.PASSED:
                counted = self._enact(ctx, counted)
            self._proposals.close(ctx, counted)

    def _enact(self, ctx: Context, proposal: Proposal) -> Proposal:
        branch = ctx.branch()
        _, refusal = attempt(lambda: self._handle(branch, proposal))
        if refusal is not None:
            return replace(proposal, status=ProposalStatus.FAILED, failure=refusal.reason)
        ctx.write(branch)
        return proposal

    def _handle(self, branch: Context, proposal: Proposal) -> None:
        for packed in proposal.messages:
            governed = self._find(packed)
            governed.handle(branch, decode_strict(governed.message, packed.value))
        for key, value in branch.store.changes():
            if value is not None:
                encode_value(key, value)  # what cannot be stored fails its proposal, not the block

    def _find(self, packed: Any) -> Governed:
        governed = self._governed.get(packed.type_url)
        if governed is None:
            refusal: Refusal = ErrProposalNotAccepted(why=f"{packed.type_url[:128]!r} cannot be proposed")
            raise refusal
        return governed
