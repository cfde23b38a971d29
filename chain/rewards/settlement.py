"""The settlement of an ended epoch: its reward is minted and divided, downtime is judged, what everyone did
is written down, and what everyone is owed becomes a claim.

The order is the law:

1. What each participant is owed is computed from balances, weights and standing as they are.
2. The reward is minted.
3. Downtime of all is judged, before any figure is reset.
4. For each participant, by address: epochs completed, a summary, fresh figures, an empty balance.
5. For each that is owed something its claim is written, in place of one that it did not make.
6. Claims of epochs before the one before this are dropped.
7. What the module accounts hold beyond what they owe is burnt: forfeited work and rewards, a reward that
   nobody could get, work that went into a debt. After that they hold exactly what they owe.
"""

from collections.abc import Mapping

from chain.context import Context
from chain.epochs.types import EpochGroupData
from chain.inference.types import EpochPerformanceSummary
from chain.nodes.types import CurrentEpochStats, Participant, ParticipantStatus
from chain.records import Record, replace
from chain.rewards import rules, subsidy
from chain.rewards.keeper import UINT64_MAX, Rewards
from chain.rewards.types import (
    DowntimeJudge,
    EpochGroups,
    InferenceRecords,
    JailRecords,
    ParamsSource,
    ParticipantRecords,
    SettleAmount,
)

UNCLAIMED = "UNCLAIMED"
"""Why coins are forfeited: nobody claimed them in time."""
INVALID = "INVALID"
"""Why coins are forfeited: work of an INVALID participant."""
NEGATIVE_BALANCE = "NEGATIVE_BALANCE"
"""Why coins are forfeited: the share of a participant in debt."""


class Outcome(Record, frozen=True):
    """What a settlement makes of one participant."""

    participant: Participant
    owed: rules.Amount
    slashed: int
    """Collateral burnt for downtime, umesh."""


class Settlement:
    """Settles ended epochs."""

    def __init__(
        self,
        params: ParamsSource,
        rewards: Rewards,
        nodes: ParticipantRecords,
        inferences: InferenceRecords,
        epochs: EpochGroups,
        downtime: DowntimeJudge,
        jail: JailRecords,
    ) -> None:
        self._params = params
        self._rewards = rewards
        self._nodes = nodes
        self._inferences = inferences
        self._epochs = epochs
        self._downtime = downtime
        self._jail = jail

    def process_settlement(self, ctx: Context, epoch_index: int) -> None:
        """Settles every participant, members of the epoch or not. Epoch 0 has nothing to settle, and an epoch
        without a group settles nothing.
        """
        group = self._epochs.get_group(ctx, epoch_index)
        if epoch_index == 0 or group is None:
            return
        participants = list(self._nodes.get_participants(ctx))
        division = self._divide(ctx, group, participants)
        self._rewards.mint(ctx, division.minted)
        self._rewards.count_fees(ctx, sum(who.current_epoch_stats.earned_coins for who in participants))
        slashed = [self._downtime.check_and_slash_for_downtime(ctx, who) for who in participants]
        commitments = {seed.member_address: seed.signature for seed in group.member_seed_signatures}
        for outcome in map(Outcome, participants, division.amounts, slashed):
            self._close(ctx, epoch_index, outcome)
            self._open_claim(ctx, epoch_index, outcome.owed, commitments)
        self._drop_old_claims(ctx, epoch_index)
        ctx.emit(
            "epoch_settled",
            epoch_index=epoch_index,
            participants=len(participants),
            minted=division.minted,
            burned=self._rewards.burn_unowed(ctx, self._inferences.get_owed(ctx)),
        )

    def _divide(self, ctx: Context, group: EpochGroupData, participants: list[Participant]) -> rules.Division:
        """What each participant is owed. Counts a reduction of the older scheme's subsidy when one is due."""
        params, data = self._params.get_params(ctx).rewards, self._rewards.get_tokenomics(ctx)
        entries = self._build_entries(ctx, group, participants)
        if params.use_bitcoin_rewards:
            epochs = group.epoch_index - params.genesis_epoch
            reward = rules.compute_epoch_reward(params.initial_epoch_reward, params.decay_rate, epochs)
            supply = params.standard_reward_amount
            return rules.calculate_participant_bitcoin_rewards(entries, reward, data.total_subsidies, supply)
        division, crossed = subsidy.divide_subsidy(
            entries, params, data.total_subsidies, data.subsidy_reductions
        )
        if crossed:
            self._rewards.count_reduction(ctx)
        return division

    def _build_entries(
        self, ctx: Context, group: EpochGroupData, participants: list[Participant]
    ) -> list[rules.Entry]:
        """A jailed participant keeps its work and gets no reward."""
        weights: dict[str, int] = {}
        for member in group.validation_weights:
            weights.setdefault(member.member_address, member.weight)
        return [
            rules.Entry(
                address=who.address,
                weight=0 if self._jail.is_barred(ctx, who.address) else weights.get(who.address, 0),
                balance=who.coin_balance,
                invalid=who.status == ParticipantStatus.INVALID,
                barred=self._jail.is_barred(ctx, who.address),
            )
            for who in participants
        ]

    def _close(self, ctx: Context, epoch_index: int, outcome: Outcome) -> None:
        """Writes the summary and lets the participant's figures start afresh. Work of an INVALID participant
        and the share of one in debt are forfeited; the debt is forgotten.
        """
        who, owed = outcome.participant, outcome.owed
        self._inferences.set_summary(ctx, build_summary(epoch_index, outcome))
        completed = 0 if who.status == ParticipantStatus.INVALID else 1
        settled = replace(
            who,
            epochs_completed=who.epochs_completed + completed,
            coin_balance=0,
            current_epoch_stats=CurrentEpochStats(),
        )
        self._nodes.set_participant(ctx, settled)
        work = max(who.coin_balance, 0) - owed.work
        self._rewards.forfeit(ctx, who.address, epoch_index, work, 0, INVALID)
        if owed.in_debt:
            self._rewards.forfeit(ctx, who.address, epoch_index, 0, owed.reward, NEGATIVE_BALANCE)

    def _open_claim(
        self, ctx: Context, epoch_index: int, owed: rules.Amount, commitments: Mapping[str, str]
    ) -> None:
        """Whoever is owed nothing keeps what it may claim of the epoch before."""
        if owed.in_debt or owed.work + owed.reward == 0:
            return
        before = self._rewards.get_settle_amount(ctx, owed.address)
        if before is not None:
            self._drop_claim(ctx, before)
        record = SettleAmount(
            participant=owed.address,
            reward_coins=owed.reward,
            work_coins=owed.work,
            epoch_index=epoch_index,
            seed_signature=commitments.get(owed.address, ""),
        )
        self._rewards.set_settle_amount(ctx, record)
        ctx.emit(
            "rewards_settled",
            participant=owed.address,
            epoch_index=epoch_index,
            work=owed.work,
            reward=owed.reward,
        )

    def _drop_old_claims(self, ctx: Context, epoch_index: int) -> None:
        for record in list(self._rewards.get_settle_amounts(ctx)):
            if record.epoch_index < epoch_index - 1:
                self._drop_claim(ctx, record)

    def _drop_claim(self, ctx: Context, record: SettleAmount) -> None:
        self._rewards.delete_settle_amount(ctx, record.participant)
        self._rewards.forfeit(
            ctx, record.participant, record.epoch_index, record.work_coins, record.reward_coins, UNCLAIMED
        )


def build_summary(epoch_index: int, outcome: Outcome) -> EpochPerformanceSummary:
    """What a participant did in an epoch, and what it is owed as reward."""
    stats, owed = outcome.participant.current_epoch_stats, outcome.owed
    return EpochPerformanceSummary(
        epoch_index=epoch_index,
        participant_id=outcome.participant.address,
        inference_count=stats.inference_count,
        missed_requests=stats.missed_requests,
        earned_coins=stats.earned_coins,
        rewarded_coins=0 if owed.in_debt else owed.reward,
        burned_coins=min(stats.burned_coins + outcome.slashed, UINT64_MAX),
        validated_inferences=stats.validated_inferences,
        invalidated_inferences=stats.invalidated_inferences,
    )
