"""The jail: who sits in it, and until when."""

from collections.abc import Iterator

from chain.auth.addresses import decode_address
from chain.context import Context
from chain.genesis import GenesisState
from chain.slashing.types import EpochClock, Jailing, ParamsSource
from chain.store import Map

JAILED = Map(b"\x18\x00", "slashing/jailed", (str,), Jailing)
COLLECTIONS = (JAILED,)


class Slashing:
    """Keeps the jail."""

    def __init__(self, params: ParamsSource, epochs: EpochClock) -> None:
        self._params = params
        self._epochs = epochs

    def is_jailed(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed."""
        return JAILED.has(ctx.store, participant)

    def is_barred(self, ctx: Context, participant: str) -> bool:
        """Whether a participant is jailed and the parameters leave jailed ones out of epochs and routing."""
        return self._params.get_params(ctx).collateral.exclude_jailed and self.is_jailed(ctx, participant)

    def get_barred(self, ctx: Context) -> frozenset[str]:
        """All who are jailed, when the parameters leave jailed ones out; else nobody."""
        if not self._params.get_params(ctx).collateral.exclude_jailed:
            return frozenset()
        return frozenset(jailing.participant for jailing in self.get_jailings(ctx))

    def get_jailing(self, ctx: Context, participant: str) -> Jailing | None:
        """Since when and why a participant is jailed, or None."""
        return JAILED.get(ctx.store, participant)

    def get_jailings(self, ctx: Context) -> Iterator[Jailing]:
        """All who are jailed, by address."""
        return JAILED.values(ctx.store)

    def set_jailed(self, ctx: Context, participant: str, reason: str) -> None:
        """Jails a participant. It sits out the next `jail_epochs` epochs, the upcoming one first, and stays
        in jail until it is removed. Jailed again, its time starts anew.
        """
        upcoming = self._epochs.get_effective(ctx).index + 1
        release = upcoming + self._params.get_params(ctx).collateral.jail_epochs
        JAILED.set(ctx.store, Jailing(participant, reason, ctx.height, release), participant)
        ctx.emit("participant_jailed", participant=participant, reason=reason, release_epoch=release)

    def remove_jailed(self, ctx: Context, participant: str) -> None:
        """Removes a participant from jail; nothing happens when it is not there."""
        if self.is_jailed(ctx, participant):
            JAILED.delete(ctx.store, participant)
            ctx.emit("participant_unjailed", participant=participant)

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes the jail of a genesis document."""
        for jailing in genesis.jailings:
            decode_address(jailing.participant)
            JAILED.set(ctx.store, jailing, jailing.participant)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """The field of a genesis document that this room keeps."""
        return {"jailings": tuple(self.get_jailings(ctx))}
