"""What must be true of all coins after every block."""

from collections.abc import Iterable

from chain.app import App
from chain.auth.addresses import REWARDS, module_address
from chain.bank.invariants import find_bad_balances, find_supply_drift, find_supply_gaps
from chain.block import BlockResult, Event
from chain.invariants import find_uncovered
from chain.rewards.types import TokenomicsData


def read_events(results: Iterable[BlockResult]) -> list[Event]:
    """All that happened in blocks, inside and outside transactions."""
    events = []
    for result in results:
        events += [event for tx in result.tx_results for event in tx.events]
        events += result.events
    return events


def find(events: list[Event], kind: str) -> list[dict[str, str]]:
    """Attributes of all events of a kind."""
    return [dict(event.attributes) for event in events if event.type == kind]


def find_money_faults(app: App, events: list[Event], genesis: int) -> list[str]:
    """What is wrong with the coins of a chain that began with so many umesh, in words; empty when nothing.

    Balances add up to the supply, and that is genesis plus what was minted less what was burnt; what was
    minted is what settlements counted; every room holds what it owes, and rewards hold no more.
    """
    minted, burned = (
        sum(int(event["amount"].removesuffix("umesh")) for event in find(events, kind))
        for kind in ("coinbase", "burn")
    )
    ctx, keepers = app._committed(), app._keepers
    data: TokenomicsData = keepers.rewards.get_tokenomics(ctx)
    faults = [*find_supply_gaps(ctx.store), *find_bad_balances(ctx.store)]
    faults += find_supply_drift(ctx.store, "umesh", genesis + minted - burned)
    faults += [f"{module}: {why}" for module, why in find_uncovered(keepers, ctx)]
    if data.total_subsidies != minted or data.total_burned > burned:
        faults.append(f"minted {minted} and burned {burned}, counted {data}")
    owed, held = (
        keepers.rewards.get_owed_rewards(ctx),
        keepers.bank.get_balance(ctx, module_address(REWARDS)),
    )
    if held != owed:
        faults.append(f"rewards hold {held} and owe {owed}")
    claims = [(event["participant"], event["epoch_index"]) for event in find(events, "rewards_claimed")]
    if len(claims) != len(dict.fromkeys(claims)):
        faults.append("somebody was paid twice for an epoch")
    return faults
