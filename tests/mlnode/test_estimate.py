"""The memory estimate, against sizes that llama.cpp reported for a real model."""

from dataclasses import replace

import pytest

from mlnode.contexts import KvType, serving_context
from mlnode.estimate import MIB, compute_estimate, compute_kv_bytes, compute_poc_bytes
from mlnode.gguf import Header

GEMMA = Header(
    version=3,
    architecture="gemma3",
    name="Gemma 3 270m",
    file_type=15,
    n_ctx_train=32768,
    n_layers=18,
    n_embd=640,
    n_ff=2048,
    n_head=4,
    n_head_kv=(1,) * 18,
    key_length=256,
    value_length=256,
    sliding_window=512,
    n_vocab=262144,
    has_chat_template=False,
    n_tensors=236,
    tensor_bytes=246_587_904,
    n_shards=1,
    windowed=tuple(layer % 6 != 5 for layer in range(18)),
    repacked_bytes=13_271_040,
    n_ff_active=2048,
)


@pytest.mark.parametrize(
    ("n_ctx", "slots", "n_ubatch", "mib"),
    [(4096, 1, 512, 12 + 15), (4096, 1, 256, 12 + 11.25), (4096, 8, 512, 96 + 67.5)],
)
def test_key_value_cells_are_exact(n_ctx: int, slots: int, n_ubatch: int, mib: float) -> None:
    assert compute_kv_bytes(GEMMA, serving_context(n_ctx, slots, n_ubatch)) == mib * MIB


def test_the_context_for_proof_of_compute_is_reserved_from_the_beginning() -> None:
    """Measured: 36 MiB of cells, 16.4 MiB of buffers; the process of 340 MiB grew by 66."""
    assert 36 + 16.4 < compute_poc_bytes(GEMMA) / MIB < 66
    estimate = compute_estimate(GEMMA, 4096, 1, 128, 253_113_024)
    assert estimate.poc_bytes == compute_poc_bytes(GEMMA)
    assert 340 + 66.2 < estimate.total_mb < 340 + 66.2 + 30


def test_without_known_windows_every_layer_is_reckoned_full() -> None:
    plain = replace(GEMMA, windowed=())
    assert compute_kv_bytes(plain, serving_context(4096, 1, 512)) == 18 * 4 * MIB


def test_the_context_is_bounded_by_what_the_model_was_trained_for() -> None:
    asked, full = (compute_estimate(GEMMA, n_ctx, 1, 128) for n_ctx in (10**6, 32768))
    assert asked == full


def test_more_slots_and_longer_contexts_never_cost_less() -> None:
    sizes = [
        compute_estimate(GEMMA, n_ctx, slots, 128).total_mb
        for n_ctx, slots in ((512, 1), (4096, 1), (4096, 4))
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] >= GEMMA.tensor_bytes // MIB


@pytest.mark.parametrize(("kv_type", "share"), [("q8_0", 34 / 64), ("q4_0", 18 / 64)])
def test_quantised_keys_and_values_take_their_share(kv_type: KvType, share: float) -> None:
    whole, less = (compute_kv_bytes(GEMMA, serving_context(4096, 1, 512, kind)) for kind in ("f16", kv_type))
    assert less == whole * share


def test_a_long_context_costs_masks_too() -> None:
    """Which row sees which cell: two bytes each. At 32,768 tokens that is more than everything else."""
    short, long = (compute_estimate(GEMMA, n_ctx, 1, 128).compute_bytes for n_ctx in (4096, 32768))
    assert long - short == 2 * 128 * (32768 - 4096)
