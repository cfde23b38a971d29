"""How a vote is counted: epoch weights, whole numbers, exact fractions."""

from collections.abc import Iterable, Mapping

from chain.fixed import ONE, Decimal, from_decimal
from chain.proposals.types import ProposalStatus, Tally, Vote, VoteOption


def count_votes(members: Mapping[str, int], votes: Iterable[Vote]) -> Tally:
    """The weights behind each option. Votes of whoever is no member, or weighs nothing, do not count."""
    weights = dict.fromkeys(VoteOption, 0)
    for vote in votes:
        weights[vote.option] += max(members.get(vote.voter, 0), 0)
    total = sum(weight for weight in members.values() if weight > 0)
    return Tally(weights[VoteOption.YES], weights[VoteOption.NO], weights[VoteOption.ABSTAIN], total)


def has_quorum(tally: Tally, quorum: Decimal) -> bool:
    """Whether enough weight voted: at least the quorum of all, and something at all."""
    voted = tally.yes + tally.no + tally.abstain
    return voted > 0 and voted * ONE >= tally.total * from_decimal(quorum)


def judge_votes(tally: Tally, quorum: Decimal, threshold: Decimal) -> ProposalStatus:
    """PASSED with a quorum and strictly more than the threshold of the votes for and against; else
    REJECTED.
    """
    decided = tally.yes + tally.no
    passed = has_quorum(tally, quorum) and tally.yes * ONE > decided * from_decimal(threshold)
    return ProposalStatus.PASSED if passed else ProposalStatus.REJECTED
