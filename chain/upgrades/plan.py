"""Changes of state that come with a new version of the law, each at one height of one chain.

A version that changes what stored state means, or how it is laid out, brings an upgrade: a function from the
state before to the state after. It runs at the beginning of the block of its height, before any transaction,
and exactly once: every validator runs the same version at that height, as with every change of the law. A
chain that begins above the height, with an exported state, has it behind it.

An upgrade never changes once a chain has passed its height: replaying the chain runs it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chain.context import Context
from chain.errors import Fatal
from chain.machine import Keepers
from chain.upgrades import v2
from chain.waking import Wakeup, find_first


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One change of state."""

    name: str
    """Name in events, like "v2"."""
    heights: Mapping[str, int]
    """Height by chain id. A chain that is not named never runs it."""
    migrate: Callable[[Keepers, Context], int]
    """Changes the state; how many entries it changed."""


UPGRADES: tuple[Upgrade, ...] = (Upgrade("v2", {}, v2.migrate),)
"""In the order in which they run where several have one height."""


def process_upgrades(upgrades: tuple[Upgrade, ...], keepers: Keepers, ctx: Context) -> None:
    """Runs what has the height of this block. One that fails stops the machine: the state is then that of the
    block before, and a corrected version can go on from it.
    """
    for upgrade in upgrades:
        if upgrade.heights.get(ctx.header.chain_id) != ctx.height:
            continue
        try:
            changed = upgrade.migrate(keepers, ctx)
        except (Fatal, MemoryError, RecursionError):
            raise
        except Exception as error:
            raise Fatal(f"upgrade {upgrade.name} at height {ctx.height} failed: {error}") from error
        ctx.emit("upgrade_applied", name=upgrade.name, changed=changed)


def find_upgrade_wakeup(upgrades: tuple[Upgrade, ...], ctx: Context) -> Wakeup:
    """The next height with an upgrade."""
    heights = (upgrade.heights.get(ctx.header.chain_id, 0) for upgrade in upgrades)
    return find_first(Wakeup(height=height) for height in heights if height > ctx.height)
