"""A genesis document whose epochs could not have come about is refused, and the reason has a name."""

import pytest

from chain.epochs.types import Epoch, EpochGroupData
from chain.errors import (
    ErrCurrentEpochGroupNotFound,
    ErrEffectiveEpochNotFound,
    ErrEpochGroupDataAlreadyExists,
    ErrIllegalState,
    ErrNegativeRefundBalance,
    ErrPreviousEpochNotFound,
    Refusal,
)
from chain.inference.types import Inference
from chain.queries.types import QueryCurrentEpochGroupDataRequest
from chain.records import replace
from tests.chain.world import World

FOUR = tuple(Epoch(index, 40 * index) for index in range(4))
PARENTS = tuple(EpochGroupData(epoch_index=index, total_weight=1) for index in range(4))


def load(**fields: object) -> World:
    world = World("alice", weights={"alice": 5})
    world.load(replace(world.export(), **fields))
    return world


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"epochs": (FOUR[0], FOUR[2]), "effective_epoch_index": 2}, ErrPreviousEpochNotFound),
        ({"epochs": (FOUR[1], FOUR[0]), "effective_epoch_index": 1}, ErrPreviousEpochNotFound),
        ({"epochs": FOUR, "effective_epoch_index": 4}, ErrEffectiveEpochNotFound),
        ({"epochs": (), "effective_epoch_index": 1}, ErrEffectiveEpochNotFound),
        ({"epochs": FOUR, "effective_epoch_index": 1}, ErrIllegalState),
        ({"epoch_groups": (PARENTS[0], PARENTS[0])}, ErrEpochGroupDataAlreadyExists),
        ({"inferences": (Inference(inference_id="a", escrow_amount=-1),)}, ErrNegativeRefundBalance),
    ],
)
def test_it_is_refused(fields: dict[str, object], error: type[Refusal]) -> None:
    with pytest.raises(error):
        load(**fields)


def test_one_that_could_is_taken() -> None:
    for effective in (2, 3):
        world = load(epochs=FOUR, effective_epoch_index=effective, epoch_groups=PARENTS)
        assert world.keepers.epochs.get_effective(world.context()).index == effective


def test_an_epoch_in_effect_without_a_group_is_told_by_name() -> None:
    world = load(epochs=FOUR, effective_epoch_index=3, epoch_groups=PARENTS[:3])
    with pytest.raises(ErrCurrentEpochGroupNotFound):
        world.ask("CurrentEpochGroupData", QueryCurrentEpochGroupDataRequest())
