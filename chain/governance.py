"""The account that acts for governance, and the parameters that it changes.

The parameters of the epoch's schedule never change in the middle of an epoch. A change waits as *pending*
until the next proof of compute starts; then the epochs room calls `activate_epoch_params` and the new
epoch is laid out with them. All other parameters take effect with the transaction that changes them.
"""

from chain.auth.addresses import decode_address
from chain.context import Context
from chain.epochs.types import EpochParams
from chain.errors import ErrInvalidParams, ErrInvalidSigner, Fatal
from chain.genesis import GenesisState
from chain.params import MsgUpdateParams, MsgUpdateParamsResponse, Params, validate
from chain.records import replace
from chain.store import Map

PARAMS = Map(b"\x03\x01", "params/params", (), Params)
PENDING_EPOCH = Map(b"\x03\x02", "params/pending_epoch", (), EpochParams)
AUTHORITY = Map(b"\x03\x03", "params/authority", (), str)
COLLECTIONS = (PARAMS, PENDING_EPOCH, AUTHORITY)


class Governance:
    """Keeps the parameters and the account that may change them."""

    def get_params(self, ctx: Context) -> Params:
        """The parameters in effect."""
        params = PARAMS.get(ctx.store)
        if params is None:
            raise Fatal("the state holds no parameters")
        return params

    def set_params(self, ctx: Context, params: Params) -> None:
        """Puts all parameters into effect at once. For genesis; transactions go through `update_params`."""
        _refuse_invalid(params)
        PARAMS.set(ctx.store, params)

    def update_params(self, ctx: Context, params: Params) -> None:
        """Puts the parameters into effect, those of the epoch's schedule with the next proof of compute."""
        _refuse_invalid(params)
        current = self.get_params(ctx).epoch
        PARAMS.set(ctx.store, replace(params, epoch=current))
        if params.epoch == current:
            PENDING_EPOCH.delete(ctx.store)
        else:
            PENDING_EPOCH.set(ctx.store, params.epoch)

    def get_pending_epoch_params(self, ctx: Context) -> EpochParams | None:
        """Schedule that waits for the next proof of compute; None when nothing changes."""
        return PENDING_EPOCH.get(ctx.store)

    def activate_epoch_params(self, ctx: Context) -> EpochParams:
        """Puts the waiting schedule into effect and returns the one in effect from now on. Called once, at
        the end of the block in which a proof of compute starts, after its epoch record is written: the
        start of that epoch was still laid out by the schedule before.
        """
        params, pending = self.get_params(ctx), PENDING_EPOCH.get(ctx.store)
        if pending is None:
            return params.epoch
        PARAMS.set(ctx.store, replace(params, epoch=pending))
        PENDING_EPOCH.delete(ctx.store)
        ctx.emit("epoch_params_activated", epoch_length=pending.epoch_length)
        return pending

    def get_authority(self, ctx: Context) -> str:
        """Account that acts for governance, bech32."""
        return AUTHORITY.get(ctx.store) or ""

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Writes the parameters and names the authority. Refuses invalid parameters, and an authority that
        is no address.
        """
        decode_address(genesis.authority)
        AUTHORITY.set(ctx.store, genesis.authority)
        self.set_params(ctx, genesis.params)
        pending = genesis.pending_epoch_params
        if pending is not None:
            _refuse_invalid(replace(genesis.params, epoch=pending))
            PENDING_EPOCH.set(ctx.store, pending)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """Parameters and authority, as fields of the genesis document."""
        return {
            "authority": self.get_authority(ctx),
            "params": self.get_params(ctx),
            "pending_epoch_params": self.get_pending_epoch_params(ctx),
        }


class Msgs:
    """Handles MsgUpdateParams."""

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def update_params(self, ctx: Context, msg: MsgUpdateParams) -> MsgUpdateParamsResponse:
        """Replaces the parameters. Only the authority may; all that is wrong is named at once."""
        authority = self._governance.get_authority(ctx)
        if msg.authority != authority:
            raise ErrInvalidSigner(signer=msg.authority, expected=authority)
        self._governance.update_params(ctx, msg.params)
        ctx.emit("params_updated", authority=msg.authority)
        return MsgUpdateParamsResponse()


def _refuse_invalid(params: Params) -> None:
    wrong = validate(params)
    if wrong:
        raise ErrInvalidParams(why="; ".join(wrong))
