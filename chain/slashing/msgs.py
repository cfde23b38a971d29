"""The handler of the way out of jail."""

from chain.auth.addresses import decode_address
from chain.context import Context
from chain.errors import ErrInvalidSigner, ErrNotJailed, ErrStillJailed
from chain.slashing.keeper import Slashing
from chain.slashing.types import EpochClock, MsgUnjail, MsgUnjailResponse, ParamsSource


class Msgs:
    """Handlers of this room."""

    def __init__(self, slashing: Slashing, params: ParamsSource, epochs: EpochClock) -> None:
        self._slashing = slashing
        self._params = params
        self._epochs = epochs

    def unjail(self, ctx: Context, msg: MsgUnjail) -> MsgUnjailResponse:
        """Removes a participant from jail: itself when its time is over, the authority at any time."""
        decode_address(msg.participant)
        authority = self._params.get_authority(ctx)
        if msg.creator not in (msg.participant, authority):
            raise ErrInvalidSigner(signer=msg.creator, expected=f"{msg.participant} or {authority}")
        jailing = self._slashing.get_jailing(ctx, msg.participant)
        if jailing is None:
            raise ErrNotJailed(participant=msg.participant)
        effective = self._epochs.get_effective(ctx).index
        if msg.creator != authority and effective + 1 < jailing.release_epoch:
            raise ErrStillJailed(participant=msg.participant, epoch_index=jailing.release_epoch - 1)
        self._slashing.remove_jailed(ctx, msg.participant)
        return MsgUnjailResponse()
