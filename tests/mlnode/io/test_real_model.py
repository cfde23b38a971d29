"""One real model from end to end: sensible text, the same each time, and proof of compute on it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mlnode.estimate import compute_estimate
from mlnode.gguf import read_header
from mlnode.io.frames import (
    ChatMessage,
    Done,
    Loaded,
    PocBatch,
    PocStart,
    PocValidate,
    PocValidated,
    Step,
    Submit,
)
from mlnode.io.kv_store import empty

PROMPTS = (
    "What is the capital of France?",
    "2+2=?",
    "Thanks.",
    "?",
    "user",
    "Translate to German: good morning",
    "Please answer with nothing at all.",
)

Start = Callable[..., Awaitable[Any]]


async def ask(client: Any, order: Submit) -> str:
    client.worker.send(order)
    await client.wait_for(Done, lambda frame: frame.request_id == order.request_id)
    steps = [frame for frame in client.frames if isinstance(frame, Step)]
    return "".join(d.text for step in steps for d in step.deltas if d.request_id == order.request_id)


async def test_a_real_model_answers_and_proves_its_work(
    start_worker: Start, real_path: Path, tmp_path: Path
) -> None:
    client = await start_worker(real_path, slots=2, n_ctx=512, cache_dir=str(tmp_path))
    loaded = await client.wait_for(Loaded)
    with real_path.open("rb") as file:
        header = read_header(file, real_path.stat().st_size)
    measured_mb = (loaded.model_bytes + loaded.kv_bytes + loaded.compute_bytes) / 2**20
    assert measured_mb < compute_estimate(header, 512, 2, 128).total_mb < measured_mb + 200
    assert (loaded.n_vocab, loaded.has_chat_template) == (262_144, False)

    first = await ask(client, Submit(request_id=1, text="Once upon a time", max_tokens=12))
    chat = await ask(client, Submit(request_id=2, messages=[ChatMessage("user", "Hello!")], max_tokens=12))
    again = await ask(client, Submit(request_id=3, text="Once upon a time", max_tokens=12))
    assert "there was" in first
    assert first == again
    assert chat.strip()
    for request_id, prompt in enumerate(PROMPTS, 10):
        talk = [ChatMessage("user", prompt)]
        for temperature in (0.0, 1.0):
            number = 2 * request_id + int(temperature)
            order = Submit(
                request_id=number, messages=talk, max_tokens=4, temperature=temperature, seed=number
            )
            assert (await ask(client, order)).strip(), (prompt, temperature)

    key = b"\x02" + b"\x07" * 32
    client.worker.send(
        PocStart(
            stage_id=1,
            block_hash=b"\x05" * 32,
            public_key=key,
            node_rank=0,
            node_count=1,
            r_target_micro=1_400_000,
            nonces_max=16,
        )
    )
    batch = await client.wait_for(PocBatch, lambda frame: frame.final)
    assert batch.nonces
    for validation_id, distances in enumerate((batch.dist_micro, [1_200_000] * len(batch.nonces))):
        client.worker.send(
            PocValidate(
                validation_id=validation_id,
                block_hash=b"\x05" * 32,
                public_key=key,
                nonces=batch.nonces,
                dist_micro=distances,
                r_target_micro=1_400_000,
                tolerance_micro=60_000,
                mismatch_ppm=500,
                fraud_threshold_ppb=100,
            )
        )
    honest = await client.wait_for(PocValidated, lambda frame: frame.validation_id == 0)
    invented = await client.wait_for(PocValidated, lambda frame: frame.validation_id == 1)
    assert (honest.n_invalid, honest.fraud) == (0, False)
    assert invented.fraud


async def test_a_window_is_kept_at_the_end_of_a_prompt_and_survives_a_swap(
    start_worker: Start, real_path: Path, tmp_path: Path
) -> None:
    """Longer than the model's window of 512: such a state cannot be cut back, only continued."""
    empty(tmp_path)
    load = {"n_ctx": 1024, "prefix_cache_mb": 64, "kv_dir": str(tmp_path), "kv_cache_mb": 64}
    tokens = [1000 + 37 * i % 5000 for i in range(640)]
    first = await start_worker(real_path, **load)
    texts = {
        i: await ask(
            first, Submit(request_id=i, tokens=[*tokens, 2000 + i // 2] * 1 + [9] * 20, max_tokens=6)
        )
        for i in (2, 3, 4)
    }
    done = {i: await first.wait_for(Done, lambda frame, i=i: frame.request_id == i) for i in (2, 3, 4)}
    assert [done[i].n_cached for i in (2, 3, 4)] == [0, 640, 640]
    assert texts[2] == texts[3]
    assert await first.worker.stop(30) == 0

    second = await start_worker(real_path, **load)
    again = await ask(second, Submit(request_id=2, tokens=[*tokens, 2001] + [9] * 20, max_tokens=6))
    assert (await second.wait_for(Done)).n_cached == 640
    assert again == texts[2]
