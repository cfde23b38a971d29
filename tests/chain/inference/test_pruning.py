"""What is forgotten, for any inference and any threshold."""

from hypothesis import given
from hypothesis import strategies as st

from chain.inference.rules import is_prunable
from chain.inference.types import Inference, InferenceStatus

INFERENCES = st.builds(Inference, status=st.sampled_from(InferenceStatus), epoch_id=st.integers(0, 12))
KEPT = (InferenceStatus.STARTED, InferenceStatus.VOTING)


@given(INFERENCES, st.integers(1, 15), st.integers(1, 8))
def test_only_what_is_decided_and_old_enough_goes(
    inference: Inference, upcoming: int, threshold: int
) -> None:
    old = upcoming >= threshold and upcoming - inference.epoch_id >= threshold
    assert is_prunable(inference, upcoming, threshold) == (old and inference.status not in KEPT)


@given(INFERENCES, st.integers(1, 15), st.integers(1, 8))
def test_what_may_go_may_go_later_and_with_a_smaller_threshold_too(inference, upcoming, threshold) -> None:
    if is_prunable(inference, upcoming, threshold):
        assert is_prunable(inference, upcoming + 1, threshold)
        assert threshold == 1 or is_prunable(inference, upcoming, threshold - 1)
