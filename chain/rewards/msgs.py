"""The handler of claims."""

from chain.context import Context
from chain.errors import (
    ErrClaimSignatureInvalid,
    ErrClaimTooEarly,
    ErrNothingToClaim,
    ErrValidationsMissed,
    ErrWrongClaimEpoch,
)
from chain.records import replace
from chain.rewards import rules
from chain.rewards.keeper import Rewards
from chain.rewards.types import (
    DueValidations,
    EpochGroups,
    InferenceRecords,
    MsgClaimRewards,
    MsgClaimRewardsResponse,
    SettleAmount,
    SignatureVerifier,
)

CLAIMED = "Rewards claimed successfully"
"""What a claim that was paid answers."""


class Msgs:
    """Handlers of this room."""

    def __init__(
        self,
        rewards: Rewards,
        accounts: SignatureVerifier,
        epochs: EpochGroups,
        inferences: InferenceRecords,
        validations: DueValidations,
    ) -> None:
        self._rewards = rewards
        self._accounts = accounts
        self._epochs = epochs
        self._inferences = inferences
        self._validations = validations

    def claim_rewards(self, ctx: Context, msg: MsgClaimRewards) -> MsgClaimRewardsResponse:
        """Pays work and reward of a settled epoch to whoever reveals the seed it committed to and has
        validated all that the seed drew for it. Paid whole, once, or refused with the claim left open.
        """
        record = self._rewards.get_settle_amount(ctx, msg.creator)
        if record is None:
            raise ErrNothingToClaim(address=msg.creator)
        if record.epoch_index != msg.epoch_index:
            raise ErrWrongClaimEpoch(epoch_index=msg.epoch_index, expected=record.epoch_index)
        if self._epochs.get_effective(ctx).index <= record.epoch_index:
            raise ErrClaimTooEarly(epoch_index=record.epoch_index)
        self._check_seed(ctx, record, msg.seed)
        self._check_validations(ctx, record, msg.seed)
        paid = self._rewards.pay(ctx, record)
        summary = self._inferences.get_summary(ctx, record.participant, record.epoch_index)
        if summary is not None:
            self._inferences.set_summary(ctx, replace(summary, claimed=True))
        ctx.emit(
            "rewards_claimed",
            participant=record.participant,
            epoch_index=record.epoch_index,
            work=record.work_coins,
            reward=record.reward_coins,
        )
        return MsgClaimRewardsResponse(amount=paid, result=CLAIMED)

    def _check_seed(self, ctx: Context, record: SettleAmount, seed: int) -> None:
        """The seed is the one that was committed to. Who committed to none - it was no member of the epoch,
        or was seated again - has seed 0.
        """
        if not record.seed_signature:
            if seed != 0:
                raise ErrClaimSignatureInvalid(
                    address=record.participant, why="it committed to none; claim with 0"
                )
            return
        signature = bytes.fromhex(record.seed_signature)
        if not self._accounts.verify(ctx, record.participant, rules.build_seed_bytes(seed), signature):
            why = "the stored signature is not the account key's over this seed"
            raise ErrClaimSignatureInvalid(address=record.participant, why=why)

    def _check_validations(self, ctx: Context, record: SettleAmount, seed: int) -> None:
        missed = self._validations.get_missed_validations(ctx, record.participant, record.epoch_index, seed)
        if missed:
            raise ErrValidationsMissed(count=len(missed), first=missed[0])
