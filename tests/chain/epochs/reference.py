"""A slow and obvious model of the formation, written from the rules and not from the code: dictionaries in,
plain lists out. It shares no line with the machine.

A network is a dictionary:

    epoch         index of the upcoming epoch
    terms         grace (last epoch without collateral), ratio, cap and unit (fractions; umesh),
                  exclude_invalid, exclude_jailed, resolution ("nearest" or "terminal")
    models        governance model -> its alternatives
    participants  address -> invalid, jailed, key, seed (true or false), deposit (umesh)
    machines      address -> machine -> stopped (true or false), models (as declared)
    batches       list of (address, machine, batch, nonces)
    votes         (miner, validator) -> whether it found fraud
    members       address -> weight in the effective parent group
    effective     address -> weight, models (model -> machine -> (weight, keeps serving)); empty for epoch 0
"""

from fractions import Fraction
from hashlib import sha256
from math import floor
from typing import Any

Network = dict[str, Any]


def form(network: Network) -> dict[str, Any]:
    """Who takes part in the upcoming epoch: a list of (address, weight, models), models being a list of
    (model, list of (machine, weight, keeps serving)); and whether everyone was seated again.
    """
    candidates = find_candidates(network)
    seated = []
    for address, machines in candidates:
        if not network["participants"].get(address, {}).get("seed"):
            continue
        models = assign(network, address, machines)
        weight = sum(machines[machine] for machine in machines if find_models(network, address, machine))
        if weight > 0:
            seated.append([address, weight, models])
    seated = limit(network, charge(network, seated))
    if seated:
        return {"seats": [tuple(seat) for seat in seated], "reseated": False}
    return {"seats": seat_again(network), "reseated": True}


def resolve(network: Network, identifier: str) -> str | None:
    """The governance model that an identifier stands for."""
    if identifier in network["models"]:
        return identifier
    at, first = identifier, True
    while True:
        owners = sorted(model for model, names in network["models"].items() if at in names)
        if not owners:
            return None if first else at
        at, first = owners[0], False
        if network["terms"]["resolution"] == "nearest":
            return at


def is_left_out(network: Network, address: str) -> bool:
    """Whether a participant's standing or the jail keeps it out."""
    participant, terms = network["participants"][address], network["terms"]
    if participant["invalid"] and terms["exclude_invalid"]:
        return True
    return participant["jailed"] and terms["exclude_jailed"]


def find_models(network: Network, address: str, machine: str) -> list[str]:
    """Governance models that a machine may serve, sorted; none when it is not eligible."""
    record = network["machines"].get(address, {}).get(machine)
    if record is None or record["stopped"] or address not in network["participants"]:
        return []
    if is_left_out(network, address):
        return []
    return sorted({model for name in record["models"] if (model := resolve(network, name)) is not None})


def find_preserved(network: Network) -> dict[str, dict[str, int]]:
    """Machines that kept serving, with their old weight: eligible ones of members only."""
    preserved: dict[str, dict[str, int]] = {}
    for address, entry in network["effective"].items():
        for machines in entry["models"].values():
            for machine, (weight, keeps) in machines.items():
                if keeps and address in network["members"]:
                    preserved.setdefault(address, {})[machine] = weight
    return preserved


def count_nonces(network: Network, preserved: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Nonces of each machine, each counted once per participant, for the first machine and batch with it."""
    counted: dict[str, dict[str, int]] = {}
    seen: set[tuple[str, int]] = set()
    for address, machine, _, nonces in sorted(network["batches"]):
        counted.setdefault(address, {})
        if machine in preserved.get(address, {}) or not find_models(network, address, machine):
            continue
        for nonce in nonces:
            if (address, nonce) not in seen:
                seen.add((address, nonce))
                counted[address][machine] = counted[address].get(machine, 0) + 1
    return counted


def is_accepted(network: Network, address: str) -> bool:
    """Whether the validators accept what a participant mined."""
    participant = network["participants"].get(address)
    if participant is None or is_left_out(network, address) or not participant["key"]:
        return False
    weights = {}
    for member, weight in network["members"].items():
        invalid = network["participants"].get(member, {}).get("invalid", False)
        if weight > 0 and not (invalid and network["terms"]["exclude_invalid"]):
            weights[member] = weight
    honest = sum(
        weights.get(validator, 0)
        for (miner, validator), fraud in network["votes"].items()
        if miner == address and not fraud
    )
    voted = any(miner == address and validator in weights for miner, validator in network["votes"])
    return voted and honest > sum(weights.values()) // 2


def find_candidates(network: Network) -> list[tuple[str, dict[str, int]]]:
    """Participants with their machines and weights: those with preserved machines first."""
    preserved = find_preserved(network)
    mined = {
        address: machines
        for address, machines in count_nonces(network, preserved).items()
        if machines and is_accepted(network, address)
    }
    kept = {
        address: eligible
        for address, machines in preserved.items()
        if (eligible := {m: w for m, w in machines.items() if find_models(network, address, m)})
    }
    candidates = [(address, {**mined.get(address, {}), **kept[address]}) for address in sorted(kept)]
    return candidates + [(address, mined[address]) for address in sorted(mined) if address not in kept]


def assign(network: Network, address: str, machines: dict[str, int]) -> list[Any]:
    """Each machine joins its smallest model; half of a model's machines keep serving."""
    by_model: dict[str, list[str]] = {}
    for machine in machines:
        models = find_models(network, address, machine)
        if models:
            by_model.setdefault(models[0], []).append(machine)
    assigned = []
    for model in sorted(by_model):
        ranks = sorted(
            (sha256(f"{network['epoch']}_{address}_{model}_{machine}".encode()).hexdigest(), machine)
            for machine in by_model[model]
        )
        serving = [machine for _, machine in ranks[: len(ranks) // 2]]
        arrays = [(machine, machines[machine], machine in serving) for machine in sorted(by_model[model])]
        assigned.append((model, arrays))
    return assigned


def charge(network: Network, seats: list[list[Any]]) -> list[list[Any]]:
    """What deposits make of the weights; whoever weighs nothing leaves."""
    terms = network["terms"]
    if network["epoch"] <= terms["grace"]:
        return seats
    charged = []
    for address, weight, models in seats:
        deposit = network["participants"][address]["deposit"]
        base = digits(weight * terms["ratio"])
        active = Fraction(0)
        if deposit > 0:
            active = weight - base
            if terms["unit"] > 0:
                active = min(active, digits(deposit / terms["unit"]))
        counted = floor(base + active)
        if counted > 0:
            charged.append([address, counted, models])
    return charged


def digits(number: Fraction) -> Fraction:
    """A number with 18 digits after the point; a half goes to the even neighbour."""
    return Fraction(round(number * 10**18), 10**18)


def limit(network: Network, seats: list[list[Any]]) -> list[list[Any]]:
    """The weights under the cap."""
    part, count = network["terms"]["cap"], len(seats)
    if count <= 1 or part == 0:
        return seats
    part = max(part, {2: Fraction(1, 2), 3: Fraction(2, 5)}.get(count, Fraction(0)), Fraction(1, count))
    weights = sorted(weight for _, weight, _ in seats)
    for at, weight in enumerate(weights):
        before, rest = sum(weights[:at]), count - at
        if weight > part * (before + weight * rest):
            left = 1 - part * rest
            cap = weight if left <= 0 else cut(part * before / left)
            return [[address, min(own, cap), models] for address, own, models in seats]
    return seats


def cut(number: Fraction) -> int:
    """A number with 16 digits, rounded half away from zero, then down."""
    return floor(number * 10**16 + Fraction(1, 2)) // 10**16


def seat_again(network: Network) -> list[Any]:
    """The effective participants once more, without machines that may not serve their model any more."""
    seats = []
    for address, entry in network["effective"].items():
        models = []
        for model, machines in entry["models"].items():
            kept = [
                (machine, weight, keeps)
                for machine, (weight, keeps) in machines.items()
                if model in find_models(network, address, machine)
            ]
            if kept:
                models.append((model, kept))
        seats.append((address, entry["weight"], models))
    if not network["effective"]:
        seats = [(address, weight, []) for address, weight in network["members"].items()]
    welcome = [
        seat for seat in seats if not (seat[0] in network["participants"] and is_left_out(network, seat[0]))
    ]
    return welcome or seats
