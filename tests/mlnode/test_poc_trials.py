"""Thousands of seeded trials of every fraud, and of honest work on every other way of computing.

The distances were measured once by `meshkeeper mlnode poc calibrate` and are kept in `measured/`; its README
has the commands. A trial draws claims from them, and the law of `poc.py` judges. How often a fraud is caught
is compared with what the exact binomial probabilities say.
"""

import json
import os
import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlnode.calibration import (
    claim,
    compute_chance,
    compute_least_convicting,
    measure_rates,
    perturb,
)
from mlnode.poc import LATE_PPM, Claim, Partition, Rules, Verdict, inspect_claim, judge

TRIALS = int(os.environ.get("MESHKEEPER_POC_TRIALS", "1000"))
"""For each model, and size of the sample or direction: a thousand of every kind."""
MODELS = ("gemma3-270m-q4_k_m", "tiny")
SAMPLES = (20, 50)
SHARE = Partition(1, 3)
SURPRISE = 1e-7
"""A count that is rarer than this under the computed probability is no chance any more."""
HONEST = (
    "2 threads",
    "weights read, not mapped",
    "groups of 2",
    "groups of 4",
    "groups of 16",
    "shared cells",
    "no flash attention",
    "weights not repacked",
    "the last two, groups of 2",
)

Pairs = Sequence[tuple[int, int]]


@cache
def measured(model: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((Path(__file__).parent / "measured" / f"{model}.json").read_text())
    return report


def distances(model: str, way: str) -> list[int]:
    found: list[int] = measured(model)["distances"][way]
    return found


def rules(model: str, sample: int) -> Rules:
    """The recommended ones for the real model; the proposed ones for the other."""
    if model == MODELS[0]:
        return Rules(1_270_000, 80_000, 500, 100, sample)
    proposal = measured(model)["proposal"]
    return Rules(proposal["r_target_micro"], proposal["tolerance_micro"], 500, 100, sample)


def draw(pool: Pairs, chance: random.Random, law: Rules) -> tuple[Claim, list[int]]:
    """A batch half as large again as the sample, drawn from the pool, and what recomputing finds."""
    pairs = chance.choices(pool, k=law.sample_size * 3 // 2)
    nonces = [SHARE.rank + SHARE.count * k for k in chance.sample(range(10**9), len(pairs))]
    return Claim(nonces, [pair[0] for pair in pairs], SHARE), [pair[1] for pair in pairs]


def decide(batch: Claim, recomputed: Sequence[int], law: Rules, seed: bytes) -> Verdict:
    inspection = inspect_claim(batch, law, seed)
    return judge(batch, law, inspection, {index: recomputed[index] for index in inspection.sample})


def count_caught(pool: Pairs, law: Rules, name: str) -> int:
    caught = 0
    for trial in range(TRIALS):
        seed = f"{name}/{law.sample_size}/{trial}"
        batch, recomputed = draw(pool, random.Random(seed), law)
        caught += decide(batch, recomputed, law, seed.encode()).fraud
    return caught


def bound_power(pool: Pairs, law: Rules) -> tuple[float, float]:
    """The chance of conviction lies between that of the stronger test and the sum of both."""
    invalid_ppm, late_ppm = measure_rates(pool, law)
    n, threshold = law.sample_size, law.fraud_threshold_ppb
    by_invalid = compute_chance(n, compute_least_convicting(n, law.mismatch_ppm, threshold), invalid_ppm)
    by_late = compute_chance(n, compute_least_convicting(n, LATE_PPM, threshold), late_ppm)
    return max(by_invalid, by_late), min(1.0, by_invalid + by_late)


def assert_as_computed(caught: int, least: float, most: float) -> None:
    """Neither fewer nor more than chance allows, in millionths of probability."""
    fewer = 1 - compute_chance(TRIALS, caught + 1, max(0, int(least * 10**6) - 1))
    more = compute_chance(TRIALS, caught, min(10**6, int(most * 10**6) + 2))
    assert fewer > SURPRISE, f"{caught} of {TRIALS} caught, {least:.3f} expected"
    assert more > SURPRISE, f"{caught} of {TRIALS} caught, {most:.3f} expected"


def invented(model: str, law: Rules) -> Pairs:
    chance, own = random.Random("invented"), distances(model, "own")
    target = law.r_target_micro
    return [(target - 1 - chance.randrange(100_000), again) for again in own]


def copied(model: str, law: Rules) -> Pairs:
    return claim(distances(model, "copied from another participant"), distances(model, "own"), law)


def of_another_model(model: str, law: Rules) -> Pairs:
    return claim(distances("tiny", "another model"), distances("tiny", "own"), law)


def coarser(kind: str) -> Callable[[str, Rules], Pairs]:
    def pool(model: str, law: Rules) -> Pairs:
        return claim(distances(model, f"the same weights as {kind}"), distances(model, "own"), law)

    return pool


def perturbed(percent: int) -> Callable[[str, Rules], Pairs]:
    """By a part of the tolerance, judged on the most different kernels."""

    def pool(model: str, law: Rules) -> Pairs:
        by_micro = law.tolerance_micro * percent // 100
        return perturb(distances(model, "own"), distances(model, "the last two, groups of 2"), by_micro, law)

    return pool


def too_good(model: str, law: Rules) -> Pairs:
    """Honest nonces, said to lie much nearer than they do."""
    own = distances(model, "own")
    return [(claimed - 2 * law.tolerance_micro, again) for claimed, again in claim(own, own, law)]


FRAUDS: dict[str, Callable[[str, Rules], Pairs]] = {
    "invented": invented,
    "copied": copied,
    "another model": of_another_model,
    "Q4_0": coarser("Q4_0"),
    "Q3_K_M": coarser("Q3_K_M"),
    "Q2_K": coarser("Q2_K"),
    "perturbed by half the tolerance": perturbed(50),
    "perturbed by the tolerance": perturbed(100),
    "perturbed by more than the tolerance": perturbed(150),
    "too good": too_good,
}
CERTAIN = {name: 50 for name in FRAUDS if "perturbed" not in name and name != "Q3_K_M"}
"""From this sample size on practically every trial is caught."""


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("way", HONEST)
def test_honest_work_is_never_condemned_however_it_was_computed(model: str, way: str) -> None:
    law = rules(model, 50)
    own, other = distances(model, "own"), distances(model, way)
    assert count_caught(claim(other, own, law), law, f"{way}, judged plainly") == 0
    assert count_caught(claim(own, other, law), law, f"judged with {way}") == 0


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fraud", FRAUDS)
def test_fraud_is_caught_as_often_as_computed(model: str, fraud: str, sample: int) -> None:
    law = rules(model, sample)
    pool = FRAUDS[fraud](model, law)
    assert len(pool) >= 15
    caught = count_caught(pool, law, fraud)
    least, most = bound_power(pool, law)
    assert_as_computed(caught, least, most)
    if sample >= CERTAIN.get(fraud, sample + 1):
        assert caught >= TRIALS * 0.99


@pytest.mark.parametrize("model", MODELS)
def test_claims_shaded_by_the_tolerance_are_caught_by_a_sample_of_two_hundred(model: str) -> None:
    law = rules(model, 200)
    pool = perturbed(100)(model, law)
    caught = sum(
        decide(*draw(pool, random.Random(trial), law), law, bytes([trial])).fraud for trial in range(100)
    )
    assert caught == 100


@pytest.mark.parametrize("model", MODELS)
def test_repeated_and_foreign_nonces_are_caught_whether_sampled_or_not(model: str) -> None:
    law = rules(model, 50)
    pool = claim(distances(model, "own"), distances(model, "own"), law)
    for trial in range(TRIALS):
        chance = random.Random(f"repeated/{trial}")
        batch, recomputed = draw(pool, chance, law)
        nonces, dist = list(batch.nonces), list(batch.dist_micro)
        for place in chance.sample(range(len(nonces) // 2), 5):
            if trial % 2:
                nonces[place] += 1
            else:
                nonces[place], dist[place] = nonces[-1 - place], dist[-1 - place]
                recomputed[place] = recomputed[-1 - place]
        assert decide(Claim(nonces, dist, SHARE), recomputed, law, b"seed").fraud
