"""Handlers of upgrades: the authority, and whoever votes in its place, plan them."""

from chain.context import Context
from chain.errors import ErrInvalidSigner, ErrNoUpgradePlanned, ErrUpgradeNotAccepted
from chain.upgrades.keeper import Upgrades, find_plan_fault
from chain.upgrades.types import (
    AuthoritySource,
    MsgCancelUpgrade,
    MsgCancelUpgradeResponse,
    MsgSoftwareUpgrade,
    MsgSoftwareUpgradeResponse,
    UpgradePlan,
)


class Msgs:
    """Handlers of this room."""

    def __init__(self, upgrades: Upgrades, governance: AuthoritySource) -> None:
        self._upgrades = upgrades
        self._governance = governance

    def software_upgrade(self, ctx: Context, msg: MsgSoftwareUpgrade) -> MsgSoftwareUpgradeResponse:
        """Plans the next upgrade, in place of one that is planned. Whether this program brings it plays no
        part: it may come with a later one.
        """
        self._require_authority(ctx, msg.authority)
        plan = UpgradePlan(msg.name, msg.height, msg.info)
        fault = find_plan_fault(plan, ctx.height)
        if fault is None and self._upgrades.is_applied(ctx, plan.name):
            fault = "the chain has it behind it"
        if fault is not None:
            raise ErrUpgradeNotAccepted(name=msg.name[:128], why=fault)
        self._upgrades.set_plan(ctx, plan)
        return MsgSoftwareUpgradeResponse()

    def cancel_upgrade(self, ctx: Context, msg: MsgCancelUpgrade) -> MsgCancelUpgradeResponse:
        """Drops the planned upgrade, as long as its height is not there."""
        self._require_authority(ctx, msg.authority)
        plan = self._upgrades.get_plan(ctx)
        if plan is None:
            raise ErrNoUpgradePlanned()
        self._upgrades.cancel_plan(ctx, plan)
        return MsgCancelUpgradeResponse()

    def _require_authority(self, ctx: Context, signer: str) -> None:
        authority = self._governance.get_authority(ctx)
        if signer != authority:
            raise ErrInvalidSigner(signer=signer, expected=authority)
