"""What measured distances say about the parameters of proof of compute, and what those then catch.

A report for people: it rounds. No verdict comes from here; those are drawn by `poc.py` in whole numbers.
Distances are in millionths, as everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, fmean, pstdev

from mlnode.poc import Rules, compute_binomial_tail, is_invalid, is_late

QUANTILES_PPM = (1_000, 10_000, 50_000, 100_000, 500_000, 900_000, 990_000)
"""Which quantiles of the distances are told."""

SAMPLE_SIZES = (5, 10, 20, 50, 100, 200)
"""Numbers of recomputed nonces for which the chance of conviction is told."""

CONFIDENCE = 0.95
DEVIATIONS = 5
"""The tolerance is this many times the root mean square of the largest honest difference."""
MARGIN = 1.25
"""And this much above the largest difference that was seen."""
STEP_MICRO = 10_000
"""Parameters are proposed in whole multiples of this."""
MISMATCH_PPM_MIN = 500

_PPM = 10**6


@dataclass(frozen=True, slots=True)
class Spread:
    """How the distances of one model lie."""

    nonces: int
    mean_micro: int
    deviation_micro: int
    quantiles_micro: Mapping[int, int]
    """By part, in millionths, of the nonces that lie below."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The same nonces computed in two ways."""

    name: str
    nonces: int
    mean_micro: int
    """Of the absolute differences."""
    rms_micro: int
    largest_micro: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Parameters, and what they do to honest work."""

    r_target_micro: int
    share_ppm: int
    """Part of the measured nonces that counts below this target."""
    tolerance_micro: int
    mismatch_ppm: int
    exceeded: int
    """Honest comparisons beyond the tolerance, of `compared`."""
    compared: int
    exceeded_ppm_max: int
    """No larger than this is the true rate, with 95 % confidence."""
    late_ppm: int
    """Largest part of honest nonces that other kernels see beyond the target."""
    condemned: float
    """Chance that an honest participant's sample is called a fraud, were every nonce invalid with the
    probability `mismatch_ppm`."""
    condemned_max: float
    """The same with the largest rate that the measurement leaves possible."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One kind of fraud, and the chance that a sample of so many nonces convicts it."""

    name: str
    invalid_ppm: int
    """Part of its nonces that is invalid."""
    late_ppm: int
    """Part of its nonces whose recomputed distance does not count."""
    convicted: Mapping[int, float]


def describe(distances: Sequence[int]) -> Spread:
    """Mean, deviation and quantiles."""
    ordered = sorted(distances)
    places = {ppm: min(len(ordered) - 1, len(ordered) * ppm // _PPM) for ppm in QUANTILES_PPM}
    return Spread(
        len(ordered),
        round(fmean(ordered)),
        round(pstdev(ordered)),
        {ppm: ordered[place] for ppm, place in places.items()},
    )


def propose_target(distances: Sequence[int], share: float) -> int:
    """The distance below which `share` of the nonces lie. From a normal distribution of the cosines, which is
    steadier than a quantile of few nonces; rounded to a whole step."""
    cosines = [1 - (distance / _PPM) ** 2 / 2 for distance in distances]
    least = fmean(cosines) + NormalDist().inv_cdf(1 - share) * pstdev(cosines)
    return round(sqrt(max(0.0, 2 - 2 * least)) * _PPM / STEP_MICRO) * STEP_MICRO


def compare(name: str, own: Sequence[int], other: Sequence[int]) -> Difference:
    """Differences of distances, nonce by nonce."""
    steps = [abs(a - b) for a, b in zip(own, other, strict=True)]
    rms = sqrt(fmean(step * step for step in steps))
    return Difference(name, len(steps), round(fmean(steps)), round(rms), max(steps))


def propose_tolerance(differences: Sequence[Difference]) -> int:
    """Enough for every honest difference seen and for rarer ones, in whole steps rounded up."""
    wide = max(DEVIATIONS * item.rms_micro for item in differences)
    seen = max(MARGIN * item.largest_micro for item in differences)
    return max(1, ceil(max(wide, seen) / STEP_MICRO)) * STEP_MICRO


def propose(
    own: Sequence[int],
    others: Mapping[str, Sequence[int]],
    share: float,
    threshold_ppb: int,
    sample_size: int,
) -> Proposal:
    """Parameters from the distances of one model, computed plainly and on other kernels."""
    r_target = propose_target(own, share)
    tolerance = propose_tolerance([compare(name, own, other) for name, other in others.items()])
    pairs = [pair for other in others.values() for pair in zip(own, other, strict=True)]
    exceeded = sum(abs(a - b) > tolerance for a, b in pairs)
    mismatch_ppm = max(MISMATCH_PPM_MIN, -(-2 * exceeded * _PPM // len(pairs)))
    rules = Rules(r_target, tolerance, mismatch_ppm, threshold_ppb, sample_size)
    least = compute_least_convicting(sample_size, mismatch_ppm, threshold_ppb)
    bound_ppm = compute_rate_bound_ppm(len(pairs), exceeded)
    return Proposal(
        r_target_micro=r_target,
        share_ppm=sum(distance < r_target for distance in own) * _PPM // len(own),
        tolerance_micro=tolerance,
        mismatch_ppm=mismatch_ppm,
        exceeded=exceeded,
        compared=len(pairs),
        exceeded_ppm_max=bound_ppm,
        late_ppm=max(measure_rates(claim(own, other, rules), rules)[1] for other in others.values()),
        condemned=compute_chance(sample_size, least, mismatch_ppm),
        condemned_max=compute_chance(sample_size, least, bound_ppm),
    )


def claim(claimed: Sequence[int], recomputed: Sequence[int], rules: Rules) -> list[tuple[int, int]]:
    """The pairs of those nonces that count as claimed."""
    pairs = zip(claimed, recomputed, strict=True)
    return [pair for pair in pairs if 0 <= pair[0] < rules.r_target_micro]


def perturb(own: Sequence[int], other: Sequence[int], by_micro: int, rules: Rules) -> list[tuple[int, int]]:
    """Claims of somebody who computes honestly and then says less of every nonce that counts only so."""
    target = rules.r_target_micro
    pairs = zip(own, other, strict=True)
    return [(a if a < target else a - by_micro, b) for a, b in pairs if a < target + by_micro]


def measure_rates(pairs: Sequence[tuple[int, int]], rules: Rules) -> tuple[int, int]:
    """Which parts of (claimed, recomputed) are invalid and late, in millionths; 0 of none."""
    invalid = sum(is_invalid(claimed, recomputed, rules) for claimed, recomputed in pairs)
    late = sum(is_late(recomputed, rules) for _, recomputed in pairs)
    return invalid * _PPM // max(1, len(pairs)), late * _PPM // max(1, len(pairs))


def detect(name: str, pairs: Sequence[tuple[int, int]], rules: Rules, late_ppm: int) -> Detection:
    """The chance of conviction for each size of the sample, by the stronger of the two tests."""
    invalid_ppm, seen_late_ppm = measure_rates(pairs, rules)
    tests = ((rules.mismatch_ppm, invalid_ppm), (late_ppm, seen_late_ppm))
    threshold = rules.fraud_threshold_ppb
    convicted = {
        n: max(
            compute_chance(n, compute_least_convicting(n, honest_ppm, threshold), seen_ppm)
            for honest_ppm, seen_ppm in tests
        )
        for n in SAMPLE_SIZES
    }
    return Detection(name, invalid_ppm, seen_late_ppm, convicted)


def compute_least_convicting(n: int, rate_ppm: int, threshold_ppb: int) -> int:
    """The fewest of n that honest work shows with a probability below the threshold; n + 1 when no number
    does."""
    low, high = 0, n + 1
    while low < high:
        middle = (low + high) // 2
        tail, whole = compute_binomial_tail(n, middle, rate_ppm)
        if tail * 10**9 < threshold_ppb * whole:
            high = middle
        else:
            low = middle + 1
    return low


def compute_chance(n: int, k: int, p_ppm: int) -> float:
    """P(X >= k) for X ~ Binomial(n, p)."""
    tail, whole = compute_binomial_tail(n, k, p_ppm)
    return tail / whole


def compute_rate_bound_ppm(n: int, k: int) -> int:
    """The rate, in millionths, that is exceeded with 5 % probability at most when k of n were seen: the exact
    (Clopper-Pearson) upper bound, rounded up."""
    low, high = k * _PPM // n, _PPM
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - compute_chance(n, k + 1, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high
