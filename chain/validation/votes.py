"""Votes on inferences that somebody found wrong, what their outcome means, and a participant's standing.

A validation that does not pass opens a vote, once for each inference. The parent group of the inference's
epoch votes: every member but the executor, with its weight there, as long as it is not INVALID
(`exclude_invalid`). A member's vote is its validation of the inference, whether it came before the vote or in
it. More than half of all that weight for one answer decides at once; at the deadline an inference that was
not found wrong by more than half is upheld.

Standing is judged whenever a validation passed and whenever a vote ends. Whoever becomes INVALID is slashed.
"""

from chain.context import Context
from chain.epochs.types import EpochGroupData
from chain.inference.types import Inference, InferenceStatus
from chain.nodes.types import Participant, ParticipantStatus
from chain.records import replace
from chain.validation.keeper import Validations
from chain.validation.status import calculate_status
from chain.validation.types import (
    Consensus,
    EpochGroups,
    InferenceRecords,
    InferenceValidation,
    InferenceVote,
    ParamsSource,
    ParticipantRecords,
    Slasher,
    VoteOutcome,
    WorkSharing,
)
from chain.waking import Wakeup

INVALID_CONDUCT = "invalid"
"""Reason of a slash for becoming INVALID."""
UINT64_MAX = 2**64 - 1


class Votes:
    """Decides about answers, and what that means for those who gave them."""

    def __init__(
        self,
        params: ParamsSource,
        epochs: EpochGroups,
        nodes: ParticipantRecords,
        inferences: InferenceRecords,
        validations: Validations,
        deposits: Slasher,
        share_work: WorkSharing,
        consensus: Consensus,
    ) -> None:
        self._params = params
        self._epochs = epochs
        self._nodes = nodes
        self._inferences = inferences
        self._validations = validations
        self._deposits = deposits
        self._share_work = share_work
        self._consensus = consensus

    def is_left_out(self, ctx: Context, address: str) -> bool:
        """Whether a participant has no say because it is INVALID."""
        participant = self._nodes.get_participant(ctx, address)
        invalid = participant is not None and participant.status == ParticipantStatus.INVALID
        return invalid and self._params.get_params(ctx).inference.exclude_invalid

    def take_pass(self, ctx: Context, inference: Inference, record: InferenceValidation) -> None:
        """Keeps a validation that passed. The first one counts for the executor; each validator that does not
        only vote has a part in the pay from then on.
        """
        shares = not record.revalidation and self._share(ctx, inference, record.participant)
        self._validations.set_validation(ctx, replace(record, shares_work=shares))
        voting = inference.status == InferenceStatus.VOTING
        passed = replace(
            inference,
            status=InferenceStatus.VOTING if voting else InferenceStatus.VALIDATED,
            validated_by=tuple(sorted((*inference.validated_by, record.participant))),
        )
        self._inferences.set_inference(ctx, passed)
        if not inference.validated_by and not self._is_upheld(ctx, inference):
            self._count_valid(ctx, inference.executed_by)
        self._judge(ctx, inference.executed_by)
        if voting:
            self._tally(ctx, passed, is_due=False)

    def take_failure(self, ctx: Context, inference: Inference, record: InferenceValidation) -> None:
        """Keeps a validation that did not pass, and opens a vote unless there was one."""
        self._validations.set_validation(ctx, record)
        if self._validations.get_vote(ctx, inference.inference_id) is None:
            period = self._validations.get_epoch_params(ctx, inference.epoch_id).voting_period_blocks
            deadline = ctx.height + period
            vote = InferenceVote(
                inference_id=inference.inference_id,
                epoch_index=inference.epoch_id,
                opened_by=record.participant,
                opened_at_block_height=ctx.height,
                deadline_block_height=deadline,
            )
            self._validations.set_vote(ctx, vote)
            ctx.work += self._count_members(ctx, inference)  # who opens a vote pays for its end as well
            inference = replace(inference, status=InferenceStatus.VOTING)
            self._inferences.set_inference(ctx, inference)
            ctx.emit(
                "inference_vote_opened",
                inference_id=inference.inference_id,
                opened_by=record.participant,
                deadline_block_height=deadline,
            )
        if inference.status == InferenceStatus.VOTING:
            self._tally(ctx, inference, is_due=False)

    def process_deadlines(self, ctx: Context) -> None:
        """Decides votes that end with this block. Called at its end, before the epoch's stages."""
        for vote in self._validations.get_due_votes(ctx):
            inference = self._inferences.get_inference(ctx, vote.inference_id)
            if inference is not None:
                self._tally(ctx, inference, is_due=True)

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """The next height at which a vote may end."""
        return Wakeup(height=self._validations.find_deadline(ctx))

    def invalidate(self, ctx: Context, inference: Inference) -> None:
        """The answer was wrong: the pay goes back to the requester, the executor has one more failure.

        Everyone who has a part in the pay gives it back; a balance may fall below zero, a debt that later
        work pays off. The requester gets what could be taken, so that the module account never pays with what
        it owes to others.
        """
        self._inferences.set_inference(ctx, replace(inference, status=InferenceStatus.INVALIDATED))
        self._close(ctx, inference, VoteOutcome.INVALIDATED)
        refunded = self._take_back(ctx, inference)
        self._inferences.refund_invalidated(ctx, inference, refunded)
        executor = self._nodes.require_participant(ctx, inference.executed_by)
        stats = executor.current_epoch_stats
        failed = replace(
            executor,
            consecutive_invalid_inferences=executor.consecutive_invalid_inferences + 1,
            current_epoch_stats=replace(stats, invalidated_inferences=stats.invalidated_inferences + 1),
        )
        self._nodes.set_participant(ctx, failed)
        ctx.emit(
            "inference_invalidated",
            inference_id=inference.inference_id,
            executed_by=inference.executed_by,
            refunded=refunded,
        )
        self._judge(ctx, inference.executed_by)

    def uphold(self, ctx: Context, inference: Inference) -> None:
        """The answer stands. It counts for the executor unless a validation that passed counted already."""
        self._inferences.set_inference(ctx, replace(inference, status=InferenceStatus.VALIDATED))
        self._close(ctx, inference, VoteOutcome.UPHELD)
        if not inference.validated_by:
            self._count_valid(ctx, inference.executed_by)
        ctx.emit("inference_upheld", inference_id=inference.inference_id, executed_by=inference.executed_by)
        self._judge(ctx, inference.executed_by)

    def _is_upheld(self, ctx: Context, inference: Inference) -> bool:
        vote = self._validations.get_vote(ctx, inference.inference_id)
        return vote is not None and vote.outcome == VoteOutcome.UPHELD

    def _close(self, ctx: Context, inference: Inference, outcome: VoteOutcome) -> None:
        """Ends the vote; a decision without one is kept as a vote that nobody had to open."""
        vote = self._validations.get_vote(ctx, inference.inference_id)
        if vote is None:
            vote = InferenceVote(
                inference_id=inference.inference_id,
                epoch_index=inference.epoch_id,
                opened_at_block_height=ctx.height,
                deadline_block_height=ctx.height,
            )
        self._validations.set_vote(ctx, replace(vote, outcome=outcome))

    def _tally(self, ctx: Context, inference: Inference, is_due: bool) -> None:
        total, against, in_favour = self._count_votes(ctx, inference)
        if 2 * against > total:
            self.invalidate(ctx, inference)
        elif is_due or 2 * in_favour > total:
            self.uphold(ctx, inference)

    def _count_votes(self, ctx: Context, inference: Inference) -> tuple[int, int, int]:
        """Weight of all who may vote, of those who found it wrong, and of those who found it right."""
        group = self._epochs.get_group(ctx, inference.epoch_id) or EpochGroupData()
        total = against = in_favour = 0
        ctx.work += len(group.validation_weights)
        for member in group.validation_weights:
            address, weight = member.member_address, max(member.weight, 0)
            if address == inference.executed_by or self.is_left_out(ctx, address):
                continue
            record = self._validations.get_validation(
                ctx, inference.epoch_id, address, inference.inference_id
            )
            total += weight
            against += weight if record is not None and not record.passed else 0
            in_favour += weight if record is not None and record.passed else 0
        return total, against, in_favour

    def _count_members(self, ctx: Context, inference: Inference) -> int:
        group = self._epochs.get_group(ctx, inference.epoch_id)
        return len(group.validation_weights) if group else 0

    def _count_valid(self, ctx: Context, executor: str) -> None:
        participant = self._nodes.require_participant(ctx, executor)
        stats = participant.current_epoch_stats
        counted = replace(stats, validated_inferences=stats.validated_inferences + 1)
        self._nodes.set_participant(
            ctx, replace(participant, consecutive_invalid_inferences=0, current_epoch_stats=counted)
        )

    def _judge(self, ctx: Context, address: str) -> None:
        """Sets a participant's standing by its record. Whoever becomes INVALID is slashed, each time."""
        participant = self._nodes.require_participant(ctx, address)
        stats, params = participant.current_epoch_stats, self._params.get_params(ctx)
        status = calculate_status(
            self._validations.get_current_params(ctx),
            participant.consecutive_invalid_inferences,
            stats.inference_count,
            stats.validated_inferences,
            stats.invalidated_inferences,
        )
        if status == participant.status:
            return
        burnt = 0
        if status == ParticipantStatus.INVALID:
            fraction = params.collateral.slash_fraction_invalid
            burnt = self._deposits.slash(ctx, address, fraction, INVALID_CONDUCT)
        burned = min(stats.burned_coins + burnt, UINT64_MAX)
        judged = replace(participant, status=status, current_epoch_stats=replace(stats, burned_coins=burned))
        self._nodes.set_participant(ctx, judged)
        ctx.emit(
            "participant_status_changed",
            participant=address,
            before=participant.status.name,
            after=status.name,
        )
        if ParticipantStatus.INVALID in (participant.status, status):
            self._consensus.process_members(ctx)

    # Money

    def _get_workers(self, ctx: Context, inference: Inference) -> list[str]:
        """Who has a part in the pay: the executor, then validators by address."""
        records = (
            self._validations.get_validation(ctx, inference.epoch_id, address, inference.inference_id)
            for address in inference.validated_by
        )
        return [
            inference.executed_by,
            *(record.participant for record in records if record and record.shares_work),
        ]

    def _share(self, ctx: Context, inference: Inference, validator: str) -> bool:
        """Gives a validator its part of the pay, out of the parts of the others. Nothing changes, and the
        validator has none, when one of them has not that much any more: it was settled meanwhile.
        """
        changes = self._share_work(inference.actual_cost, self._get_workers(ctx, inference), [validator])
        workers = {name: self._nodes.require_participant(ctx, name) for name, _ in changes}
        if any(workers[name].coin_balance + change < 0 for name, change in changes if change < 0):
            return False
        for name, change in changes:
            self._nodes.set_participant(ctx, _pay(workers[name], change))
        return True

    def _take_back(self, ctx: Context, inference: Inference) -> int:
        """Takes every part of the pay back; how much of it was still there, umesh."""
        there = 0
        for name, part in self._share_work(inference.actual_cost, [], self._get_workers(ctx, inference)):
            worker = self._nodes.require_participant(ctx, name)
            there += min(part, max(worker.coin_balance, 0))
            self._nodes.set_participant(ctx, _pay(worker, -part))
        return there


def _pay(worker: Participant, change: int) -> Participant:
    """A participant with more or less unclaimed work. Figures of an epoch that began since stay at zero."""
    stats = worker.current_epoch_stats
    earned = replace(stats, earned_coins=max(stats.earned_coins + change, 0))
    return replace(worker, coin_balance=worker.coin_balance + change, current_epoch_stats=earned)
