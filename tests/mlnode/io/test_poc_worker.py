"""Proof of compute through a worker: mining, stopping, going on, validating, beside requests."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlnode.io.callbacks import AbortFlag
from mlnode.io.frames import (
    Cancel,
    Done,
    PocBatch,
    PocFailed,
    PocStart,
    PocStarted,
    PocStop,
    PocValidate,
    PocValidated,
    Stop,
    Submit,
)
from mlnode.io.model import Model
from mlnode.io.poc_engine import PocEngine
from mlnode.poc import Stage

Start = Callable[..., Awaitable[Any]]
HASH, KEY = b"\x11" * 32, b"\x02" + b"\x22" * 32


def mining(**changes: Any) -> PocStart:
    plain = {
        "stage_id": 40,
        "block_hash": HASH,
        "public_key": KEY,
        "node_rank": 1,
        "node_count": 3,
        "batch_size": 64,
        "r_target_micro": 1_400_000,
        "nonces_max": 200,
    }
    return PocStart(**{**plain, **changes})


def validation(nonces: list[int], distances: list[int], **changes: Any) -> PocValidate:
    plain = {
        "validation_id": 7,
        "block_hash": HASH,
        "public_key": KEY,
        "nonces": nonces,
        "dist_micro": distances,
        "node_rank": 1,
        "node_count": 3,
        "r_target_micro": 1_400_000,
        "tolerance_micro": 60_000,
        "mismatch_ppm": 500,
        "fraud_threshold_ppb": 100,
        "sample_size": 20,
        "sample_seed": b"seed",
    }
    return PocValidate(**{**plain, **changes})


async def mined(client: Any, order: PocStart) -> list[PocBatch]:
    client.worker.send(order)
    await client.wait_for(PocBatch, lambda batch: batch.final and batch.stage_id == order.stage_id)
    return [f for f in client.frames if isinstance(f, PocBatch) and f.stage_id == order.stage_id]


async def test_a_run_reports_batches_and_ends_by_itself(start_worker: Start) -> None:
    client = await start_worker()
    batches = await mined(client, mining())
    assert [batch.tried for batch in batches] == [64, 64, 64, 8]
    assert [batch.final for batch in batches] == [False, False, False, True]
    nonces = [nonce for batch in batches for nonce in batch.nonces]
    assert nonces == sorted(set(nonces)) != []
    assert all(nonce % 3 == 1 and nonce < 600 for nonce in nonces)
    assert batches[-1].next_nonce == 601
    assert all(d < 1_400_000 for batch in batches for d in batch.dist_micro)
    assert len((await client.wait_for(PocStarted)).profile_digest) == 64


async def test_an_interrupted_run_goes_on_where_it_was(start_worker: Start) -> None:
    first, second = await start_worker(), await start_worker()
    whole = await mined(first, mining(nonces_max=120))
    half = await mined(second, mining(nonces_max=40))
    rest = await mined(second, mining(stage_id=41, nonces_max=80, start_nonce=half[-1].next_nonce))

    def pairs(batches: list[PocBatch]) -> list[tuple[int, int]]:
        return [pair for b in batches for pair in zip(b.nonces, b.dist_micro, strict=True)]

    assert pairs(half) + pairs(rest) == pairs(whole)


async def test_stopping_closes_the_run_with_a_final_batch(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(mining(nonces_max=0))
    await client.wait_for(PocBatch)
    client.worker.send(PocStop())
    last = await client.wait_for(PocBatch, lambda batch: batch.final)
    seen = sum(b.tried for b in client.frames if isinstance(b, PocBatch))
    assert last.next_nonce == 1 + 3 * seen
    client.worker.send(Submit(request_id=1, text="the", max_tokens=2))
    await client.wait_for(Done)
    assert [f for f in client.frames if isinstance(f, PocBatch)][-1] == last


async def test_nothing_found_is_kept_back_when_a_run_is_stopped(
    start_worker: Start, load_model: Callable[[Path], Model], tiny_path: Path
) -> None:
    """With a batch that is never full: every nonce below the last `next_nonce` that counts was told."""
    client = await start_worker()
    client.worker.send(mining(nonces_max=0, batch_size=10**9))
    await client.wait_for(PocBatch)
    client.worker.send(PocStop())
    last = await client.wait_for(PocBatch, lambda batch: batch.final)
    engine = PocEngine(load_model(tiny_path), tiny_path, None, AbortFlag(), 1)
    tried = range(1, last.next_nonce, 3)
    expected = []
    for start in range(0, len(tried), engine.width):
        nonces = tried[start : start + engine.width]
        distances = engine.compute_distances(Stage(HASH, KEY), nonces, 0)
        expected += [pair for pair in zip(nonces, distances, strict=True) if pair[1] < 1_400_000]
    engine.close()
    batches = [frame for frame in client.frames if isinstance(frame, PocBatch)]
    told = [pair for b in batches for pair in zip(b.nonces, b.dist_micro, strict=True)]
    assert told == expected != []


async def test_orders_are_obeyed_while_the_profile_is_computed(start_worker: Start, slow_path: Path) -> None:
    """A run that is stopped before it began tells so; the next one finds what was computed meanwhile."""
    client = await start_worker(slow_path)
    for stage in (40, 41, 42):
        client.worker.send(mining(stage_id=stage, nonces_max=8))
        client.worker.send(PocStop())
        last = await client.wait_for(PocBatch, lambda batch, stage=stage: batch.stage_id == stage)
        assert (last.final, last.tried, last.next_nonce, last.nonces) == (True, 0, 1, [])
    assert not [frame for frame in client.frames if isinstance(frame, PocStarted)]
    nonces = [1 + 3 * i for i in range(10_000)]
    client.worker.send(validation(nonces, [1_300_000] * 10_000, validation_id=3, sample_size=0))
    client.worker.send(Submit(request_id=1, text="the", max_tokens=2))
    assert (await client.wait_for(Done)).n_completion == 2
    client.worker.send(Cancel(request_id=3))
    await client.wait_for(Done, lambda done: done.request_id == 3)
    batches = await mined(client, mining(stage_id=43, nonces_max=8))
    assert batches[-1].tried == 8


async def test_what_was_found_is_told_before_the_batch_is_full(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(mining(nonces_max=0, batch_size=10**9))
    first = await client.wait_for(PocBatch)
    assert first.nonces
    assert not first.final


async def test_a_validation_that_nobody_wants_any_more_is_given_up(start_worker: Start) -> None:
    client = await start_worker()
    nonces = [1 + 3 * i for i in range(10_000)]
    client.worker.send(validation(nonces, [1_300_000] * 10_000, sample_size=0))
    client.worker.send(validation([1], [1_300_000], validation_id=8))
    client.worker.send(Cancel(request_id=7))
    done = await client.wait_for(Done)
    assert (done.request_id, done.finish_reason) == (7, "cancelled")
    assert (await client.wait_for(PocValidated)).validation_id == 8


async def test_validations_share_decodes_and_each_gets_its_own_verdict(start_worker: Start) -> None:
    client = await start_worker()
    batches = await mined(client, mining())
    honest = [pair for b in batches for pair in zip(b.nonces, b.dist_micro, strict=True)]
    other = b"\x03" + b"\x33" * 32
    for number in range(12):
        part = honest[number * 3 : number * 3 + 3]
        nonces, distances = [nonce for nonce, _ in part], [distance for _, distance in part]
        copied = {"public_key": other} if number % 4 == 3 else {}
        client.worker.send(validation(nonces, distances, validation_id=number, **copied))
    client.worker.send(Cancel(request_id=10))
    for number in (*range(10), 11):
        verdict = await client.wait_for(PocValidated, lambda v, n=number: v.validation_id == n)
        assert verdict.nonces == [nonce for nonce, _ in honest[number * 3 : number * 3 + 3]]
        if number % 4 == 3:
            assert verdict.n_invalid > 0
        else:
            assert verdict.dist_micro == [d for _, d in honest[number * 3 : number * 3 + 3]]


async def test_stopping_interrupts_a_validation(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(validation([1 + 3 * i for i in range(10_000)], [1_300_000] * 10_000, sample_size=0))
    client.worker.send(Stop())
    assert await client.wait_for_end() == 0
    assert not [frame for frame in client.frames if isinstance(frame, PocValidated)]


async def test_requests_are_served_while_mining(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(mining(nonces_max=0))
    await client.wait_for(PocBatch)
    client.worker.send(Submit(request_id=1, text="the", max_tokens=50))
    assert (await client.wait_for(Done)).n_completion == 50
    before = sum(isinstance(f, PocBatch) for f in client.frames)
    await client.wait_for(PocBatch, lambda _: sum(isinstance(f, PocBatch) for f in client.frames) > before)


async def test_an_honest_batch_is_no_fraud_and_its_distances_are_found_again(start_worker: Start) -> None:
    client = await start_worker()
    batches = await mined(client, mining())
    nonces = [n for b in batches for n in b.nonces]
    distances = [d for b in batches for d in b.dist_micro]
    client.worker.send(validation(nonces, distances))
    verdict = await client.wait_for(PocValidated)
    assert (verdict.n_checked, verdict.n_invalid, verdict.fraud, verdict.reason) == (20, 0, False, "OK")
    claimed = dict(zip(nonces, distances, strict=True))
    assert verdict.dist_micro == [claimed[nonce] for nonce in verdict.nonces]


@pytest.mark.parametrize(
    ("nonces", "distances", "reason"),
    [
        ([1 + 3 * i for i in range(20)], [1_300_000 - i for i in range(20)], "DISTANCE"),
        ([1, 4, 7, 10], [1_000_000] * 3, "LENGTH_MISMATCH"),
        ([1] * 12, [1_000_000] * 12, "REPEATED_NONCE"),
        ([3 * i for i in range(12)], [1_000_000] * 12, "FOREIGN_NONCE"),
        ([-1, -4, 2**63 - 1], [1_000_000] * 3, "OUT_OF_RANGE"),
        ([1, 4, 7], [-1, 2**62, 1_400_000], "OUT_OF_RANGE"),
    ],
)
async def test_a_batch_that_is_not_honest_work_is_a_fraud(
    start_worker: Start, nonces: list[int], distances: list[int], reason: str
) -> None:
    client = await start_worker()
    client.worker.send(validation(nonces, distances))
    verdict = await client.wait_for(PocValidated)
    assert (verdict.fraud, verdict.reason) == (True, reason)


async def test_an_empty_batch_is_no_fraud(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(validation([], []))
    verdict = await client.wait_for(PocValidated)
    assert (verdict.n_checked, verdict.fraud, verdict.reason) == (0, False, "EMPTY")


async def test_validations_go_before_mining(start_worker: Start) -> None:
    client = await start_worker()
    client.worker.send(mining(nonces_max=0))
    await client.wait_for(PocBatch)
    for i in range(5):
        client.worker.send(validation([1, 4, 7], [1_000_000] * 3, validation_id=i))
    for i in range(5):
        await client.wait_for(PocValidated, lambda verdict, i=i: verdict.validation_id == i)


@pytest.mark.parametrize(
    "order",
    [
        mining(node_count=0, node_rank=0),
        mining(node_rank=3),
        mining(node_rank=-1),
        mining(batch_size=0),
        mining(start_nonce=-1),
        mining(start_nonce=2**63 - 1),
        mining(block_hash=b""),
        mining(public_key=b"x" * 129),
        validation([], [], node_rank=9),
        validation([], [], mismatch_ppm=1_000_001),
        validation([], [], tolerance_micro=-1),
        validation([], [], block_hash=b""),
    ],
)
async def test_orders_out_of_range_are_refused(start_worker: Start, order: PocStart | PocValidate) -> None:
    client = await start_worker()
    client.worker.send(order)
    assert (await client.wait_for(PocFailed)).code == "BAD_PARAMETERS"
    client.worker.send(validation([], []))
    await client.wait_for(PocValidated)
