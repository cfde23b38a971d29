"""From distances to parameters: the figures that the calibration's report states."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.calibration import (
    STEP_MICRO,
    Difference,
    claim,
    compare,
    compute_chance,
    compute_least_convicting,
    compute_rate_bound_ppm,
    describe,
    detect,
    measure_rates,
    perturb,
    propose,
    propose_target,
    propose_tolerance,
)
from mlnode.poc import DIMS, LATE_PPM, Rules

RULES = Rules(1_270_000, 80_000, 500, 100, 200)


def random_distances(n: int, seed: int = 1) -> list[int]:
    """Of random unit vectors from a fixed one."""
    chance = random.Random(seed)
    found = []
    for _ in range(n):
        vector = [chance.gauss(0, 1) for _ in range(DIMS)]
        cosine = vector[0] / math.hypot(*vector)
        found.append(round(1e6 * math.sqrt(2 - 2 * cosine)))
    return found


def blur(distances: list[int], deviation: float, seed: int = 2) -> list[int]:
    chance = random.Random(seed)
    return [round(distance + chance.gauss(0, deviation)) for distance in distances]


def test_a_description_tells_mean_deviation_and_quantiles() -> None:
    spread = describe(list(range(1000, 0, -1)))
    assert (spread.nonces, spread.mean_micro, spread.deviation_micro) == (1000, 500, 289)
    assert spread.quantiles_micro[500_000] == 501
    assert spread.quantiles_micro[10_000] == 11


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_the_proposed_target_is_met_by_the_wanted_share(share: float) -> None:
    distances = random_distances(4000)
    target = propose_target(distances, share)
    assert target % STEP_MICRO == 0
    assert sum(d < target for d in random_distances(4000, seed=9)) / 4000 == pytest.approx(share, rel=0.35)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 300_000)), min_size=1, max_size=5))
def test_the_tolerance_covers_everything_honest_that_was_seen(seen: list[tuple[int, int]]) -> None:
    differences = [Difference("x", 10, 0, rms, largest) for rms, largest in seen]
    tolerance = propose_tolerance(differences)
    assert tolerance % STEP_MICRO == 0 < tolerance
    assert all(tolerance >= 5 * rms and tolerance >= 1.25 * largest for rms, largest in seen)


def test_a_comparison_is_of_absolute_differences() -> None:
    found = compare("x", [1, 2, 3], [1, 5, -1])
    assert (found.mean_micro, found.rms_micro, found.largest_micro) == (2, 3, 4)


def test_a_proposal_for_distances_like_those_of_a_quantised_model() -> None:
    own = random_distances(2000)
    found = propose(own, {"other": blur(own, 16_000)}, 0.05, 100, 200)
    assert 80_000 <= found.tolerance_micro <= 90_000
    assert (found.exceeded, found.compared, found.mismatch_ppm) == (0, 2000, 500)
    assert 0 < found.late_ppm < LATE_PPM
    assert found.condemned < 1e-7
    assert found.exceeded_ppm_max == pytest.approx(1e6 * (1 - 0.05 ** (1 / 2000)), abs=1)


@pytest.mark.parametrize(("n", "k", "bound"), [(100, 0, 0.0295), (100, 5, 0.1023), (1000, 1, 0.00474)])
def test_the_bound_on_a_rate_is_the_exact_one(n: int, k: int, bound: float) -> None:
    """One-sided 95 % Clopper-Pearson, from tables."""
    assert compute_rate_bound_ppm(n, k) / 1e6 == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize(("n", "least"), [(2, 3), (50, 4), (200, 5), (1000, 8)])
def test_the_fewest_that_convict(n: int, least: int) -> None:
    assert compute_least_convicting(n, 500, 100) == least
    assert compute_chance(n, least, 500) < 1e-7
    assert compute_chance(n, least - 1, 500) >= 1e-7


def test_the_chance_of_conviction_grows_with_the_sample() -> None:
    own = random_distances(3000)
    found = detect("invented", [(RULES.r_target_micro - 1, again) for again in own], RULES, LATE_PPM)
    chances = list(found.convicted.values())
    assert all(a <= b for a, b in pairwise(chances))
    assert chances[0] > 0.5
    assert chances[-1] > 0.999999


def test_only_what_counts_is_claimed() -> None:
    assert claim([5, 1_270_000, 1_269_999], [7, 8, 9], RULES) == [(5, 7), (1_269_999, 9)]


def test_perturbed_claims_pass_each_by_itself_and_are_convicted_together() -> None:
    own = random_distances(6000)
    honest = claim(own, blur(own, 16_000), RULES)
    assert detect("honest", honest, RULES, LATE_PPM).convicted[200] < 1e-6
    pairs = perturb(own, own, RULES.tolerance_micro, RULES)
    invalid_ppm, late_ppm = measure_rates(pairs, RULES)
    assert invalid_ppm == 0
    assert late_ppm > 500_000
    assert len(pairs) > 3 * len(claim(own, own, RULES))
    assert detect("perturbed", pairs, RULES, LATE_PPM).convicted[200] > 0.999999
