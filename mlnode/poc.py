"""Proof of compute: what a nonce is, how far it lies from the target, and when a batch is a fraud.

A nonce names a short sequence of tokens that nobody can know before the block and nobody can use for another
participant. A node runs its loaded model over the sequence; the hidden state at the end, standardised and
projected to a few dimensions, is a point on a sphere whose distance to a seeded target counts the work: one
nonce in twenty or so lies near enough. Whoever doubts a batch computes a sample again.

This file is given integers and returns integers; the model's arithmetic is in `io/poc_engine.py`. All chance
comes from SHA-2 and SHA-3 over public data. Distances are in millionths of the sphere's radius, 0 to
2,000,000.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256, shake_256
from math import isqrt

TOKENS_PER_NONCE = 16
"""Length of a nonce's token sequence: enough for attention to matter, short enough for many a second."""

SEQUENCES = 8
"""Sequences in every decode."""

CELLS_PER_SEQUENCE = 256
"""The smallest that llama.cpp makes. Each sequence has cells of its own: in shared cells the attention of a
quantised model rounds differently from place to place, and distances move by up to 0.025."""

DIMS = 64
"""Dimensions of the projection. Distances of random points then lie near √2 with a deviation of 0.088."""

NONCE_MAX = 2**63 - 1
"""Largest nonce: the wire carries signed 64-bit integers."""

DISTANCE_MICRO_MAX = 2_000_000
"""The sphere's diameter."""

PROJECTIONS_MAX = 8
"""Stages of which the signs are kept: validations come in any order."""

PROFILE_NONCES = 96
"""Nonces over which a model's profile (mean and deviation of each dimension) is taken."""

LATE_PPM = 200_000
"""Part of honest nonces, in millionths, that other hardware sees beyond the target, with room: 14 % were
measured on the most different kernels. Most nonces that count lie near the target."""

_TOKENS = b"meshkeeper/poc/1/tokens"
_SIGNS = b"meshkeeper/poc/1/signs"
_SAMPLE = b"meshkeeper/poc/1/sample"
_PROFILE = b"meshkeeper/poc/1/calibration"
_PPM = 10**6
_PPB = 10**9


class Reason(Enum):
    """The first ground on which a batch has invalid nonces."""

    OK = "OK"
    EMPTY = "EMPTY"
    LENGTH_MISMATCH = "LENGTH_MISMATCH"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    REPEATED_NONCE = "REPEATED_NONCE"
    FOREIGN_NONCE = "FOREIGN_NONCE"
    DISTANCE = "DISTANCE"
    LATE = "LATE"


@dataclass(frozen=True, slots=True)
class Stage:
    """What seeds the arithmetic of one participant in one PoC stage."""

    block_hash: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Partition:
    """A node's share of the nonces: those that leave `rank` when divided by `count`."""

    rank: int
    count: int

    def holds(self, nonce: int) -> bool:
        return nonce % self.count == self.rank

    def first_from(self, start: int) -> int:
        """The lowest nonce of this share that is not below `start`."""
        return start + (self.rank - start) % self.count


@dataclass(frozen=True, slots=True)
class Rules:
    """The chain's parameters for judging a batch."""

    r_target_micro: int
    """A nonce counts when its distance is below this."""
    tolerance_micro: int
    """Largest difference between a claimed and a recomputed distance that hardware may cause."""
    mismatch_ppm: int
    """Probability, in millionths, that an honest nonce is judged invalid all the same."""
    fraud_threshold_ppb: int
    """Fraud when honest work would look this bad with a smaller probability, in billionths."""
    sample_size: int
    """Nonces to recompute at most; 0 means all."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch as somebody submitted it. Nothing about it is trusted, not even the lengths."""

    nonces: Sequence[int]
    dist_micro: Sequence[int]
    partition: Partition | None = None
    """The share the nonces must come from; None: not checked."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a batch's form says before anything is computed."""

    sample: tuple[int, ...]
    """Indices into the batch to recompute, in ascending order."""
    n_malformed: int
    """Entries that no honest node sends; all of them count as invalid, sampled or not."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on a batch."""

    n_checked: int
    n_invalid: int
    n_late: int
    """Recomputed nonces that do not count."""
    fraud: bool
    probability_honest_ppb: int
    """Of seeing so many invalid, or so many late ones, from honest work: the lesser of the two, billionths,
    rounded down."""
    reason: Reason


def compute_nonce_tokens(stage: Stage, nonce: int, n_vocab: int) -> tuple[int, ...]:
    """The nonce's token ids: successive big-endian 32-bit words of SHA-256 over domain, block hash, public
    key (each after its length), nonce and counter, modulo the vocabulary size."""
    head = _TOKENS + _framed(stage.block_hash) + _framed(stage.public_key) + nonce.to_bytes(8, "big")
    stream = b"".join(sha256(head + counter.to_bytes(4, "big")).digest() for counter in range(2))
    words = (stream[i : i + 4] for i in range(0, 4 * TOKENS_PER_NONCE, 4))
    return tuple(int.from_bytes(word, "big") % n_vocab for word in words)


def compute_sign_bits(stage: Stage, n_embd: int) -> bytes:
    """Random bits, `DIMS` rows of `n_embd` for the projection's signs and one row of `DIMS` for the
    target's, as one string, most significant bit first; 1 means plus. From SHAKE-256."""
    seed = _SIGNS + _framed(stage.block_hash) + _framed(stage.public_key)
    return shake_256(seed).digest((DIMS * n_embd + DIMS + 7) // 8)


def compute_profile_stage(file_digest: bytes) -> Stage:
    """The stage whose first nonces make a model's profile: it depends on nothing but the model file."""
    return Stage(sha256(_PROFILE + file_digest).digest(), b"")


def compute_distance_micro(dot: int, norm2: int) -> int:
    """Distance between the unit vector of v and that of a vector t of signs, in millionths, rounded down.

    `dot` is v·t and `norm2` is v·v, exact. A v of zeros has no direction and counts as orthogonal."""
    cos_2_40 = (dot << 60) // isqrt((norm2 * DIMS) << 40) if norm2 else 0
    square_2_40 = max(0, 2 * ((1 << 40) - cos_2_40))
    return min(DISTANCE_MICRO_MAX, isqrt(square_2_40 * _PPM * _PPM >> 40))


def inspect_claim(claim: Claim, rules: Rules, seed: bytes) -> Inspection:
    """Separate what no honest node sends from what must be recomputed, and draw the sample by `seed`.

    1. Lists of different lengths: every entry is malformed.
    2. A nonce or distance out of range, a distance that does not count, a nonce of another share, a nonce
       that stood earlier in the batch: that entry is malformed.
    3. Of the rest, `sample_size` are drawn."""
    if len(claim.nonces) != len(claim.dist_micro):
        n_all = max(len(claim.nonces), len(claim.dist_micro))
        return Inspection((), n_all, Reason.LENGTH_MISMATCH)
    if not claim.nonces:
        return Inspection((), 0, Reason.EMPTY)
    grounds = list(_grounds(claim, rules))
    sound = [index for index, ground in enumerate(grounds) if ground is Reason.OK]
    first = next((ground for ground in grounds if ground is not Reason.OK), Reason.OK)
    size = rules.sample_size or len(sound)
    chosen = sample_indices(len(sound), size, seed)
    return Inspection(tuple(sound[i] for i in chosen), len(grounds) - len(sound), first)


def judge(claim: Claim, rules: Rules, inspection: Inspection, recomputed: Mapping[int, int]) -> Verdict:
    """The verdict, given the recomputed distances by index of the batch (one for every sampled index).

    Two tests, each one-sided and exact: too many invalid nonces, or too many late ones. The second one is
    for whoever computes honestly and then says less: a difference within the tolerance makes no nonce
    invalid, but honest work is late only where rounding carries it over the target."""
    sample = [(claim.dist_micro[i], recomputed[i]) for i in inspection.sample]
    wrong = sum(is_invalid(claimed, again, rules) for claimed, again in sample)
    late = sum(is_late(again, rules) for _, again in sample)
    n_checked = len(sample) + inspection.n_malformed
    n_invalid = wrong + inspection.n_malformed
    tail, whole = compute_binomial_tail(n_checked, n_invalid, rules.mismatch_ppm)
    late_tail, late_whole = compute_binomial_tail(len(sample), late, LATE_PPM)
    if late_tail * whole < tail * late_whole:
        tail, whole = late_tail, late_whole
    reason = inspection.reason
    fraud = tail * _PPB < rules.fraud_threshold_ppb * whole
    if reason is Reason.OK and (wrong or fraud):
        reason = Reason.DISTANCE if wrong else Reason.LATE
    return Verdict(n_checked, n_invalid, late, fraud, tail * _PPB // whole, reason)


def is_invalid(claimed: int, recomputed: int, rules: Rules) -> bool:
    """The distances differ by more than the tolerance, or the recomputed one is above the target by more than
    the tolerance."""
    apart = abs(recomputed - claimed) > rules.tolerance_micro
    return apart or recomputed > rules.r_target_micro + rules.tolerance_micro


def is_late(recomputed: int, rules: Rules) -> bool:
    """The recomputed distance does not count."""
    return recomputed >= rules.r_target_micro


def compute_binomial_tail(n: int, k: int, p_ppm: int) -> tuple[int, int]:
    """P(X ≥ k) for X ~ Binomial(n, p) as an exact fraction: numerator and denominator, not reduced.

    The one-sided test of honest work: no rounding anywhere, so that all validators agree."""
    whole = _PPM**n
    q_ppm = _PPM - p_ppm
    low, choose = 0, 1
    for i in range(min(k, n + 1)):
        low += choose * p_ppm**i * q_ppm ** (n - i)
        choose = choose * (n - i) // (i + 1)
    return whole - low, whole


def sample_indices(n: int, size: int, seed: bytes) -> tuple[int, ...]:
    """`size` different indices below `n` (all, when `size` is not smaller), ascending, every subset equally
    likely over random seeds: the first steps of a Fisher-Yates shuffle."""
    if size >= n:
        return tuple(range(n))
    words = _words(_SAMPLE + _framed(seed))
    moved: dict[int, int] = {}
    drawn = []
    for i in range(size):
        j = i + _below(n - i, words)
        drawn.append(moved.get(j, j))
        moved[j] = moved.get(i, i)
    return tuple(sorted(drawn))


def _grounds(claim: Claim, rules: Rules) -> Iterator[Reason]:
    seen: set[int] = set()
    for nonce, distance in zip(claim.nonces, claim.dist_micro, strict=True):
        if not (0 <= nonce <= NONCE_MAX and 0 <= distance < rules.r_target_micro):
            yield Reason.OUT_OF_RANGE
        elif nonce in seen:
            yield Reason.REPEATED_NONCE
        elif claim.partition is not None and not claim.partition.holds(nonce):
            yield Reason.FOREIGN_NONCE
        else:
            yield Reason.OK
        seen.add(nonce)


def _words(seed: bytes) -> Iterator[int]:
    """Endless 64-bit words of SHA-256 over the seed and a counter."""
    counter = 0
    while True:
        digest = sha256(seed + counter.to_bytes(8, "big")).digest()
        yield from (int.from_bytes(digest[i : i + 8], "big") for i in range(0, 32, 8))
        counter += 1


def _below(n: int, words: Iterator[int]) -> int:
    """An unbiased number below `n`: words past the last whole multiple are passed over."""
    limit = 2**64 - 2**64 % n
    return next(word for word in words if word < limit) % n


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part
