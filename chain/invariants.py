"""What must always be true between rooms: a room's module account holds at least what the room owes.

The chain asks when it takes up a genesis document; tests and the simulator ask after every block.
"""

from typing import TYPE_CHECKING

from chain.auth.addresses import module_address
from chain.collateral import keeper as collateral
from chain.context import Context
from chain.inference import keeper as inference
from chain.proposals import keeper as proposals
from chain.rewards import keeper as rewards

if TYPE_CHECKING:
    from chain.machine import Keepers


def find_uncovered(keepers: "Keepers", ctx: Context) -> list[tuple[str, str]]:
    """Rooms that owe more than their module account holds, each with why; empty when all is covered.

    Paying or burning what is not there would stop the machine.
    """
    owed = (
        (collateral.MODULE, keepers.deposits.get_owed(ctx)),
        (inference.MODULE, keepers.inferences.get_owed(ctx) + keepers.rewards.get_owed_work(ctx)),
        (rewards.MODULE, keepers.rewards.get_owed_rewards(ctx)),
        (proposals.MODULE, keepers.proposals.get_owed(ctx)),
    )
    found = []
    for module, amount in owed:
        address = module_address(module)
        held = keepers.bank.get_balance(ctx, address)
        if held < amount:
            found.append((module, f"its account {address} holds {held} umesh and owes {amount}"))
    return found
