"""Who was drawn to validate and did not cannot claim; who did can, and so can whoever was not drawn."""

import pytest

from chain.epochs.types import EpochGroupData, ValidationWeight
from chain.errors import ErrValidationsMissed
from chain.inference.keeper import DETAILS
from chain.inference.types import InferenceValidationDetails
from chain.validation.types import InferenceValidation
from tests.chain.payday import EPOCH, Payday

MODEL = "gemma"


@pytest.fixture
def day() -> Payday:
    """Ann and ben serve a model, cat does not. Ben answered two requests, and with so little traffic ann,
    who is the only other one, is drawn for every one of them. Ann earned 1000 and a reward of 500.
    """
    day = Payday(initial_epoch_reward=500)
    day.weigh(1, 0, 0)
    members = tuple(ValidationWeight(day.address(name), 10) for name in ("ann", "ben"))
    group = EpochGroupData(validation_weights=members, total_weight=20, model_id=MODEL, epoch_index=EPOCH)
    day.keepers.epochs.set_group(day.context(), group)
    for inference_id in ("one", "two"):
        details = InferenceValidationDetails(
            epoch_id=EPOCH,
            inference_id=inference_id,
            executor_id=day.address("ben"),
            traffic_basis=2,
            executor_power=10,
            model=MODEL,
            total_power=20,
            created_at_block_height=5,
        )
        DETAILS.set(day.store, details, EPOCH, inference_id)
    for name in ("ann", "ben", "cat"):
        day.earn(name, 1000)
    day.settle()
    day.enter(EPOCH + 1)
    return day


def validate(day: Payday, name: str, inference_id: str) -> None:
    record = InferenceValidation(EPOCH, day.address(name), inference_id)
    day.keepers.validations.set_validation(day.context(), record)


def test_a_missing_one_refuses_the_claim_and_is_named(day: Payday) -> None:
    validate(day, "ann", "one")
    with pytest.raises(ErrValidationsMissed, match=r"Inference not validated: 1 .* first two"):
        day.claim("ann")
    day.refuses(ErrValidationsMissed, "ann")
    assert day.owed("ann") == (1000, 500)


def test_once_all_are_done_the_claim_is_paid(day: Payday) -> None:
    for inference_id in ("one", "two"):
        validate(day, "ann", inference_id)
    assert day.claim("ann") == 1500


def test_what_another_one_did_does_not_count(day: Payday) -> None:
    for inference_id in ("one", "two"):
        validate(day, "cat", inference_id)
    day.refuses(ErrValidationsMissed, "ann")


@pytest.mark.parametrize("name", ["ben", "cat"])
def test_neither_the_executor_nor_one_who_does_not_serve_the_model_owes_any(day: Payday, name: str) -> None:
    assert day.claim(name) == 1000
