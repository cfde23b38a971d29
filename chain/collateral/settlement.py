"""The settlement of an ended epoch: downtime, a record of what everyone did, fresh figures.

Work coins stay in the participant's balance, backed by the inference module's account, until they are
claimed.
"""

from dataclasses import replace

from chain.collateral.keeper import Deposits
from chain.collateral.types import ParticipantRecords, Summaries
from chain.context import Context
from chain.inference.types import EpochPerformanceSummary
from chain.nodes.types import CurrentEpochStats, Participant, ParticipantStatus

UINT64_MAX = 2**64 - 1
"""Largest figure that a summary holds; a deposit can be larger."""


class Settlement:
    """Settles ended epochs."""

    def __init__(self, deposits: Deposits, nodes: ParticipantRecords, summaries: Summaries) -> None:
        self._deposits = deposits
        self._nodes = nodes
        self._summaries = summaries

    def process_settlement(self, ctx: Context, epoch_index: int) -> None:
        """Settles every participant, members of the epoch or not. Epoch 0 has nothing to settle.

        Downtime is judged for all before any figure is reset.
        """
        if epoch_index == 0:
            return
        participants = list(self._nodes.get_participants(ctx))
        burnt = [
            self._deposits.check_and_slash_for_downtime(ctx, participant) for participant in participants
        ]
        for participant, slashed in zip(participants, burnt, strict=True):
            self._settle(ctx, epoch_index, participant, slashed)
        ctx.emit("epoch_settled", epoch_index=epoch_index, participants=len(participants))

    def _settle(self, ctx: Context, epoch_index: int, participant: Participant, slashed: int) -> None:
        self._summaries.set_summary(ctx, build_summary(epoch_index, participant, slashed))
        completed = 0 if participant.status == ParticipantStatus.INVALID else 1
        settled = replace(
            participant,
            epochs_completed=participant.epochs_completed + completed,
            current_epoch_stats=CurrentEpochStats(),
        )
        self._nodes.set_participant(ctx, settled)


def build_summary(epoch_index: int, participant: Participant, slashed: int) -> EpochPerformanceSummary:
    """What a participant did in an epoch; `slashed` umesh of its collateral were burnt at the settlement."""
    stats = participant.current_epoch_stats
    return EpochPerformanceSummary(
        epoch_index=epoch_index,
        participant_id=participant.address,
        inference_count=stats.inference_count,
        missed_requests=stats.missed_requests,
        earned_coins=stats.earned_coins,
        rewarded_coins=stats.rewarded_coins,
        burned_coins=min(stats.burned_coins + slashed, UINT64_MAX),
        validated_inferences=stats.validated_inferences,
        invalidated_inferences=stats.invalidated_inferences,
    )
