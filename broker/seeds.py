"""The secret seed of each epoch: drawn once, kept, and committed to on chain until the window closes."""

from dataclasses import dataclass

from broker.actions import Action, DrawSeed, StoreSeed, SubmitSeed
from broker.errands import Errands
from broker.facts import EpochView


@dataclass(slots=True)
class Seed:
    """A drawn seed; `submitted` once the chain has it."""

    seed: int
    signature: str
    submitted: bool = False


def get_seed_key(epoch_index: int) -> str:
    """Key of the transaction that commits to an epoch's seed."""
    return f"seed/{epoch_index}"


def is_seed_window(epoch: EpochView) -> bool:
    """Whether a commitment sent now arrives in time: from the start of the PoC to its exchange deadline."""
    start, deadline = epoch.poc_start_block_height, epoch.exchange_deadline_block_height
    return epoch.latest_epoch_index > 0 and start <= epoch.block_height < deadline


def advance_seed(seeds: dict[int, Seed], epoch: EpochView, errands: Errands) -> list[Action]:
    """Draw the epoch's seed, then submit it, once a block until the chain has it."""
    index = epoch.latest_epoch_index
    seed = seeds.get(index)
    if not is_seed_window(epoch) or (seed is not None and seed.submitted):
        return []
    if seed is None:
        return [DrawSeed(index)] if errands.start(f"DrawSeed/{index}", epoch.block_height) else []
    key = get_seed_key(index)
    return [SubmitSeed(key, index, seed.signature)] if errands.start(key, epoch.block_height) else []


def keep_seed(seeds: dict[int, Seed], epoch_index: int, seed: int, signature: str) -> list[Action]:
    """Keep a drawn seed. A second draw for the same epoch is dropped: the first may be on chain already."""
    if epoch_index in seeds:
        return []
    seeds[epoch_index] = Seed(seed, signature)
    return [StoreSeed(epoch_index, seed, signature, False)]


def confirm_seed(seeds: dict[int, Seed], epoch_index: int) -> list[Action]:
    """The chain has the commitment."""
    seed = seeds.get(epoch_index)
    if seed is None or seed.submitted:
        return []
    seed.submitted = True
    return [StoreSeed(epoch_index, seed.seed, seed.signature, True)]
