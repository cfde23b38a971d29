"""Inferences, their time limits and their money.

Escrow: the requester's coins lie in the module account from the start on. At completion the executor's
share becomes its work balance (backed by the same account) and the rest goes back; at expiry all goes
back.
"""

from collections.abc import Iterator

from chain.context import Context
from chain.errors import ErrNegativeRefundBalance, ErrRequesterCannotPay
from chain.genesis import GenesisState
from chain.inference import rules
from chain.inference.developers import DEVELOPER_STATS, Developers
from chain.inference.types import (
    EpochGroups,
    EpochPerformanceSummary,
    Inference,
    InferenceStatus,
    InferenceTimeout,
    InferenceValidationDetails,
    ParamsSource,
    ParticipantRecords,
    Purse,
    RefundCounter,
    TokenPrices,
)
from chain.records import replace
from chain.store import Map
from chain.waking import Wakeup

INFERENCES = Map(b"\x14\x00", "inference/inferences", (str,), Inference)
TIMEOUTS = Map(b"\x14\x01", "inference/timeouts", (int, str), InferenceTimeout)
"""By expiration height and inference."""
DETAILS = Map(b"\x14\x02", "inference/validation_details", (int, str), InferenceValidationDetails)
"""By epoch and inference."""
SUMMARIES = Map(b"\x14\x03", "inference/summaries", (str, int), EpochPerformanceSummary)
"""By participant and epoch."""
FORGOTTEN_UNTIL = Map(b"\x14\x05", "inference/forgotten_until", (), int)
"""Latest request_timestamp of an inference that was forgotten."""
COLLECTIONS = (INFERENCES, TIMEOUTS, DETAILS, SUMMARIES, DEVELOPER_STATS, FORGOTTEN_UNTIL)

DENOM = "umesh"
MODULE = "inference"
"""Module account that holds escrow and unclaimed work."""
CLAIM_EPOCHS = 4
"""Epochs after which nobody can claim for an epoch any more: its claims are dropped three epochs later at the
latest. Until then what decides who had to validate is kept, or waiting would be as good as validating.
"""


class Inferences:
    """Inferences from start to completion or expiry."""

    def __init__(
        self,
        params: ParamsSource,
        bank: Purse,
        nodes: ParticipantRecords,
        epochs: EpochGroups,
        prices: TokenPrices,
        tokenomics: RefundCounter,
    ) -> None:
        self._params = params
        self._bank = bank
        self._nodes = nodes
        self._epochs = epochs
        self._prices = prices
        self._tokenomics = tokenomics
        self.developers = Developers()

    def get_inference(self, ctx: Context, inference_id: str) -> Inference | None:
        """An inference, or None."""
        return INFERENCES.get(ctx.store, inference_id)

    def get_inferences(self, ctx: Context) -> Iterator[Inference]:
        """All inferences, by identifier."""
        return INFERENCES.values(ctx.store)

    def set_inference(self, ctx: Context, inference: Inference) -> None:
        """Writes an inference."""
        INFERENCES.set(ctx.store, inference, inference.inference_id)

    def get_details(
        self, ctx: Context, epoch_index: int, inference_id: str
    ) -> InferenceValidationDetails | None:
        """What decides who re-executes an inference, or None."""
        return DETAILS.get(ctx.store, epoch_index, inference_id)

    def get_summary(self, ctx: Context, address: str, epoch_index: int) -> EpochPerformanceSummary | None:
        """What a participant did in a settled epoch, or None."""
        return SUMMARIES.get(ctx.store, address, epoch_index)

    def set_summary(self, ctx: Context, summary: EpochPerformanceSummary) -> None:
        """Writes what a participant did in a settled epoch."""
        SUMMARIES.set(ctx.store, summary, summary.participant_id, summary.epoch_index)

    def get_epoch_details(self, ctx: Context, epoch_index: int) -> Iterator[InferenceValidationDetails]:
        """What decides who re-executes the inferences of an epoch, by inference."""
        return DETAILS.values(ctx.store, epoch_index)

    def get_summaries(self, ctx: Context, address: str) -> Iterator[EpochPerformanceSummary]:
        """What a participant did in its settled epochs, by epoch."""
        return SUMMARIES.values(ctx.store, address)

    def set_timeout(self, ctx: Context, inference_id: str) -> None:
        """Lets a started inference expire at the end of the block that the parameter says."""
        height = ctx.height + self._params.get_params(ctx).inference.expiration_blocks
        TIMEOUTS.set(ctx.store, InferenceTimeout(height, inference_id), height, inference_id)

    def get_forgotten_until(self, ctx: Context) -> int:
        """Latest request_timestamp of an inference that was forgotten; 0 for none. No request up to it can be
        started: it could be one that was paid for already.
        """
        return FORGOTTEN_UNTIL.get(ctx.store) or 0

    def get_owed(self, ctx: Context) -> int:
        """What the module account owes: open escrows, and work that is not claimed, umesh."""
        escrow = sum(
            inference.escrow_amount
            for inference in self.get_inferences(ctx)
            if inference.status == InferenceStatus.STARTED
        )
        return escrow + sum(max(who.coin_balance, 0) for who in self._nodes.get_participants(ctx))

    def take_escrow(self, ctx: Context, requester: str, amount: int) -> None:
        """Moves a requester's coins into escrow; refuses when it has fewer."""
        have = self._bank.get_balance(ctx, requester, DENOM)
        if have < amount:
            raise ErrRequesterCannotPay(address=requester, have=have, need=amount)
        if amount > 0:
            self._bank.send_coins_from_account_to_module(ctx, requester, MODULE, amount, DENOM)

    def complete(self, ctx: Context, inference: Inference) -> None:
        """Pays the executor of an inference that is both started and finished, returns what is left of the
        escrow, and records where and when. `actual_cost` is at most `escrow_amount`.

        Every completed inference counts for its executor, also one that costs nothing.
        """
        epoch = self._epochs.get_effective(ctx)
        completed = replace(
            inference,
            epoch_id=epoch.index,
            epoch_poc_start_block_height=epoch.poc_start_block_height,
        )
        self.set_inference(ctx, completed)
        self._credit(ctx, completed)
        self.refund(ctx, completed.requested_by, completed.escrow_amount - completed.actual_cost)
        self._record_details(ctx, completed)
        self.developers.count_completed(ctx, completed)
        tokens = completed.prompt_token_count + completed.completion_token_count
        self._prices.record_tokens(ctx, completed.model, tokens)
        ctx.emit(
            "inference_finished",
            inference_id=completed.inference_id,
            executed_by=completed.executed_by,
            completion_tokens=completed.completion_token_count,
            cost=completed.actual_cost,
        )

    def process_expiry(self, ctx: Context) -> None:
        """Expires what is due at this height. Called at the end of every block, before the epoch's stages."""
        for key, timeout in TIMEOUTS.items(ctx.store, ctx.height):
            TIMEOUTS.delete(ctx.store, *key)
            inference = self.get_inference(ctx, timeout.inference_id)
            if inference is not None and inference.status == InferenceStatus.STARTED:
                self.handle_expired_inference(ctx, inference)

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """The next height at which a started inference may expire."""
        first = TIMEOUTS.find_first(ctx.store, ctx.height + 1)
        return Wakeup() if first is None else Wakeup(height=first)

    def handle_expired_inference(self, ctx: Context, inference: Inference) -> None:
        """Ends an inference that nobody finished: the escrow goes back, the executor missed a request.

        The escrow goes back even when the executor is not a participant any more.
        """
        expired = replace(
            inference,
            status=InferenceStatus.EXPIRED,
            actual_cost=0,
            end_block_height=ctx.height,
            end_block_timestamp=ctx.time_ms,
        )
        self.set_inference(ctx, expired)
        self.give_back(ctx, expired.requested_by, expired.escrow_amount)
        self.developers.count_expired(ctx, self._epochs.get_effective(ctx).index, expired)
        executor = self._nodes.get_participant(ctx, expired.assigned_to)
        if executor is not None:
            stats = executor.current_epoch_stats
            missed = replace(stats, missed_requests=stats.missed_requests + 1)
            self._nodes.set_participant(ctx, replace(executor, current_epoch_stats=missed))
        ctx.emit("inference_expired", inference_id=expired.inference_id, assigned_to=expired.assigned_to)

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets inferences of old epochs, and what their validation needed once no claim asks for it.

        One whose request could still be started is kept, however short epochs are: a forgotten inference
        could be started, and paid for, a second time. What is forgotten leaves its time behind, so that this
        holds when the parameters let older requests in later.
        """
        params = self._params.get_params(ctx)
        threshold = params.epoch.inference_pruning_epoch_threshold
        window = params.inference
        first, _ = rules.compute_window(ctx.time_ns, window.timestamp_expiration, window.timestamp_advance)
        known = until = self.get_forgotten_until(ctx)
        for inference in list(self.get_inferences(ctx)):
            if inference.request_timestamp < first and rules.is_prunable(
                inference, upcoming_index, threshold
            ):
                INFERENCES.delete(ctx.store, inference.inference_id)
                until = max(until, inference.request_timestamp)
        if until > known:
            FORGOTTEN_UNTIL.set(ctx.store, until)
        for key, details in list(DETAILS.items(ctx.store)):
            if details.epoch_id + max(threshold, CLAIM_EPOCHS) > upcoming_index:
                break
            if self.get_inference(ctx, details.inference_id) is None:
                DETAILS.delete(ctx.store, *key)
        self.developers.process_pruning(ctx, upcoming_index)

    def refund_invalidated(self, ctx: Context, inference: Inference, refunded: int) -> None:
        """Counts an answer that was wrong for the one who asked, and refunds so much of what it paid."""
        self.give_back(ctx, inference.requested_by, refunded)
        self.developers.count_invalidated(ctx, inference, refunded)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the inferences of a genesis document; the bank holds their escrow already."""
        for inference in genesis.inferences:
            if inference.escrow_amount < 0:
                raise ErrNegativeRefundBalance(address=inference.requested_by, amount=inference.escrow_amount)
            self.set_inference(ctx, inference)
        for timeout in genesis.inference_timeouts:
            TIMEOUTS.set(ctx.store, timeout, timeout.expiration_height, timeout.inference_id)
        for details in genesis.inference_validation_details:
            DETAILS.set(ctx.store, details, details.epoch_id, details.inference_id)
        for summary in genesis.epoch_performance_summaries:
            self.set_summary(ctx, summary)
        if genesis.inferences_forgotten_until > 0:
            FORGOTTEN_UNTIL.set(ctx.store, genesis.inferences_forgotten_until)
        self.developers.import_genesis(ctx, genesis)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The fields of a genesis document that this room keeps."""
        return {
            "inferences": tuple(self.get_inferences(ctx)),
            "inference_timeouts": tuple(TIMEOUTS.values(ctx.store)),
            "inference_validation_details": tuple(DETAILS.values(ctx.store)),
            "epoch_performance_summaries": tuple(SUMMARIES.values(ctx.store)),
            "inferences_forgotten_until": self.get_forgotten_until(ctx),
            **self.developers.export_genesis(ctx),
        }

    def give_back(self, ctx: Context, requester: str, amount: int) -> None:
        """Refunds a requester whose request was not answered, or wrongly, and counts it."""
        self.refund(ctx, requester, amount)
        self._tokenomics.count_refund(ctx, amount)

    def refund(self, ctx: Context, requester: str, amount: int) -> None:
        """Gives coins of the module account back to a requester. A negative amount is refused."""
        if amount < 0:
            raise ErrNegativeRefundBalance(address=requester, amount=amount)
        if amount > 0:
            self._bank.send_coins_from_module_to_account(ctx, MODULE, requester, amount, DENOM)

    def _credit(self, ctx: Context, inference: Inference) -> None:
        executor = self._nodes.require_participant(ctx, inference.executed_by)
        stats = executor.current_epoch_stats
        self._nodes.set_participant(
            ctx,
            replace(
                executor,
                coin_balance=executor.coin_balance + inference.actual_cost,
                last_inference_time=ctx.time_ms,
                current_epoch_stats=replace(
                    stats,
                    inference_count=stats.inference_count + 1,
                    earned_coins=stats.earned_coins + inference.actual_cost,
                ),
            ),
        )

    def _record_details(self, ctx: Context, inference: Inference) -> None:
        """Where the effective epoch serves the model no more, its total power is recorded as 0."""
        executor = inference.executed_by
        parent = self._epochs.require_effective_group(ctx)
        group = self._epochs.get_effective_group(ctx, inference.model)
        member = self._epochs.find_member(parent, executor)
        requests = self._epochs.count_request(ctx)
        details = InferenceValidationDetails(
            epoch_id=inference.epoch_id,
            inference_id=inference.inference_id,
            executor_id=executor,
            executor_reputation=member.reputation if member else 0,
            traffic_basis=max(requests, parent.previous_epoch_requests),
            executor_power=max(member.weight, 0) if member else 0,
            model=inference.model,
            total_power=group.total_weight if group else 0,
            created_at_block_height=ctx.height,
        )
        DETAILS.set(ctx.store, details, details.epoch_id, details.inference_id)
