"""What the end of a block does because of its height. See `keeper.py` for the order among the rooms."""

from typing import Protocol

from chain.context import Context
from chain.epochs.keeper import Epochs
from chain.epochs.types import (
    Deposits,
    Epoch,
    EpochForming,
    EpochGroupData,
    ParamsSource,
    ProofOfCompute,
    Requests,
    Settlement,
)
from chain.records import replace
from chain.waking import Wakeup


class Validations(Protocol):
    """What this room expects of validation."""

    def process_pruning(self, ctx: Context, upcoming_index: int) -> None:
        """Forgets validations of inferences that are forgotten."""


class Prices(Protocol):
    """What this room expects of pricing."""

    def process_switch(self, ctx: Context, epoch_index: int) -> None:
        """Freezes prices, capacities and the price of a unit of compute of an epoch that takes effect."""


class Consensus(Protocol):
    """What this room expects of the consensus validators."""

    def process_members(self, ctx: Context) -> None:
        """Makes the validators follow the members in effect."""


class Stages:
    """Takes the epochs through their stages."""

    def __init__(
        self,
        params: ParamsSource,
        epochs: Epochs,
        formation: EpochForming,
        poc: ProofOfCompute,
        requests: Requests,
        deposits: Deposits,
        settlement: Settlement,
        validations: Validations,
        prices: Prices,
        consensus: Consensus,
    ) -> None:
        self._params = params
        self._epochs = epochs
        self._formation = formation
        self._poc = poc
        self._requests = requests
        self._deposits = deposits
        self._settlement = settlement
        self._validations = validations
        self._prices = prices
        self._consensus = consensus

    def process_epoch_stages(self, ctx: Context) -> None:
        """Does what is due at the end of this block; at most heights nothing is."""
        upcoming = self._epochs.get_upcoming(ctx)
        if upcoming is None:
            effective = self._epochs.get_effective(ctx)
            if ctx.height >= self._epochs.get_boundaries(ctx, effective).next_poc_start:
                self._start_proof_of_compute(ctx, effective.index + 1)
            return
        at = self._epochs.get_boundaries(ctx, upcoming)
        if ctx.height == at.validation_end:
            self._end_validation(ctx, upcoming)
        if ctx.height == at.set_new_validators:
            self._switch(ctx, upcoming)

    def find_wakeup(self, ctx: Context) -> Wakeup:
        """The next height with a stage to end or to begin."""
        upcoming = self._epochs.get_upcoming(ctx)
        if upcoming is None:
            at = self._epochs.get_boundaries(ctx, self._epochs.get_effective(ctx))
            return Wakeup(height=max(at.next_poc_start, ctx.height + 1))
        at = self._epochs.get_boundaries(ctx, upcoming)
        ahead = [height for height in (at.validation_end, at.set_new_validators) if height > ctx.height]
        return Wakeup(height=min(ahead)) if ahead else Wakeup()

    def _start_proof_of_compute(self, ctx: Context, index: int) -> None:
        epoch = Epoch(index, ctx.height)
        self._epochs.set_epoch(ctx, epoch)
        self._freeze_cutoff(ctx, index - 1)
        schedule = self._params.activate_epoch_params(ctx)
        self._epochs.set_group(
            ctx,
            EpochGroupData(
                poc_start_block_height=ctx.height,
                unit_of_compute_price=schedule.default_unit_of_compute_price,
                epoch_index=index,
            ),
        )
        admitted = self._poc.process_admissions(ctx, epoch)
        self._requests.process_pruning(ctx, index)
        self._validations.process_pruning(ctx, index)
        self._poc.process_pruning(ctx, index)
        ctx.emit("poc_started", epoch_index=index, poc_start_block_height=ctx.height, admitted=admitted)

    def _freeze_cutoff(self, ctx: Context, ended: int) -> None:
        """Keeps what the epoch that ends knew of its own end: a schedule that waits does not change it."""
        parent = self._epochs.get_group(ctx, ended)
        if parent is not None:
            cutoff = ctx.height - self._params.get_params(ctx).epoch.inference_validation_cutoff
            self._epochs.set_group(ctx, replace(parent, validation_cutoff_block_height=cutoff))

    def _end_validation(self, ctx: Context, upcoming: Epoch) -> None:
        ended = upcoming.index - 1
        self._deposits.advance_epoch(ctx, ended)
        self._settlement.process_settlement(ctx, ended)
        self._formation.process_formation(ctx, upcoming)

    def _switch(self, ctx: Context, upcoming: Epoch) -> None:
        """The upcoming epoch takes effect, to be judged by the parameters of validation as they are; the one
        before ends with the block before.
        """
        count = self._epochs.close_requests(ctx)
        for group in list(self._epochs.get_groups(ctx, upcoming.index - 1)):
            requests = 0 if group.model_id else count
            self._epochs.set_group(
                ctx, replace(group, last_block_height=ctx.height - 1, number_of_requests=requests)
            )
        for group in list(self._epochs.get_groups(ctx, upcoming.index)):
            started = replace(group, effective_block_height=ctx.height)
            if not group.model_id:
                judged_by = self._params.get_params(ctx).validation
                started = replace(started, previous_epoch_requests=count, validation_params=judged_by)
            self._epochs.set_group(ctx, started)
        self._prices.process_switch(ctx, upcoming.index)
        self._epochs.set_effective(ctx, upcoming.index)
        ctx.emit("epoch_effective", epoch_index=upcoming.index)
        self._consensus.process_members(ctx)
