"""Which upgrade is planned, which ones the chain has behind it, and the versions of its rooms."""

from collections.abc import Iterator, Mapping

from chain.context import Context
from chain.errors import ErrInvalidRecord
from chain.genesis import GenesisState
from chain.genesis_order import refuse_unsorted
from chain.limits import is_identifier
from chain.store import Map
from chain.upgrades.types import AppliedUpgrade, RoomVersion, UpgradePlan

PLAN = Map(b"\x1b\x00", "upgrades/plan", (), UpgradePlan)
APPLIED = Map(b"\x1b\x01", "upgrades/applied", (str,), AppliedUpgrade)
VERSIONS = Map(b"\x1b\x02", "upgrades/versions", (str,), RoomVersion)
COLLECTIONS = (PLAN, APPLIED, VERSIONS)

NAME_LENGTH_MAX = 64
INFO_CHARACTERS_MAX = 1_000


class Upgrades:
    """Keeps what the chain knows of its own law."""

    def __init__(self, names: tuple[str, ...], versions: Mapping[str, int]) -> None:
        self._names = names
        self._versions = versions

    def get_plan(self, ctx: Context) -> UpgradePlan | None:
        """The planned upgrade, or None."""
        return PLAN.get(ctx.store)

    def set_plan(self, ctx: Context, plan: UpgradePlan) -> None:
        """Plans an upgrade, in place of one that is planned."""
        PLAN.set(ctx.store, plan)
        ctx.emit("upgrade_planned", name=plan.name, height=plan.height)

    def cancel_plan(self, ctx: Context, plan: UpgradePlan) -> None:
        """Drops the planned upgrade."""
        PLAN.delete(ctx.store)
        ctx.emit("upgrade_cancelled", name=plan.name, height=plan.height)

    def is_applied(self, ctx: Context, name: str) -> bool:
        """Whether the chain has an upgrade behind it."""
        return APPLIED.has(ctx.store, name)

    def get_applied(self, ctx: Context) -> Iterator[AppliedUpgrade]:
        """All upgrades that the chain has behind it, by name."""
        return APPLIED.values(ctx.store)

    def get_version(self, ctx: Context, room: str) -> int:
        """The version of a room's law."""
        found = VERSIONS.get(ctx.store, room)
        return 1 if found is None else found.version

    def set_applied(self, ctx: Context, name: str, versions: Mapping[str, int]) -> None:
        """Records that an upgrade has been carried out, and the versions that its rooms have now. Its plan is
        done.
        """
        PLAN.delete(ctx.store)
        APPLIED.set(ctx.store, AppliedUpgrade(name, ctx.height), name)
        for room, version in sorted(versions.items()):
            VERSIONS.set(ctx.store, RoomVersion(room, version), room)

    def describe_law(self, height: int) -> tuple[tuple[AppliedUpgrade, ...], tuple[RoomVersion, ...]]:
        """The law of this program, as a chain records it that begins with it behind a height."""
        applied = tuple(AppliedUpgrade(name, height) for name in sorted(self._names))
        return applied, tuple(RoomVersion(*one) for one in sorted(self._versions.items()))

    def import_genesis(self, ctx: Context, genesis: GenesisState) -> None:
        """Takes plan, upgrades and versions of a document. A new chain that names no upgrade begins with the
        law of this program.
        """
        applied, versions = genesis.applied_upgrades, genesis.room_versions
        if not genesis.exported_height and not applied and not versions:
            applied, versions = self.describe_law(ctx.height)
        refuse_unsorted("applied_upgrades", [one.name for one in applied])
        refuse_unsorted("room_versions", [one.room for one in versions])
        for one in applied:
            APPLIED.set(ctx.store, one, one.name)
        for each in versions:
            if not each.room or each.version < 2:
                why = f"version {each.version} of room {each.room!r}; the first one, 1, is not listed"
                raise ErrInvalidRecord(what="genesis room_versions", why=why)
            VERSIONS.set(ctx.store, each, each.room)
        plan = genesis.upgrade_plan
        if plan is not None:
            fault = find_plan_fault(plan, ctx.height)
            if fault is not None:
                raise ErrInvalidRecord(what="genesis upgrade_plan", why=fault)
            PLAN.set(ctx.store, plan)

    def export_genesis(self, ctx: Context) -> dict[str, object]:
        """Plan, upgrades and versions, as fields of the genesis document."""
        return {
            "upgrade_plan": self.get_plan(ctx),
            "applied_upgrades": tuple(self.get_applied(ctx)),
            "room_versions": tuple(VERSIONS.values(ctx.store)),
        }


def find_plan_fault(plan: UpgradePlan, height: int) -> str | None:
    """Why an upgrade cannot be planned at a height, in words; None when it can."""
    if not is_identifier(plan.name, NAME_LENGTH_MAX):
        return f"its name is not 1 to {NAME_LENGTH_MAX} printable ASCII characters"
    if plan.height <= height:
        return f"height {plan.height} is not later than {height}"
    if len(plan.info) > INFO_CHARACTERS_MAX:
        return f"its info has more than {INFO_CHARACTERS_MAX} characters"
    return None
