"""Proof of compute on real models: the same everywhere, honest work accepted, everything else a fraud."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from mlnode.contexts import ContextShape, poc_context
from mlnode.io.callbacks import AbortFlag
from mlnode.io.model import Model
from mlnode.io.poc_engine import Interrupted, PocEngine, make_projection
from mlnode.io.poc_profile import Digest, Kept
from mlnode.poc import DIMS, PROFILE_NONCES, SEQUENCES, Claim, Rules, Stage, Verdict, inspect_claim, judge

STAGE = Stage(b"\x11" * 32, b"\x02" + b"\x22" * 32)
RULES = Rules(
    r_target_micro=1_270_000,
    tolerance_micro=80_000,
    mismatch_ppm=500,
    fraud_threshold_ppb=100,
    sample_size=64,
)
MakePoc = Callable[..., PocEngine]


@pytest.fixture
def poc(load_model: Callable[[Path], Model], tiny_path: Path) -> Iterator[MakePoc]:
    made: list[PocEngine] = []

    def make(
        path: Path = tiny_path,
        *,
        n_threads: int = 1,
        cache_dir: Path | None = None,
        shape: ContextShape | None = None,
    ) -> PocEngine:
        engine = PocEngine(load_model(path), path, cache_dir, AbortFlag(), n_threads, shape)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def compute(engine: PocEngine, nonces: Sequence[int], stage: Stage = STAGE) -> list[int]:
    groups = [nonces[i : i + SEQUENCES] for i in range(0, len(nonces), SEQUENCES)]
    return [distance for group in groups for distance in engine.compute_distances(stage, group, -1)]


def mine(engine: PocEngine, tried: int, stage: Stage = STAGE) -> Claim:
    found = [
        pair
        for pair in zip(range(tried), compute(engine, range(tried), stage), strict=True)
        if pair[1] < RULES.r_target_micro
    ]
    return Claim([nonce for nonce, _ in found], [distance for _, distance in found])


def validate(engine: PocEngine, claim: Claim, stage: Stage = STAGE) -> Verdict:
    inspection = inspect_claim(claim, RULES, b"unknown to the claimant")
    nonces = [claim.nonces[index] for index in inspection.sample]
    recomputed = dict(zip(inspection.sample, compute(engine, nonces, stage), strict=True))
    return judge(claim, RULES, inspection, recomputed)


def test_distances_do_not_depend_on_company_place_or_order(poc: MakePoc) -> None:
    engine = poc()
    expected = dict(zip(range(200), compute(engine, range(200)), strict=True))
    mixed = [int(nonce) for nonce in np.random.default_rng(1).permutation(200)[:187]]
    assert compute(engine, mixed) == [expected[nonce] for nonce in mixed]


def test_distances_do_not_depend_on_threads(poc: MakePoc) -> None:
    assert compute(poc(n_threads=2), range(8)) == compute(poc(), range(8))


@pytest.mark.parametrize("n_threads", [1, 2])
def test_distances_are_the_same_in_another_process(poc: MakePoc, tiny_path: Path, n_threads: int) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mlnode.io.callbacks import AbortFlag, EngineLog\n"
        "from mlnode.io.model import Model\n"
        "from mlnode.io.poc_engine import PocEngine\n"
        "from mlnode.poc import Stage\n"
        "path, log = Path(sys.argv[1]), EngineLog()\n"
        "model = Model(path, n_gpu_layers=0, use_mmap=False, check_tensors=False, log=log)\n"
        "engine = PocEngine(model, path, None, AbortFlag(), int(sys.argv[2]))\n"
        "stage = Stage(bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4]))\n"
        "print(*engine.compute_distances(stage, range(8), -1))\n"
        "import os; sys.stdout.flush(); os._exit(0)\n"
    )
    seeds = [STAGE.block_hash.hex(), STAGE.public_key.hex()]
    out = subprocess.run(
        [sys.executable, "-c", script, str(tiny_path), str(n_threads), *seeds],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout
    assert out.decode().splitlines()[-1].split() == [str(distance) for distance in compute(poc(), range(8))]


def test_distances_are_spread_like_those_of_random_points(poc: MakePoc) -> None:
    distances = np.array(compute(poc(), range(800))) / 1e6
    assert distances.mean() == pytest.approx(2**0.5, abs=0.02)
    assert distances.std() == pytest.approx(0.088, abs=0.015)
    assert 0.02 < (distances < 1.27).mean() < 0.09


def test_block_and_participant_change_every_distance(poc: MakePoc) -> None:
    engine = poc()
    stages = [STAGE, replace(STAGE, block_hash=b"\x12" * 32), replace(STAGE, public_key=b"\x03" * 33)]
    distances = [compute(engine, range(64), stage) for stage in stages]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(distances[first], distances[second])[0, 1]) < 0.5
        assert sum(a == b for a, b in zip(distances[first], distances[second], strict=True)) == 0


def test_an_honest_batch_is_accepted_without_a_single_doubt(poc: MakePoc) -> None:
    claim = mine(poc(), 800)
    assert len(claim.nonces) > 16
    verdict = validate(poc(), claim)
    assert (verdict.n_invalid, verdict.fraud) == (0, False)


def test_invented_distances_are_a_fraud(poc: MakePoc) -> None:
    chance = np.random.default_rng(5)
    nonces = [int(nonce) for nonce in chance.choice(10**6, 40, replace=False)]
    claim = Claim(nonces, [int(d) for d in chance.integers(1_100_000, RULES.r_target_micro, 40)])
    verdict = validate(poc(), claim)
    assert verdict.fraud
    assert verdict.n_invalid > 30


def test_nonces_of_another_model_are_a_fraud(poc: MakePoc, other_path: Path) -> None:
    claim = mine(poc(other_path), 800)
    assert validate(poc(), claim).fraud


def test_nonces_of_a_coarser_quantisation_are_a_fraud(poc: MakePoc, tiny_path: Path, tmp_path: Path) -> None:
    coarse = tmp_path / "q4_0.gguf"
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.nthread = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0, 1
    assert llama_cpp.llama_model_quantize(bytes(tiny_path), bytes(coarse), params) == 0
    verdict = validate(poc(), mine(poc(coarse), 1200))
    assert verdict.fraud
    assert verdict.n_invalid < verdict.n_checked


def test_nonces_of_another_participant_are_a_fraud(poc: MakePoc) -> None:
    """A copied batch: right for its owner, wrong for the copyist."""
    claim = mine(poc(), 800)
    assert validate(poc(), claim, replace(STAGE, public_key=b"\x03" * 33)).fraud


def test_a_batch_padded_with_repetitions_is_a_fraud(poc: MakePoc) -> None:
    claim = mine(poc(), 800)
    padded = Claim([*claim.nonces, *claim.nonces[:10]], [*claim.dist_micro, *claim.dist_micro[:10]])
    assert validate(poc(), padded).fraud


def test_the_profile_depends_on_the_model_only_and_is_kept(
    poc: MakePoc, other_path: Path, tmp_path: Path
) -> None:
    digest = poc(cache_dir=tmp_path).profile(-1).digest
    (kept,) = tmp_path.glob("*.profile")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest
    assert poc(cache_dir=tmp_path).profile(-1).digest == digest
    assert poc(other_path, cache_dir=tmp_path).profile(-1).digest != digest


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_cache_entry_is_computed_again(poc: MakePoc, tmp_path: Path, damage: bytes | None) -> None:
    digest = poc(cache_dir=tmp_path).profile(-1).digest
    (kept,) = tmp_path.glob("*.profile")
    kept.write_bytes(kept.read_bytes()[:-4] + b"\xff\xff\xff\xff" if damage is None else damage)
    assert poc(cache_dir=tmp_path).profile(-1).digest == digest


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(poc: MakePoc, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert poc(cache_dir=blocked / "below").profile(-1).digest == poc().profile(-1).digest


def test_a_cancelled_decode_counts_for_nothing(
    load_model: Callable[[Path], Model], tiny_path: Path, poc: MakePoc
) -> None:
    abort = AbortFlag()
    engine = PocEngine(load_model(tiny_path), tiny_path, None, abort, 1)
    engine.profile(-1)
    abort.cancel(-1)
    with pytest.raises(Interrupted):
        engine.compute_distances(STAGE, range(8), -1)
    abort.forget(-1)
    assert engine.compute_distances(STAGE, range(8), -1) == compute(poc(), range(8))
    engine.close()


def test_nonces_of_several_stages_share_a_decode_without_changing_a_bit(poc: MakePoc) -> None:
    engine = poc()
    stages = [STAGE, replace(STAGE, block_hash=b"\x12" * 32), replace(STAGE, public_key=b"\x03" * 33)]
    alone = {
        (stage, nonce): distance
        for stage in stages
        for nonce, distance in zip(range(40), compute(engine, range(40), stage), strict=True)
    }
    work = list(alone)
    order = [work[int(i)] for i in np.random.default_rng(3).permutation(len(work))]
    for start in range(0, len(order), SEQUENCES):
        part = order[start : start + SEQUENCES]
        assert engine.compute_mixed(part, frozenset((1, 2))) == [alone[item] for item in part]


@pytest.mark.parametrize("sequences", [16, 32])
def test_more_groups_side_by_side_change_no_bit(poc: MakePoc, sequences: int) -> None:
    plain, wide = poc(), poc(shape=poc_context(sequences))
    assert wide.profile(-1).digest == plain.profile(-1).digest
    nonces = range(5 * sequences // 2)
    groups = [nonces[i : i + sequences] for i in range(0, len(nonces), sequences)]
    distances = [d for group in groups for d in wide.compute_distances(STAGE, group, -1)]
    assert distances == compute(plain, nonces)


def test_an_interrupted_profile_goes_on_where_it_was(
    load_model: Callable[[Path], Model], tiny_path: Path, poc: MakePoc
) -> None:
    abort, whole = AbortFlag(), poc()
    digest = whole.profile(-1).digest
    engine = PocEngine(load_model(tiny_path), tiny_path, None, abort, 1)
    prepared, interrupted = False, 0
    abort.cancel(1)
    while not prepared:
        try:
            engine.prepare_once(frozenset((1,)))
        except Interrupted:
            interrupted += 1
        prepared = engine.prepare_once(frozenset((2,)))
    assert interrupted >= PROFILE_NONCES // SEQUENCES - 1
    assert engine.steps == whole.steps
    assert engine.profile(-1).digest == digest
    engine.close()


def test_a_file_is_hashed_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 1000)
    kept = Kept(tmp_path / "kept")

    def steps() -> tuple[int, bytes]:
        digest, count = Digest(path, kept), 0
        while not digest.value:
            digest.step()
            count += 1
        return count, digest.value

    first = steps()
    assert first == (3, hashlib.sha256(b"a" * 1000).digest())
    assert steps() == (1, first[1])
    path.write_bytes(b"b" * 1000)
    assert steps() == (3, hashlib.sha256(b"b" * 1000).digest())


def test_the_projection_is_of_signs() -> None:
    projection = make_projection(STAGE, 96)
    assert projection.signs.shape == (DIMS, 96)
    assert set(np.unique(projection.signs)) == set(np.unique(projection.target)) == {-1, 1}
