"""Handlers of seeds."""

import re

from chain.context import Context
from chain.epochs import rules
from chain.epochs.keeper import Epochs
from chain.epochs.types import MsgSubmitSeed, MsgSubmitSeedResponse, ParticipantRecords, RandomSeed
from chain.errors import ErrPocTooLate, ErrSeedNotAccepted, ErrUpcomingEpochNotFound

SIGNATURE_HEX = re.compile("[0-9a-fA-F]{128}")
"""A signature of 64 bytes as text."""


class Msgs:
    """Handlers of this room."""

    def __init__(self, epochs: Epochs, nodes: ParticipantRecords) -> None:
        self._epochs = epochs
        self._nodes = nodes

    def submit_seed(self, ctx: Context, msg: MsgSubmitSeed) -> MsgSubmitSeedResponse:
        """Stores a participant's commitment to its seed of the upcoming epoch; the last one in time counts.

        What it signs is still secret, so only its form is checked.

        Accepted from the block after the proof of compute started to the exchange deadline, like batches.
        """
        if SIGNATURE_HEX.fullmatch(msg.signature) is None:
            raise _refuse(msg, "the signature is not 64 bytes in hex")
        self._nodes.require_participant(ctx, msg.creator)
        upcoming = self._epochs.get_upcoming(ctx)
        if upcoming is None:
            effective = self._epochs.get_boundaries(ctx, self._epochs.get_effective(ctx))
            raise ErrUpcomingEpochNotFound(next_start=effective.next_poc_start)
        if msg.epoch_index != upcoming.index:
            raise _refuse(msg, f"only epoch {upcoming.index} is upcoming")
        at = self._epochs.get_boundaries(ctx, upcoming)
        if not rules.is_batch_height(at, ctx.height):
            raise ErrPocTooLate(height=ctx.height, first=at.poc_start + 1, last=at.exchange_deadline)
        self._epochs.set_seed(ctx, RandomSeed(msg.creator, msg.epoch_index, msg.signature))
        ctx.emit("seed_submitted", participant=msg.creator, epoch_index=msg.epoch_index)
        return MsgSubmitSeedResponse()


def _refuse(msg: MsgSubmitSeed, why: str) -> ErrSeedNotAccepted:
    return ErrSeedNotAccepted(participant=msg.creator, epoch_index=msg.epoch_index, why=why)
