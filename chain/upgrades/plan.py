"""Changes of the law, each at a height that the chain itself decides.

A version that changes what stored state means, or how it is laid out, brings an upgrade under a name: a
function from the state before to the state after. The authority, or a vote, plans the name at a height.
At the beginning of the block of that height, before any transaction, the function runs, once, and the chain
records the name and the new versions of its rooms. So every validator changes the law at the same height:

    planned, and this program brings it         it runs
    planned, and this program does not          the program stops before the block and says what is needed
    not planned, and this program brings it     the program is too new: it refuses to make a block
    applied, and this program does not know it  the program is too old: the same

A chain that begins with a program has all of its upgrades behind it. An upgrade never changes once a chain
has it behind it.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chain.context import Context
from chain.errors import Fatal
from chain.records import Record
from chain.upgrades import v2
from chain.upgrades.keeper import Upgrades
from chain.waking import Wakeup

if TYPE_CHECKING:
    from chain.machine import Keepers


class Upgrade(Record, frozen=True):
    """One change of the law."""

    name: str
    """Name under which it is planned, like "v2"."""
    versions: Mapping[str, int]
    """Versions that its rooms have after it, by room."""
    migrate: "Callable[[Keepers, Context], int]"
    """Changes the state; how many entries it changed."""


UPGRADES: tuple[Upgrade, ...] = (Upgrade("v2", {"nodes": 2}, v2.migrate),)
"""All that this program brings, oldest first."""


def build_upgrades(known: tuple[Upgrade, ...]) -> Upgrades:
    """The keeper for a program that brings these upgrades."""
    versions: dict[str, int] = {}
    for upgrade in known:
        versions.update(upgrade.versions)
    return Upgrades(tuple(upgrade.name for upgrade in known), versions)


def find_fault(known: tuple[Upgrade, ...], state: Upgrades, ctx: Context) -> str | None:
    """Why a program with these upgrades cannot make the block of the context, in words; None when it can."""
    names = [upgrade.name for upgrade in known]
    plan = state.get_plan(ctx)
    due = plan is not None and plan.height == ctx.height
    if plan is not None and due and plan.name not in names:
        info = f" ({plan.info})" if plan.info else ""
        return (
            f"the upgrade {plan.name!r} begins with block {ctx.height} and this version does not bring it; "
            f"start a version that does{info}: nothing is lost, the chain stands at height {ctx.height - 1}"
        )
    for applied in state.get_applied(ctx):
        if applied.name not in names:
            return (
                f"the chain has had the upgrade {applied.name!r} since height {applied.height} and this "
                "version does not know it; start a version that does"
            )
    for name in names:
        if state.is_applied(ctx, name) or (plan is not None and due and plan.name == name):
            continue
        at = f"planned for height {plan.height}" if plan and plan.name == name else "not planned"
        return (
            f"this version brings the upgrade {name!r}, which is {at}; "
            f"run the version before it, block {ctx.height} is made by the old law"
        )
    return None


def process_upgrades(known: tuple[Upgrade, ...], keepers: "Keepers", ctx: Context) -> None:
    """Runs what is planned for this block. One that fails stops the machine: the state is then that of the
    block before, and a corrected version can go on from it.
    """
    plan = keepers.upgrades.get_plan(ctx)
    if plan is None or plan.height != ctx.height:
        return
    for upgrade in known:
        if upgrade.name == plan.name:
            keepers.upgrades.set_applied(ctx, upgrade.name, upgrade.versions)
            ctx.emit("upgrade_applied", name=upgrade.name, changed=_migrate(upgrade, keepers, ctx))


def find_upgrade_wakeup(state: Upgrades, ctx: Context) -> Wakeup:
    """The height of the planned upgrade."""
    plan = state.get_plan(ctx)
    return Wakeup() if plan is None else Wakeup(height=plan.height)


def _migrate(upgrade: Upgrade, keepers: "Keepers", ctx: Context) -> int:
    try:
        return upgrade.migrate(keepers, ctx)
    except (Fatal, MemoryError, RecursionError):
        raise
    except Exception as error:
        raise Fatal(f"upgrade {upgrade.name} at height {ctx.height} failed: {error}") from error
