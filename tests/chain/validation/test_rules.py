"""Sampling, reputation and standing, against slow exact arithmetic."""

from decimal import ROUND_FLOOR, Context, localcontext
from decimal import Decimal as Exact
from fractions import Fraction
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chain.fixed import Decimal
from chain.inference.types import InferenceValidationDetails
from chain.nodes.types import ParticipantStatus
from chain.profiles import DEFAULT
from chain.records import replace
from chain.validation import rules
from chain.validation.status import (
    calculate_status,
    compute_measurements_needed,
    is_outlier,
    is_unlikely_run,
)

PARAMS = DEFAULT.validation
RATES = st.integers(1, 500).map(lambda value: Decimal(value, -3))
COUNTS = st.integers(0, 2000)


def exact(number: Decimal) -> Fraction:
    return Fraction(number.value) * Fraction(10) ** number.exponent


@st.composite
def averages(draw: st.DrawFn) -> rules.ValidationParams:
    least, halfway, most = sorted(draw(st.lists(st.integers(0, 1000), min_size=3, max_size=3)))
    full = draw(st.integers(2, 20_000))
    return replace(
        PARAMS,
        min_validation_average=Decimal(least, -3),
        min_validation_halfway=Decimal(halfway, -3),
        max_validation_average=Decimal(most, -3),
        full_validation_traffic_cutoff=full,
        min_validation_traffic_cutoff=draw(st.integers(0, (full - 1) // 2)),
    )


class TestSampling:
    """A seed draws an inference for a validator by traffic, reputation and weight."""

    @given(averages(), st.integers(0, 30_000))
    def test_the_minimum_average_lies_between_the_bounds_and_falls_with_traffic(
        self, params: rules.ValidationParams, traffic: int
    ) -> None:
        here = rules.compute_minimum_average(traffic, params)
        least, most = exact(params.min_validation_average), exact(params.max_validation_average)
        assert least <= Fraction(here, rules.SCALED) <= most
        assert rules.compute_minimum_average(traffic + 1, params) <= here

    @given(averages(), st.integers(0, 30_000), st.integers(0, 100), st.integers(0, 10**6), st.data())
    def test_the_probability_is_the_exact_one_to_sixteen_digits(
        self,
        params: rules.ValidationParams,
        traffic: int,
        reputation: int,
        executor: int,
        data: st.DataObject,
    ) -> None:
        power, rest = data.draw(st.integers(1, 10**6)), data.draw(st.integers(0, 10**6))
        details = InferenceValidationDetails(
            executor_reputation=reputation,
            traffic_basis=traffic,
            executor_power=executor,
            total_power=executor + power + rest,
        )
        least = Fraction(rules.compute_minimum_average(traffic, params), rules.SCALED)
        target = least + (exact(params.max_validation_average) - least) * (1 - Fraction(reputation, 100))
        expected = min(Fraction(1), target * power / (power + rest))
        found = rules.compute_probability(details, power, params)
        assert abs(Fraction(found, rules.DIGITS) - expected) <= Fraction(1, 2 * rules.DIGITS)
        assert rules.compute_probability(details, power + 1, params) >= found

    @given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=20))
    def test_the_fraction_is_the_digest_over_its_greatest_value(self, seed: int, inference_id: str) -> None:
        number = int.from_bytes(sha256(f"{seed}:{inference_id}".encode()).digest()[:8], "big")
        found = Fraction(rules.compute_fraction(seed, inference_id), rules.DIGITS)
        assert abs(found - Fraction(number, 2**64 - 1)) <= Fraction(1, 2 * rules.DIGITS)
        assert 0 <= found <= 1

    @pytest.mark.parametrize("powers", [(50, 50, 10), (0, 0, 10), (50, 10, 0)])
    def test_nobody_has_to_look_when_nobody_but_the_executor_has_weight(
        self, powers: tuple[int, int, int]
    ) -> None:
        executor, total, own = powers
        details = InferenceValidationDetails(executor_power=executor, total_power=total)
        assert rules.compute_probability(details, own, PARAMS) == 0

    @given(st.integers(0, 2**32))
    def test_the_share_that_a_seed_draws_is_about_the_probability(self, seed: int) -> None:
        params = replace(PARAMS, full_validation_traffic_cutoff=1, min_validation_traffic_cutoff=0)
        params = replace(params, min_validation_average=Decimal(5, -1), min_validation_halfway=Decimal(5, -1))
        details = [
            InferenceValidationDetails(
                inference_id=f"{at}", executor_reputation=100, traffic_basis=1, total_power=10
            )
            for at in range(400)
        ]
        drawn = sum(rules.should_validate(seed, entry, 10, params) for entry in details)
        assert 120 <= drawn <= 280, "200 expected, 10 is one deviation"


class TestReputation:
    """A whole number from 0 to 100."""

    @given(st.lists(st.tuples(COUNTS, COUNTS), max_size=40), st.integers(1, 60), st.integers(0, 1000))
    def test_it_is_bounded_and_never_rises_with_a_miss_nor_falls_with_a_clean_epoch(
        self, records: list[tuple[int, int]], most: int, cutoff: int
    ) -> None:
        params = replace(PARAMS, epochs_to_max=most, miss_percentage_cutoff=Decimal(cutoff, -3))
        found = rules.compute_reputation(records, params)
        assert 0 <= found <= 100
        assert rules.compute_reputation([*records, (1, 0)], params) >= found
        for at, (finished, missed) in enumerate(records[:3]):
            worse = [*records[:at], (finished, missed + 1), *records[at + 1 :]]
            assert rules.compute_reputation(worse, params) <= found

    @given(st.lists(st.tuples(COUNTS, COUNTS), max_size=40), st.integers(1, 60), st.integers(0, 3000))
    def test_it_is_what_decimals_of_sixteen_digits_give(
        self, records: list[tuple[int, int]], most: int, penalty: int
    ) -> None:
        params = replace(PARAMS, epochs_to_max=most, miss_requests_penalty=Decimal(penalty, -3))
        with localcontext(Context(prec=200)):
            digit = Exact(10) ** -16

            def divide(numerator: Exact, denominator: Exact) -> Exact:
                return (numerator / denominator).quantize(digit, rounding="ROUND_HALF_UP")

            step = divide(Exact(1), Exact(most))
            parts = [divide(Exact(missed), Exact(done)) if done else Exact(0) for done, missed in records]
            cost = sum(part * step * Exact(penalty) / 1000 for part in parts if part > Exact("0.01")) * most
            earned = len(records) - cost
            if earned > most:
                expected = 100
            elif earned <= 0:
                expected = 0
            else:
                part = divide(Exact(earned), Exact(most)).quantize(Exact("0.01"), rounding=ROUND_FLOOR)
                expected = int(part * 100)
        assert rules.compute_reputation(records, params) == expected


class TestStanding:
    """INVALID, RAMPING or ACTIVE, without a root and without a float."""

    @given(RATES, COUNTS, COUNTS)
    def test_an_outlier_is_one_whose_z_score_is_above_one(
        self, rate: Decimal, validated: int, invalidated: int
    ) -> None:
        judged = validated + invalidated
        assume(judged > 0)
        with localcontext(Context(prec=80)):
            f = Exact(rate.value).scaleb(rate.exponent)
            score = (Exact(invalidated) / judged - f) / (f * (1 - f) / judged).sqrt()
            assume(abs(score - 1) > Exact("1e-60"))
            assert is_outlier(rate, validated, invalidated) == (score > 1)

    def test_a_z_score_of_exactly_one_is_none(self) -> None:
        half = Decimal(5, -1)
        assert not is_outlier(half, 45, 55)
        assert is_outlier(half, 44, 56)
        assert not is_outlier(half, 0, 0)

    @given(RATES, st.integers(0, 10**9))
    def test_a_run_is_unlikely_below_one_in_a_million(self, rate: Decimal, consecutive: int) -> None:
        shown = exact(rate) ** min(consecutive, 40)
        assert is_unlikely_run(rate, consecutive) == (shown < Fraction(1, 10**6))

    @given(RATES, st.integers(1, 10**6))
    def test_the_measurements_needed_are_the_least_that_suffice(self, rate: Decimal, most: int) -> None:
        with localcontext(Context(prec=80)):
            reach = (3 + Exact(5).sqrt()) / 2
            f = Exact(rate.value).scaleb(rate.exponent)
            needed = compute_measurements_needed(rate, 10**9)
            assert needed * f >= reach > (needed - 1) * f
        assert compute_measurements_needed(rate, most) == min(needed, most)

    @given(RATES, st.integers(0, 30), COUNTS, COUNTS, COUNTS)
    def test_one_more_failure_never_makes_a_standing_better(
        self, rate: Decimal, run: int, finished: int, valid: int, invalid: int
    ) -> None:
        params = replace(PARAMS, false_positive_rate=rate)
        before = calculate_status(params, run, finished, valid, invalid)
        after = calculate_status(params, run + 1, finished, valid, invalid + 1)
        assert before != ParticipantStatus.INVALID or after == ParticipantStatus.INVALID
