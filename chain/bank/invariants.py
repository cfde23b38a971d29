"""What must always be true of money. Tests and the simulator ask after every block; the chain itself never
halts on it.
"""

from chain.bank.keeper import BALANCES, SUPPLY
from chain.store import Store


def find_supply_gaps(store: Store) -> list[str]:
    """Denominations whose balances do not add up to the supply, in words; empty when all do."""
    totals: dict[str, int] = {}
    for parts, amount in BALANCES.items(store):
        totals[str(parts[1])] = totals.get(str(parts[1]), 0) + amount
    supply = {str(parts[0]): amount for parts, amount in SUPPLY.items(store)}
    return [
        f"{denom}: accounts own {totals.get(denom, 0)}, the supply is {supply.get(denom, 0)}"
        for denom in sorted(dict.fromkeys([*totals, *supply]))
        if totals.get(denom, 0) != supply.get(denom, 0)
    ]


def find_bad_balances(store: Store) -> list[str]:
    """Balances that are zero or negative, in words; such records may not exist."""
    return [f"{parts[0]} owns {amount}{parts[1]}" for parts, amount in BALANCES.items(store) if amount <= 0]


def find_supply_drift(store: Store, denom: str, expected: int) -> list[str]:
    """A supply that is not what genesis, minting and burning make of it, in words; empty when it is."""
    supply = SUPPLY.get(store, denom) or 0
    return [] if supply == expected else [f"{denom}: the supply is {supply}, should be {expected}"]
