"""Damaged models, offered to a node by the hundred: each is refused for a reason or answers, and none is
started twice, and the sound one beside them does not notice."""

import os
import random
import struct
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mlnode.io.made_gguf import write_tiny_gguf
from tests.mlnode.system.hard.clients import code_of, wait_idle
from tests.mlnode.system.nodes import Node, http

Start = Callable[..., Node]

SEED = int(os.environ.get("MESHKEEPER_FUZZ_SEED", "1"))
HEADERS = int(os.environ.get("MESHKEEPER_FUZZ_MODELS", "104"))
"""Damaged in what the front reads; as many again in a tenth are damaged where only llama.cpp looks."""
BODIES = HEADERS // 13

Damage = Callable[[bytearray, random.Random], None]


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.choice([0, 3, 4, 8, 23, 24, chance.randrange(len(data)), len(data) - 1]) :]


def count_wildly(data: bytearray, chance: random.Random) -> None:
    at = chance.choice([4, 8, 16])
    value = chance.choice([0, 1, 2**16, 2**31, 2**32 - 1, 2**60, 2**63, 2**64 - 1])
    data[at : at + 8] = struct.pack("<Q", value)


def spoil_the_start(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(200)] = chance.randrange(256)


def spoil_a_length(data: bytearray, chance: random.Random) -> None:
    keys = [b"general.architecture", b"llama.block_count", b"tokenizer.ggml.tokens", b"blk.1.ffn_up.weight"]
    at = data.index(chance.choice(keys)) - 8
    data[at : at + 8] = struct.pack("<Q", chance.choice([0, 2**20, 2**40, 2**64 - 1, chance.randrange(99)]))


def spoil_a_value(data: bytearray, chance: random.Random) -> None:
    names = ("context_length", "embedding_length", "block_count", "feed_forward_length", "vocab_size")
    key = f"llama.{chance.choice([*names, 'attention.head_count'])}".encode()
    at = data.index(key) + len(key)
    chosen = chance.choice(["type", "zero", "huge", "odd"])
    if chosen == "type":
        data[at : at + 4] = struct.pack("<I", chance.choice([8, 9, 10, 13, 255]))
    else:
        data[at + 4 : at + 8] = struct.pack("<I", {"zero": 0, "huge": 2**31 - 1, "odd": 7}[chosen])


def spoil_a_tensor(data: bytearray, chance: random.Random) -> None:
    """Its number of dimensions, one of them, its type or its place."""
    name = chance.choice([b"token_embd.weight", b"blk.0.attn_q.weight", b"output.weight"])
    at = data.rindex(name) + len(name)
    place, size = chance.choice([(0, 4), (4, 8), (12, 8), (20, 4), (24, 8)])
    value = chance.choice([0, 1, 3, 5, 2**31, 2**32 - 1, 2**60, 2**64 - 1]) % 2 ** (8 * size)
    data[at + place : at + place + size] = value.to_bytes(size, "little")


def put_in(value: float) -> Damage:
    """Numbers that are none into the weights, or noise."""

    def damage(data: bytearray, chance: random.Random) -> None:
        start = len(data) // 2
        count = (len(data) - start) // 4 - 8
        start = len(data) - 4 * count
        data[start:] = np.full(count, value, np.float32).tobytes()

    return damage


def make_noise(data: bytearray, chance: random.Random) -> None:
    start = len(data) // 3
    data[start:] = chance.randbytes(len(data) - start)


def rename_a_tensor(data: bytearray, chance: random.Random) -> None:
    at = data.rindex(chance.choice([b"blk.0.attn_q", b"output_norm", b"blk.1.ffn_up"]))
    data[at] ^= 1


def spoil_the_words(data: bytearray, chance: random.Random) -> None:
    at = data.index(b"tokenizer.ggml.tokens") + 40
    for _ in range(200):
        data[at + chance.randrange(4000)] = chance.randrange(256)


IN_THE_HEADER: tuple[Damage, ...] = (cut, count_wildly, spoil_the_start, spoil_a_length)
BEHIND_IT: tuple[Damage, ...] = (
    spoil_a_value,
    spoil_a_tensor,
    put_in(float("nan")),
    put_in(float("inf")),
    put_in(0.0),
    make_noise,
    rename_a_tensor,
    spoil_the_words,
)


TYPED = {"ok", "model_broken", "model_too_large", "model_unavailable", "engine", "worker_lost"}


def write_damaged(folder: Path) -> None:
    """The sound model, and the damaged ones in one folder."""
    write_tiny_gguf(folder / "sound.gguf", seed=0)
    whole = (folder / "sound.gguf").read_bytes()
    chance = random.Random(SEED)
    for kinds, count, name in ((IN_THE_HEADER, HEADERS, "header"), (BEHIND_IT, BODIES, "body")):
        for number in range(count):
            data = bytearray(whole)
            kinds[number % len(kinds)](data, chance)
            (folder / f"{name}-{number:05}.gguf").write_bytes(data)


def test_impossible_weights_are_no_answer_and_no_model_where_they_are_looked_at(
    start_hard: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "impossible"
    folder.mkdir()
    write_tiny_gguf(folder / "nan.gguf", seed=0)
    data = bytearray((folder / "nan.gguf").read_bytes())
    put_in(float("nan"))(data, random.Random(0))
    (folder / "nan.gguf").write_bytes(data)
    codes = {}
    for flag in ("--check-tensors", "--no-check-tensors"):
        node = start_hard(flag, models=folder)
        codes[flag] = [code_of(node.complete("nan.gguf")) for _ in range(3)]
        assert node.status()["loads_total"] == 1
    assert codes == {"--check-tensors": ["model_broken"] * 3, "--no-check-tensors": ["engine"] * 3}
    assert node.complete("nan.gguf").json()["error"]["message"] == (
        "The model's worker could not go on: the model computed no usable probabilities;"
        " ask again, or ask another node."
    )


def test_damaged_models_are_refused_or_answer_and_nobody_else_notices(
    start_hard: Start, tmp_path: Path, needs_mb: dict[str, int]
) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    write_damaged(folder)
    node = start_hard(models=folder, room_mb=needs_mb["a.gguf"] * 7 // 2)
    listed = http.get(f"{node.url}/models").json()["models"]
    assert len(listed) == HEADERS + BODIES + 1
    suspects = [entry["id"] for entry in listed if not entry.get("error") and entry["id"] != "sound.gguf"]
    over, served = threading.Event(), Counter[str]()

    def serve_on() -> None:
        while not over.is_set():
            served[code_of(node.complete("sound.gguf"))] += 1

    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(3) as pool:
        beside = pool.submit(serve_on)
        try:
            for _ in range(2):
                ids = [entry["id"] for entry in listed if entry["id"] != "sound.gguf"]
                for answer in pool.map(lambda id: node.complete(id, max_tokens=2), ids):
                    outcomes[code_of(answer)] += 1
        finally:
            over.set()
        beside.result()
    assert outcomes.total() == 2 * (HEADERS + BODIES)
    assert set(outcomes) <= {
        "ok",
        "model_broken",
        "model_too_large",
        "model_unavailable",
        "engine",
        "worker_lost",
    }
    assert outcomes["model_broken"] >= HEADERS
    assert set(served) == {"ok"}
    wait_idle(node)
    status = node.status()
    print(f"{outcomes}, {served}, {len(suspects)} tried, {status['loads_total']} loads")
    assert status["loads_total"] <= 1 + 3 * len(suspects)
    assert node.process.poll() is None
    assert "Traceback" not in node.log()
