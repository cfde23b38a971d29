"""PoC orders under way in a worker: one mining run at most, validations in order of arrival.

`run_once` does one decode and returns, so that requests and new orders never wait longer than that. The
model's profile is computed the same way, before the first of them, and what is computed of it stays.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from mlnode.io.callbacks import MINING, AbortFlag
from mlnode.io.frames import Done, Frame, PocBatch, PocFailed, PocStart, PocStarted, PocValidate, PocValidated
from mlnode.io.model import EngineError
from mlnode.io.poc_engine import Interrupted, PocEngine
from mlnode.mining import compute_report_due_s
from mlnode.poc import (
    NONCE_MAX,
    Claim,
    Inspection,
    Partition,
    Rules,
    Stage,
    Verdict,
    inspect_claim,
    judge,
)


@dataclass(slots=True)
class _Mining:
    order: PocStart
    stage: Stage
    partition: Partition
    next_nonce: int
    ordered_s: float
    began_s: float | None = None
    """None until the profile is at hand."""
    reported_s: float = 0.0
    tried_in_all: int = 0
    tried: int = 0
    elapsed_us: int = 0
    found: list[tuple[int, int]] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Nonces still to try before the run ends by itself."""
        by_limit = self.order.nonces_max - self.tried_in_all if self.order.nonces_max else NONCE_MAX
        by_range = (NONCE_MAX - self.next_nonce) // self.partition.count + 1
        return min(by_limit, by_range)

    def is_due(self, now_s: float) -> bool:
        """The batch is full, or something has waited long enough to be told."""
        assert self.began_s is not None
        waited = now_s >= compute_report_due_s(self.began_s, self.reported_s)
        return self.tried >= self.order.batch_size or (bool(self.found) and waited)


@dataclass(slots=True)
class _Validation:
    order: PocValidate
    stage: Stage
    claim: Claim
    rules: Rules
    inspection: Inspection
    recomputed: dict[int, int] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return len(self.recomputed) == len(self.inspection.sample)


class PocWork:
    """What is to be mined and validated. Belongs to the engine's thread."""

    def __init__(
        self, open_engine: Callable[[], PocEngine], abort: AbortFlag, reply: Callable[[Frame], None]
    ) -> None:
        """`open_engine` makes the PoC engine when it is first needed: its context costs memory."""
        self._open_engine = open_engine
        self._abort = abort
        self._reply = reply
        self._mining: _Mining | None = None
        self._validations: deque[_Validation] = deque()

    @property
    def has_work(self) -> bool:
        return self._mining is not None or bool(self._validations)

    def start(self, order: PocStart) -> None:
        """Begin to mine; a run under way is closed first."""
        self.stop()
        fault = _mining_fault(order)
        if fault is not None:
            self._fail(order.stage_id, -1, "BAD_PARAMETERS", fault)
            return
        partition = Partition(order.node_rank, order.node_count)
        stage = Stage(order.block_hash, order.public_key)
        first = partition.first_from(order.start_nonce)
        self._mining = _Mining(order, stage, partition, first, time.monotonic())

    def stop(self) -> None:
        """Close the mining run, if any, with a final batch."""
        self._abort.forget(MINING)
        if self._mining is not None:
            self._report(self._mining, final=True)
            self._mining = None

    def validate(self, order: PocValidate) -> None:
        """Take a batch to judge. What its form alone decides is decided here."""
        fault = _rules_fault(order)
        if fault is not None:
            self._fail(-1, order.validation_id, "BAD_PARAMETERS", fault)
            return
        rules = Rules(
            r_target_micro=order.r_target_micro,
            tolerance_micro=order.tolerance_micro,
            mismatch_ppm=order.mismatch_ppm,
            fraud_threshold_ppb=order.fraud_threshold_ppb,
            sample_size=order.sample_size,
        )
        partition = Partition(order.node_rank, order.node_count) if order.node_count else None
        claim = Claim(order.nonces, order.dist_micro, partition)
        inspection = inspect_claim(claim, rules, order.sample_seed)
        stage = Stage(order.block_hash, order.public_key)
        self._validations.append(_Validation(order, stage, claim, rules, inspection))
        self._send_verdicts()

    def cancel(self, validation_id: int) -> None:
        """Nobody wants this verdict any more; it is answered by `Done`. Unknown ones are ignored."""
        self._abort.forget(validation_id)
        for work in [w for w in self._validations if w.order.validation_id == validation_id]:
            self._validations.remove(work)
            self._reply(_cancelled(validation_id))

    def run_once(self) -> None:
        """One decode: towards the profile, of the oldest validations, or else of the mining run."""
        try:
            if self._open_engine().prepare_once(self._numbers()):
                self._compute_once()
        except Interrupted:
            return
        except EngineError as error:
            self._fail_all(error.text)

    def _compute_once(self) -> None:
        mining = self._mining
        if mining is not None and mining.began_s is None:
            self._begin(mining)
        if self._validations:
            self._validate_once()
        elif mining is not None:
            self._mine_once(mining)

    def _numbers(self) -> frozenset[int]:
        """Under which all present work can be cancelled."""
        mining = (MINING,) if self._mining is not None else ()
        return frozenset((*mining, *(work.order.validation_id for work in self._validations)))

    def _fail_all(self, text: str) -> None:
        """The engine cannot do it; what was found before is told first."""
        if self._mining is not None:
            if self._mining.found:
                self._report(self._mining, final=False)
            self._fail(self._mining.order.stage_id, -1, "ENGINE", text)
            self._mining = None
        while self._validations:
            self._fail(-1, self._validations.popleft().order.validation_id, "ENGINE", text)

    # --- mining -----------------------------------------------------------------------------------------

    def _begin(self, mining: _Mining) -> None:
        mining.began_s = mining.reported_s = time.monotonic()
        digest = self._open_engine().profile(MINING).digest
        profile_ms = round((mining.began_s - mining.ordered_s) * 1000)
        self._reply(PocStarted(stage_id=mining.order.stage_id, profile_digest=digest, profile_ms=profile_ms))

    def _mine_once(self, mining: _Mining) -> None:
        engine, step = self._open_engine(), mining.partition.count
        count = min(engine.width, mining.left)
        nonces = [mining.next_nonce + i * step for i in range(count)]
        started = time.monotonic()
        distances = engine.compute_mixed([(mining.stage, nonce) for nonce in nonces], frozenset((MINING,)))
        mining.elapsed_us += round((time.monotonic() - started) * 1_000_000)
        target = mining.order.r_target_micro
        mining.found += [pair for pair in zip(nonces, distances, strict=True) if pair[1] < target]
        mining.tried += count
        mining.tried_in_all += count
        mining.next_nonce += count * step
        if mining.left <= 0:
            self.stop()
        elif mining.is_due(time.monotonic()):
            self._report(mining, final=False)

    def _report(self, mining: _Mining, *, final: bool) -> None:
        self._reply(
            PocBatch(
                stage_id=mining.order.stage_id,
                nonces=[nonce for nonce, _ in mining.found],
                dist_micro=[distance for _, distance in mining.found],
                tried=mining.tried,
                next_nonce=min(mining.next_nonce, NONCE_MAX),
                elapsed_us=mining.elapsed_us,
                final=final,
            )
        )
        mining.found = []
        mining.tried = mining.elapsed_us = 0
        mining.reported_s = time.monotonic()

    # --- validating -------------------------------------------------------------------------------------

    def _validate_once(self) -> None:
        """A decode full of nonces, of several validations where one does not fill it."""
        engine = self._open_engine()
        todo = list(islice(self._iterate_todo(), engine.width))
        pairs = [(work.stage, work.claim.nonces[index]) for work, index in todo]
        numbers = frozenset(work.order.validation_id for work, _ in todo)
        for (work, index), distance in zip(todo, engine.compute_mixed(pairs, numbers), strict=True):
            work.recomputed[index] = distance
        self._send_verdicts()

    def _iterate_todo(self) -> Iterator[tuple[_Validation, int]]:
        """What is to be recomputed, oldest validation first."""
        for work in self._validations:
            yield from ((work, index) for index in work.inspection.sample[len(work.recomputed) :])

    def _send_verdicts(self) -> None:
        for work in [work for work in self._validations if work.is_done]:
            self._validations.remove(work)
            self._send_verdict(work, judge(work.claim, work.rules, work.inspection, work.recomputed))

    def _send_verdict(self, work: _Validation, verdict: Verdict) -> None:
        self._reply(
            PocValidated(
                validation_id=work.order.validation_id,
                n_checked=verdict.n_checked,
                n_invalid=verdict.n_invalid,
                fraud=verdict.fraud,
                probability_honest_ppb=verdict.probability_honest_ppb,
                reason=verdict.reason.value,
                nonces=[work.claim.nonces[index] for index in work.inspection.sample],
                dist_micro=[work.recomputed[index] for index in work.inspection.sample],
            )
        )

    def _fail(self, stage_id: int, validation_id: int, code: str, text: str) -> None:
        self._reply(PocFailed(stage_id=stage_id, validation_id=validation_id, code=code, text=text))


def _cancelled(validation_id: int) -> Done:
    return Done(
        request_id=validation_id,
        finish_reason="cancelled",
        n_prompt=0,
        n_completion=0,
        queue_us=0,
        prefill_us=0,
        decode_us=0,
    )


def _mining_fault(order: PocStart) -> str | None:
    if not 0 <= order.node_rank < order.node_count:
        return "node_rank must be at least 0 and below node_count"
    if order.batch_size < 1 or order.nonces_max < 0:
        return "batch_size must be positive and nonces_max not negative"
    if not 0 <= order.start_nonce <= NONCE_MAX - order.node_count:
        return "start_nonce is out of range"
    return _seed_fault(order.block_hash, order.public_key)


def _rules_fault(order: PocValidate) -> str | None:
    if order.node_count and not 0 <= order.node_rank < order.node_count:
        return "node_rank must be at least 0 and below node_count"
    if min(order.r_target_micro, order.tolerance_micro, order.sample_size, order.fraud_threshold_ppb) < 0:
        return "r_target_micro, tolerance_micro, sample_size and fraud_threshold_ppb must not be negative"
    if not 0 <= order.mismatch_ppm <= 1_000_000:
        return "mismatch_ppm must be between 0 and 1,000,000"
    return _seed_fault(order.block_hash, order.public_key)


def _seed_fault(block_hash: bytes, public_key: bytes) -> str | None:
    if not 0 < len(block_hash) <= 64 or not 0 < len(public_key) <= 128:
        return "block_hash must have 1 to 64 bytes and public_key 1 to 128"
    return None
