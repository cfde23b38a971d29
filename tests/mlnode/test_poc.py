"""Proof of compute, the exact part: nonces, shares, distances, samples and the verdict."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlnode.poc import (
    DIMS,
    DISTANCE_MICRO_MAX,
    NONCE_MAX,
    TOKENS_PER_NONCE,
    Claim,
    Partition,
    Reason,
    Rules,
    Stage,
    Verdict,
    compute_binomial_tail,
    compute_distance_micro,
    compute_nonce_tokens,
    compute_sign_bits,
    inspect_claim,
    judge,
    sample_indices,
)

STAGE = Stage(b"\x01" * 32, b"\x02" * 33)
RULES = Rules(
    r_target_micro=1_270_000,
    tolerance_micro=50_000,
    mismatch_ppm=500,
    fraud_threshold_ppb=100,
    sample_size=200,
)


def verdict(claim: Claim, recomputed: dict[int, int] | None = None, rules: Rules = RULES) -> Verdict:
    inspection = inspect_claim(claim, rules, b"seed")
    honest = {index: claim.dist_micro[index] for index in inspection.sample}
    return judge(claim, rules, inspection, {**honest, **(recomputed or {})})


class TestNonces:
    """A nonce names a token sequence that depends on block, participant and nonce."""

    @given(st.integers(0, NONCE_MAX), st.integers(1, 300_000))
    def test_tokens_are_in_the_vocabulary(self, nonce: int, n_vocab: int) -> None:
        tokens = compute_nonce_tokens(STAGE, nonce, n_vocab)
        assert len(tokens) == TOKENS_PER_NONCE
        assert all(0 <= token < n_vocab for token in tokens)

    def test_block_key_and_nonce_all_change_the_tokens(self) -> None:
        stages = [STAGE, Stage(b"\x03" * 32, b"\x02" * 33), Stage(b"\x01" * 32, b"\x04" * 33)]
        tokens = {compute_nonce_tokens(stage, nonce, 32_000) for stage in stages for nonce in (0, 1, 2**32)}
        assert len(tokens) == 9

    def test_bytes_cannot_be_moved_between_block_and_key(self) -> None:
        assert compute_nonce_tokens(Stage(b"ab", b"c"), 0, 32_000) != compute_nonce_tokens(
            Stage(b"a", b"bc"), 0, 32_000
        )

    def test_signs_depend_on_the_stage_and_are_balanced(self) -> None:
        bits = compute_sign_bits(STAGE, 640)
        assert len(bits) == (DIMS * 640 + DIMS) // 8
        ones = sum(byte.bit_count() for byte in bits)
        assert abs(ones / (8 * len(bits)) - 0.5) < 0.02
        assert bits != compute_sign_bits(Stage(b"\x01" * 32, b"\x05" * 33), 640)


class TestPartition:
    """The nonces of a participant's nodes are disjoint and leave none out."""

    @given(st.integers(1, 20), st.integers(0, 10**6))
    def test_every_nonce_belongs_to_exactly_one_node(self, count: int, nonce: int) -> None:
        assert sum(Partition(rank, count).holds(nonce) for rank in range(count)) == 1

    @given(st.integers(1, 20), st.data(), st.integers(0, 10**6))
    def test_the_first_nonce_is_the_lowest_of_the_share(
        self, count: int, data: st.DataObject, start: int
    ) -> None:
        share = Partition(data.draw(st.integers(0, count - 1)), count)
        first = share.first_from(start)
        assert share.holds(first)
        assert start <= first < start + count

    @given(st.integers(1, 12), st.integers(0, 10**6), st.lists(st.integers(0, 40), max_size=40))
    def test_nodes_that_stop_and_go_on_at_any_time_leave_no_gap_and_share_nothing(
        self, count: int, start: int, turns: list[int]
    ) -> None:
        """Each tries some nonces in each turn and continues from the `next_nonce` that it told last."""
        resume, tried = [start] * count, list[int]()
        for turn, length in enumerate(turns):
            share = Partition(turn % count, count)
            first = share.first_from(resume[share.rank])
            tried += range(first, first + length * count, count)
            resume[share.rank] = first + length * count
        assert len(tried) == len(set(tried))
        below = min(
            share.first_from(resume[share.rank]) for share in (Partition(r, count) for r in range(count))
        )
        assert set(range(start, below)) <= set(tried)


class TestDistance:
    """The distance of two unit vectors, in millionths, from exact products."""

    @given(st.lists(st.integers(-(2**25), 2**25), min_size=DIMS, max_size=DIMS))
    def test_it_is_the_euclidean_distance(self, vector: list[int]) -> None:
        dot, norm2 = sum(vector), sum(x * x for x in vector)
        cosine = dot / math.sqrt(norm2 * DIMS) if norm2 else 0.0
        assert compute_distance_micro(dot, norm2) == pytest.approx(
            1e6 * math.sqrt(max(0, 2 - 2 * cosine)), abs=2
        )

    def test_its_ends_are_zero_and_the_diameter(self) -> None:
        assert compute_distance_micro(DIMS, DIMS) == 0
        assert compute_distance_micro(-DIMS, DIMS) == DISTANCE_MICRO_MAX
        assert compute_distance_micro(0, 0) == 1_414_213


class TestSample:
    """Drawn by a seed that the claimant could not know."""

    @given(st.integers(0, 500), st.integers(0, 300), st.binary(max_size=8))
    def test_it_has_the_asked_size_without_repetition(self, n: int, size: int, seed: bytes) -> None:
        drawn = sample_indices(n, size, seed)
        assert len(drawn) == len(set(drawn)) == min(n, size)
        assert list(drawn) == sorted(drawn)
        assert all(0 <= index < n for index in drawn)

    def test_every_index_is_drawn_about_equally_often(self) -> None:
        counts = [0] * 20
        for seed in range(2000):
            for index in sample_indices(20, 5, seed.to_bytes(4, "big")):
                counts[index] += 1
        assert all(400 < count < 600 for count in counts)


class TestBinomial:
    """The one-sided exact binomial test."""

    @pytest.mark.parametrize(
        ("n", "k", "probability"),
        [
            (200, 4, 3.738e-06),
            (200, 5, 7.306e-08),
            (100, 4, 2.358e-07),
            (100, 5, 2.261e-09),
            (10, 2, 1.122e-05),
            (2, 2, 2.5e-07),
        ],
    )
    def test_known_values(self, n: int, k: int, probability: float) -> None:
        tail, whole = compute_binomial_tail(n, k, 500)
        assert tail / whole == pytest.approx(probability, rel=1e-3)

    @given(st.integers(0, 30), st.integers(0, 32), st.integers(0, 10**6))
    def test_it_is_the_sum_of_the_upper_terms(self, n: int, k: int, p_ppm: int) -> None:
        p = Fraction(p_ppm, 10**6)
        upper = sum((math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)), Fraction(0))
        tail, whole = compute_binomial_tail(n, k, p_ppm)
        assert Fraction(tail, whole) == upper

    @pytest.mark.parametrize(("n", "least"), [(50, 4), (200, 5), (500, 7), (1000, 8), (2000, 11), (5000, 15)])
    def test_the_fewest_invalid_nonces_that_convict(self, n: int, least: int) -> None:
        def is_fraud(k: int) -> bool:
            tail, whole = compute_binomial_tail(n, k, 500)
            return tail * 10**9 < 100 * whole

        assert is_fraud(least)
        assert not is_fraud(least - 1)


class TestVerdict:
    """A batch is judged whatever it holds; nothing in it raises."""

    def honest(self, n: int) -> Claim:
        return Claim(tuple(range(n)), tuple(1_000_000 + i for i in range(n)))

    def test_an_honest_batch_is_no_fraud(self) -> None:
        assert verdict(self.honest(300)) == Verdict(200, 0, 0, False, 10**9, Reason.OK)

    def test_an_empty_batch_is_no_fraud(self) -> None:
        assert verdict(Claim((), ())) == Verdict(0, 0, 0, False, 10**9, Reason.EMPTY)

    def test_a_difference_up_to_the_tolerance_is_accepted(self) -> None:
        claim = self.honest(10)
        moved = {index: claim.dist_micro[index] + RULES.tolerance_micro for index in range(10)}
        assert verdict(claim, moved).n_invalid == 0
        moved = {index: distance + 1 for index, distance in moved.items()}
        assert verdict(claim, moved).n_invalid == 10

    def test_a_recomputed_distance_beyond_target_and_tolerance_is_invalid(self) -> None:
        rules = Rules(1_270_000, 500_000, 500, 100, 200)
        claim = Claim((1,), (1_269_999,))
        assert verdict(claim, {0: 1_769_999}, rules).n_invalid == 0
        assert verdict(claim, {0: 1_770_001}, rules).n_invalid == 1

    def test_four_bad_of_two_hundred_may_be_honest_five_are_fraud(self) -> None:
        claim = self.honest(200)
        assert not verdict(claim, dict.fromkeys(range(4), 1_900_000)).fraud
        assert verdict(claim, dict.fromkeys(range(5), 1_900_000)).fraud

    def test_lists_of_different_lengths_are_invalid_throughout(self) -> None:
        result = verdict(Claim(tuple(range(10)), (1,) * 9))
        assert (result.n_checked, result.n_invalid, result.fraud) == (10, 10, True)
        assert result.reason is Reason.LENGTH_MISMATCH

    def test_a_repeated_nonce_counts_as_invalid_each_time_after_the_first(self) -> None:
        result = verdict(Claim((7,) * 10, (1_000_000,) * 10))
        assert (result.n_checked, result.n_invalid, result.fraud) == (10, 9, True)
        assert result.reason is Reason.REPEATED_NONCE

    def test_repetitions_count_though_the_sample_missed_them(self) -> None:
        claim = Claim((*range(2000), *range(40)), (1_000_000,) * 2040)
        result = verdict(claim)
        assert (result.n_checked, result.n_invalid, result.fraud) == (240, 40, True)

    @pytest.mark.parametrize("distance", [-1, 1_270_000, 2_000_001, 10**18, -(10**18)])
    def test_a_distance_that_cannot_count_is_invalid(self, distance: int) -> None:
        result = verdict(Claim((1, 2), (1_000_000, distance)))
        assert (result.n_invalid, result.reason) == (1, Reason.OUT_OF_RANGE)

    @pytest.mark.parametrize("nonce", [-1, NONCE_MAX + 1])
    def test_a_nonce_out_of_range_is_invalid(self, nonce: int) -> None:
        assert verdict(Claim((nonce,), (1_000_000,))).reason is Reason.OUT_OF_RANGE

    def test_a_nonce_of_another_share_is_invalid(self) -> None:
        result = verdict(Claim((0, 3, 4), (1_000_000,) * 3, Partition(0, 3)))
        assert (result.n_invalid, result.reason) == (1, Reason.FOREIGN_NONCE)

    @given(
        st.lists(st.integers(-(2**70), 2**70), max_size=12),
        st.lists(st.integers(-(2**70), 2**70), max_size=12),
        st.binary(max_size=4),
    )
    def test_any_batch_gets_a_verdict(self, nonces: list[int], distances: list[int], seed: bytes) -> None:
        claim = Claim(nonces, distances)
        inspection = inspect_claim(claim, RULES, seed)
        result = judge(claim, RULES, inspection, dict.fromkeys(inspection.sample, 0))
        assert 0 <= result.n_invalid <= result.n_checked <= max(len(nonces), len(distances))
