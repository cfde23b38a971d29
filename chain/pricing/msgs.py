"""The handler of price proposals."""

from chain.context import Context
from chain.errors import ErrInvalidRecord
from chain.pricing.keeper import Prices
from chain.pricing.rules import PRICE_MAX
from chain.pricing.types import (
    EpochGroups,
    MsgSubmitUnitOfComputePriceProposal,
    MsgSubmitUnitOfComputePriceProposalResponse,
    ParticipantRecords,
    UnitOfComputePriceProposal,
)


class Msgs:
    """Handlers of this room."""

    def __init__(self, prices: Prices, nodes: ParticipantRecords, epochs: EpochGroups) -> None:
        self._prices = prices
        self._nodes = nodes
        self._epochs = epochs

    def submit_unit_of_compute_price_proposal(
        self, ctx: Context, msg: MsgSubmitUnitOfComputePriceProposal
    ) -> MsgSubmitUnitOfComputePriceProposalResponse:
        """Keeps a participant's proposal, in place of its earlier one. It counts with the participant's
        weight whenever an epoch takes effect.
        """
        if not 1 <= msg.price <= PRICE_MAX:
            why = f"the price is {msg.price}, must be at least 1 and fit into 63 bits"
            raise ErrInvalidRecord(what=f"proposal of {msg.creator}", why=why)
        self._nodes.require_participant(ctx, msg.creator)
        epoch = self._epochs.get_effective(ctx).index
        self._prices.set_proposal(ctx, UnitOfComputePriceProposal(msg.creator, msg.price, ctx.height, epoch))
        ctx.emit("unit_of_compute_price_proposed", participant=msg.creator, price=msg.price)
        return MsgSubmitUnitOfComputePriceProposalResponse()
