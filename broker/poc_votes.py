"""Judging the others: recompute a sample of every participant's nonces and vote once on each participant.

Whatever stands in a batch on chain was claimed by someone else. Claims that are malformed, repeated or
beyond the target count as mismatches when the sample meets them; nothing in them can raise an error here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from broker.facts import ExactDecimal, MinerWork, PocStage
from broker.models import Resolutions, choose_local_model
from broker.poc import NONCE_LIMIT
from broker.poc_verdict import Verdict, compute_verdict

CHUNK_NONCES = 32
MAX_ATTEMPTS = 5
LATE_RATE = ExactDecimal(2, -1)
"""Part of honest nonces that other hardware sees beyond the target, with room: 14 % were measured on the most
different kernels. Most nonces that count lie near the target."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed nonce. `model_id` is what its node was admitted with, "" when it was not admitted."""

    model_id: str
    nonce: int
    dist_micro: int
    is_wellformed: bool


@dataclass(slots=True)
class Job:
    """A chunk of a participant's sample; `node_id` is the node that recomputes it now, "" for nobody."""

    job_id: str
    participant: str
    model_id: str
    nonces: tuple[int, ...]
    dist_micro: tuple[int, ...]
    node_id: str = ""
    tried: set[str] = field(default_factory=set)
    attempts: int = 0


@dataclass(slots=True)
class Ballot:
    """What is known against one participant so far, and whether the vote is settled.

    `sample_size` counts all sampled nonces, recomputed or not; `recomputed_jobs` the chunks that a node has
    recomputed.
    """

    participant: str
    public_key: bytes
    sample_size: int = 0
    recomputed_jobs: int = 0
    open_jobs: set[str] = field(default_factory=set)
    nonces: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    recomputed: list[int] = field(default_factory=list)
    n_invalid: int = 0
    settled: bool = False


@dataclass(slots=True)
class Validation:
    """All ballots of one stage; `ballots` None until the batches have been read."""

    stage: PocStage
    ballots: dict[str, Ballot] | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    voted: set[str] = field(default_factory=set)


def get_vote_key(start_height: int, participant: str) -> str:
    """Key of the transaction that votes on a participant."""
    return f"vote/{start_height}/{participant}"


def collect_claims(stage: PocStage, miner: MinerWork) -> list[Claim]:
    """Every nonce that the miner claims, in order; of a list that is too long the rest has no partner."""
    models = {
        item.node_id: item.model_id for item in stage.admissions if item.participant == miner.participant
    }
    seen: set[int] = set()
    claims: list[Claim] = []
    for batch in miner.batches:
        for index in range(max(len(batch.nonces), len(batch.dist_micro))):
            nonce = batch.nonces[index] if index < len(batch.nonces) else -1
            distance = batch.dist_micro[index] if index < len(batch.dist_micro) else -1
            fits = 0 <= nonce < NONCE_LIMIT and 0 <= distance < stage.params.r_target_micro
            claims.append(Claim(models.get(batch.node_id, ""), nonce, distance, fits and nonce not in seen))
            seen.add(nonce)
    return claims


def draw_sample(claims: list[Claim], size: int, seed: bytes) -> list[Claim]:
    """`size` claims chosen by hash, in their order; all of them when there are no more."""
    if len(claims) <= size:
        return list(claims)
    ranked = sorted(range(len(claims)), key=lambda i: hashlib.sha256(seed + i.to_bytes(8, "big")).digest())
    return [claims[index] for index in sorted(ranked[:size])]


def compute_sample_seed(public_key: bytes, stage: PocStage, participant: str) -> bytes:
    """Differs for every validator, stage and participant, and is the same however often it is computed."""
    text = f"{public_key.hex()}:{stage.block_hash.hex()}:{stage.start_height}:{participant}"
    return hashlib.sha256(text.encode()).digest()


def open_ballots(validation: Validation, miners: Iterable[MinerWork], public_key: bytes) -> None:
    """Draw the samples and cut them into jobs. Participants without any batch need no vote."""
    validation.ballots = {}
    for miner in sorted(miners, key=lambda item: item.participant):
        claims = collect_claims(validation.stage, miner)
        if not claims or miner.participant in validation.voted:
            continue
        seed = compute_sample_seed(public_key, validation.stage, miner.participant)
        sample = draw_sample(claims, max(1, validation.stage.params.validation_sample_size), seed)
        ballot = Ballot(miner.participant, miner.public_key, len(sample))
        validation.ballots[miner.participant] = ballot
        _cut_jobs(validation, ballot, sample)


def _cut_jobs(validation: Validation, ballot: Ballot, sample: list[Claim]) -> None:
    by_model: dict[str, list[Claim]] = {}
    for claim in sample:
        if claim.is_wellformed and claim.model_id:
            by_model.setdefault(claim.model_id, []).append(claim)
        else:
            _count_malformed(ballot, claim)
    for model_id, claims in sorted(by_model.items()):
        for first in range(0, len(claims), CHUNK_NONCES):
            part = claims[first : first + CHUNK_NONCES]
            job_id = f"{validation.stage.start_height}/{ballot.participant}/{model_id}/{first}"
            nonces, dist = tuple(c.nonce for c in part), tuple(c.dist_micro for c in part)
            validation.jobs[job_id] = Job(job_id, ballot.participant, model_id, nonces, dist)
            ballot.open_jobs.add(job_id)


def _count_malformed(ballot: Ballot, claim: Claim) -> None:
    ballot.nonces.append(max(-1, min(claim.nonce, NONCE_LIMIT - 1)))
    ballot.received.append(max(-1, min(claim.dist_micro, NONCE_LIMIT - 1)))
    ballot.recomputed.append(-1)
    ballot.n_invalid += 1


def assign_jobs(
    validation: Validation, validators: Mapping[str, tuple[str, ...]], resolutions: Resolutions
) -> list[tuple[Job, str]]:
    """Give each idle validating node (id -> its files) one job that it can do: the job and the file to use.

    A node that failed a job gets it again only when every other one has failed it too.
    """
    busy = {job.node_id for job in validation.jobs.values() if job.node_id}
    given: list[tuple[Job, str]] = []
    for node_id in sorted(validators.keys() - busy):
        for job in validation.jobs.values():
            file = choose_local_model(job.model_id, validators[node_id], resolutions)
            if not job.node_id and file and (node_id not in job.tried or job.tried >= validators.keys()):
                job.node_id = node_id
                job.tried.add(node_id)
                given.append((job, file))
                break
    return given


def take_result(
    validation: Validation, job_id: str, node_id: str, dist_micro: tuple[int, ...], n_invalid: int
) -> None:
    """Count a recomputed chunk.

    Answers to jobs that nobody waits for are dropped; impossible ones are redone.
    """
    job = validation.jobs.get(job_id)
    if job is None or job.node_id != node_id or validation.ballots is None:
        return
    if len(dist_micro) != len(job.nonces) or not 0 <= n_invalid <= len(job.nonces):
        fail_job(validation, job_id, node_id)
        return
    ballot = validation.ballots[job.participant]
    ballot.nonces.extend(job.nonces)
    ballot.received.extend(job.dist_micro)
    ballot.recomputed.extend(dist_micro)
    ballot.n_invalid += n_invalid
    ballot.recomputed_jobs += 1
    _close_job(validation, job)


def fail_job(validation: Validation, job_id: str, node_id: str) -> None:
    """Hand the job to another node; after five attempts it is left out of the sample."""
    job = validation.jobs.get(job_id)
    if job is None or job.node_id != node_id:
        return
    job.attempts += 1
    job.node_id = ""
    if job.attempts >= MAX_ATTEMPTS:
        _close_job(validation, job)


def fail_jobs_of(validation: Validation, node_id: str) -> None:
    """The node is gone: what it had is free again."""
    for job in [job for job in validation.jobs.values() if job.node_id == node_id]:
        fail_job(validation, job.job_id, node_id)


def _close_job(validation: Validation, job: Job) -> None:
    del validation.jobs[job.job_id]
    if validation.ballots is not None:
        validation.ballots[job.participant].open_jobs.discard(job.job_id)


def judge(stage: PocStage, ballot: Ballot) -> Verdict:
    """The verdict on the whole sample; what nobody could recompute counts for the miner, so that a part of
    the sample convicts only when it would convict the whole.

    Two tests, and the less probable one speaks: too many mismatches, or too many nonces that do not count
    when recomputed. The second one is for whoever computes honestly and then says less: within the tolerance
    that is no mismatch, but honest work misses the target only where rounding carries it over.
    """
    params, size = stage.params, ballot.sample_size
    late = sum(distance >= params.r_target_micro for distance in ballot.recomputed)
    verdicts = (
        compute_verdict(size, ballot.n_invalid, params.mismatch_rate, params.fraud_threshold),
        replace(compute_verdict(size, late, LATE_RATE, params.fraud_threshold), n_invalid=ballot.n_invalid),
    )
    return min(verdicts, key=lambda verdict: (not verdict.fraud_detected, verdict.probability_honest.value))


def may_vote(ballot: Ballot, verdict: Verdict) -> bool:
    """Whether there is anything to say: something was recomputed, or the claims alone convict."""
    return ballot.recomputed_jobs > 0 or verdict.fraud_detected


def find_unjudgeable(
    validation: Validation, files: Iterable[str], resolutions: Resolutions
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Participants that mined with models of which we have no file among `files`: (participant, models)."""
    own = tuple(files)
    missing: dict[str, set[str]] = {}
    for job in validation.jobs.values():
        if not choose_local_model(job.model_id, own, resolutions):
            missing.setdefault(job.participant, set()).add(job.model_id)
    return tuple((participant, tuple(sorted(models))) for participant, models in sorted(missing.items()))
