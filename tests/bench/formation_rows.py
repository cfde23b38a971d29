"""The formation of an epoch: the one step whose work grows with participants times machines."""

import time
from collections.abc import Callable

from chain.context import Context
from chain.epochs.types import Epoch
from chain.io.serve import calm_collector
from chain.layout import BlockEncoder
from tests.chain.epochs.test_reference import KEEPERS, START, Network, lay_out

Rate = Callable[[], float]
MACHINES, MODELS, NONCES, VOTERS = 5, 10, 20, 10
PARTICIPANTS, MANY = 1_000, 10_000
EPOCH = 5


def prepare_formation() -> tuple[Rate, Rate]:
    """Formations of 1,000 participants with 5 machines each and 10 models, encoded as the block would be,
    against two a second.
    """
    ctx = _lay_out(PARTICIPANTS)
    return (lambda: _form(ctx)), (lambda: 2.0)


def prepare_growth() -> tuple[Rate, Rate]:
    """Participants formed a second when there are 10,000 of them, against when there are 1,000."""
    few, many = _lay_out(PARTICIPANTS), _lay_out(MANY)
    return (lambda: MANY * _form(many)), (lambda: PARTICIPANTS * _form(few))


def _form(ctx: Context) -> float:
    block, encoder = ctx.branch(), BlockEncoder()
    calm_collector()
    began = time.perf_counter()
    KEEPERS.formation.process_formation(block, Epoch(EPOCH, START))
    for key, value in block.store.changes():
        encoder.encode(key, value)
    rate = 1 / (time.perf_counter() - began)
    seated = KEEPERS.epochs.get_active_participants(block, EPOCH)
    assert seated is not None and not seated.reseated
    return rate


def _lay_out(participants: int) -> Context:
    """Everyone mined on every machine and was found honest by ten of great weight, who decide."""
    addresses = [f"mesh{at:05d}" for at in range(participants)]
    weights = dict.fromkeys(addresses, 10) | dict.fromkeys(addresses[:VOTERS], 10 * participants)
    network: Network = {
        "epoch": EPOCH,
        "models": {f"model{at}": [] for at in range(MODELS)},
        "participants": {
            address: {"invalid": False, "key": True, "jailed": False, "seed": True, "deposit": 10**6}
            for address in addresses
        },
        "machines": {address: _build_machines(at) for at, address in enumerate(addresses)},
        "batches": [
            (address, f"n{at}", "b1", list(range(at * 100, at * 100 + NONCES)))
            for address in addresses
            for at in range(MACHINES)
        ],
        "votes": {(address, voter): False for address in addresses for voter in addresses[:VOTERS]},
        "members": weights,
        "effective": {address: {"weight": weights[address], "models": {}} for address in addresses},
        "terms": {
            "exclude_invalid": True,
            "exclude_jailed": True,
            "grace": 0,
            "ratio": 0.2,
            "unit": 0.001,
            "cap": 0.25,
            "resolution": "nearest",
        },
    }
    return lay_out(network)


def _build_machines(at: int) -> dict[str, dict[str, object]]:
    return {
        f"n{number}": {
            "stopped": False,
            "models": [f"model{(at + number) % MODELS}", f"model{(at + number + 3) % MODELS}"],
        }
        for number in range(MACHINES)
    }
