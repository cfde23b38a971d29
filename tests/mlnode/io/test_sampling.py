"""From logits to tokens: what each setting keeps, and that chance is the request's own."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.io.sampling import Sampler, Sampling, compute_logprobs, survivors

ROW = np.log(np.array([0.05, 0.4, 0.1, 0.25, 0.2], np.float32))


def picks(sampling: Sampling, n: int = 4000) -> Counter[int]:
    sampler = Sampler(sampling)
    return Counter(sampler.pick(ROW) for _ in range(n))


def test_at_temperature_zero_the_likeliest_is_taken() -> None:
    assert picks(Sampling(), 5) == {1: 5}


def test_of_equals_the_lowest_id_is_taken() -> None:
    assert Sampler(Sampling()).pick(np.array([1, 2, 2, 0], np.float32)) == 1


def test_at_temperature_one_tokens_come_as_often_as_the_model_says() -> None:
    counts = picks(Sampling(temperature=1.0, top_k=0, seed=1))
    for token, probability in enumerate(np.exp(ROW)):
        assert counts[token] / 4000 == pytest.approx(probability, abs=0.03)


def test_a_low_temperature_sharpens() -> None:
    assert picks(Sampling(temperature=0.2, top_k=0, seed=1))[1] > 3400


def test_top_k_keeps_the_k_likeliest() -> None:
    assert set(picks(Sampling(temperature=1.0, top_k=2, seed=1))) == {1, 3}


def test_top_p_keeps_the_smallest_sufficient_set() -> None:
    assert set(picks(Sampling(temperature=1.0, top_k=0, top_p=0.6, seed=1))) == {1, 3}
    assert set(picks(Sampling(temperature=1.0, top_k=0, top_p=0.7, seed=1))) == {1, 3, 4}


def test_min_p_drops_what_is_far_below_the_best() -> None:
    assert set(picks(Sampling(temperature=1.0, top_k=0, min_p=0.45, seed=1))) == {1, 3, 4}


def test_a_tiny_top_p_still_leaves_one() -> None:
    assert picks(Sampling(temperature=1.0, top_k=0, top_p=1e-9, seed=1), 50) == {1: 50}


def test_the_same_seed_gives_the_same_tokens_and_another_does_not() -> None:
    def drawn(seed: int) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, seed=seed))
        return [sampler.pick(ROW) for _ in range(50)]

    assert drawn(-3) == drawn(-3) != drawn(4)


def test_penalties_turn_away_from_what_was_said() -> None:
    sampler, said = Sampler(Sampling(presence_penalty=10.0)), []
    for _ in range(5):
        said.append(sampler.pick(ROW))
        sampler.note(said[-1])
    assert said == [1, 3, 4, 2, 0]


def test_a_token_that_was_picked_and_not_taken_is_not_penalised() -> None:
    sampler = Sampler(Sampling(presence_penalty=10.0))
    assert [sampler.pick(ROW), sampler.pick(ROW)] == [1, 1]


def test_the_row_is_left_as_it_was() -> None:
    row = ROW.copy()
    sampler = Sampler(Sampling(temperature=1.0, frequency_penalty=1.0, seed=1))
    for _ in range(3):
        sampler.pick(row, np.array([1]))
    assert (row == ROW).all()


def test_a_banned_token_is_never_taken() -> None:
    assert Sampler(Sampling()).pick(ROW, np.array([1, 3])) == 4


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_without_numbers_is_an_error_and_no_token(temperature: float, value: float) -> None:
    with pytest.raises(FloatingPointError):
        Sampler(Sampling(temperature=temperature, seed=1)).pick(np.full(8, value, np.float32))


@given(st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=50), st.integers(0, 60))
def test_survivors_are_the_best_in_order(values: list[float], limit: int) -> None:
    row = np.array(values, np.float32)
    tokens, logits = survivors(row, np.inf, limit)
    expected = sorted(range(len(values)), key=lambda token: (-row[token], token))
    assert list(tokens) == (expected[:limit] if limit else expected)
    assert (logits == row[tokens]).all()


@given(st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=50))
def test_log_probabilities_add_up_to_one(values: list[float]) -> None:
    row = np.array(values, np.float32)
    _, top = compute_logprobs(row, 0, len(values))
    assert sum(np.exp([logprob for _, logprob in top])) == pytest.approx(1.0, abs=1e-4)
