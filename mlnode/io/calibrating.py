"""Measures a model for proof of compute in this process: its profile, its distances and what moves them.

Nothing random is in it: the same nonces of the same stage each time. Only the rates depend on the hour.
"""

import contextlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import llama_cpp

from mlnode.calibration import (
    Detection,
    Difference,
    Proposal,
    Spread,
    claim,
    compare,
    describe,
    detect,
    perturb,
    propose,
)
from mlnode.contexts import ContextShape, poc_context
from mlnode.io.callbacks import AbortFlag, EngineLog
from mlnode.io.model import Model
from mlnode.io.opening import read_model_header
from mlnode.io.poc_engine import PocEngine
from mlnode.poc import LATE_PPM, Rules, Stage

OWN = Stage(b"calibrate", b"own")
COPIED = Stage(b"calibrate", b"somebody else's")
TRIAL_NONCES = 32
"""Enough for a rate within a tenth or so."""
_COARSER = {
    "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "Q3_K_M": llama_cpp.LLAMA_FTYPE_MOSTLY_Q3_K_M,
    "Q2_K": llama_cpp.LLAMA_FTYPE_MOSTLY_Q2_K,
}

Tell = Callable[[str, int, int], None]
"""What is being measured, and how many nonces of how many are done."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to compute distances: the protocol's way, unless said otherwise."""

    n_threads: int = 1
    shape: ContextShape = field(default_factory=poc_context)
    n_gpu_layers: int = -1
    use_mmap: bool = True
    repack: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's profile and pace."""

    profile_digest: str
    nonces_per_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """What `calibrate` found."""

    model: str
    file_sha256: str
    profile_digest: str
    library: str
    spread: Spread
    proposal: Proposal
    fraud_threshold_ppb: int
    sample_size: int
    late_ppm: int
    honest: tuple[Difference, ...]
    frauds: tuple[Detection, ...]
    nonces_per_s: dict[int, float]
    """By number of threads."""
    distances: dict[str, list[int]]
    """Of the first nonces of one stage, by the way they were computed; `own` is the protocol's."""


def measure_profile(path: Path, cache_dir: Path) -> Measured:
    """Computes and keeps the model's profile, then times a few nonces. Raises `EngineError`."""
    read_model_header(path)
    with _quiet(), _open(path, EngineLog(), Way(), path, cache_dir) as engine:
        digest = engine.profile(0).digest
        began_s = time.monotonic()
        _compute(engine, OWN, TRIAL_NONCES, lambda _: None)
        return Measured(digest, TRIAL_NONCES / (time.monotonic() - began_s))


@dataclass(slots=True)
class Calibrator:
    """One calibration. Raises `EngineError` for a file that cannot be used."""

    path: Path
    nonces: int
    share: float
    fraud_threshold_ppb: int
    sample_size: int
    cache_dir: Path | None = None
    against: Path | None = None
    """Another model, whose distances somebody might claim."""
    tell: Tell = lambda name, done, whole: None
    _log: EngineLog = field(init=False)
    _distances: dict[str, list[int]] = field(default_factory=dict)
    _rates: dict[int, float] = field(default_factory=dict)
    _profile_digest: str = ""
    _file_digest: bytes = b""

    def run(self) -> Report:
        for path in filter(None, (self.path, self.against)):
            read_model_header(path)
        with _quiet():
            self._log = EngineLog()
            self._measure("own", Way())
            honest = [self._measure(name, way) for name, way in _list_honest_ways()]
            self._measure("copied from another participant", Way(), stage=COPIED)
            coarser = list(self._measure_coarser())
            if self.against is not None:
                self._measure("another model", Way(), file=self.against, profiled=self.against)
        return self._conclude(honest, coarser)

    def _measure(
        self,
        name: str,
        way: Way,
        *,
        file: Path | None = None,
        profiled: Path | None = None,
        stage: Stage = OWN,
    ) -> str:
        """Computes the distances. The profile is that of the model's own file unless said otherwise: whoever
        cheats with a copy of it would use that."""
        plain = replace(way, n_threads=1) == Way() and file is None
        cache_dir = self.cache_dir if plain else None
        with _open(file or self.path, self._log, way, profiled or self.path, cache_dir) as engine:
            digest = engine.profile(0).digest
            began_s = time.monotonic()
            distances = _compute(engine, stage, self.nonces, lambda done: self.tell(name, done, self.nonces))
            spent_s = time.monotonic() - began_s
        if plain and stage is OWN:
            self._rates[way.n_threads] = round(self.nonces / spent_s, 1)
            self._profile_digest, self._file_digest = digest, engine.file_digest
        self._distances[name] = distances
        return name

    def _measure_coarser(self) -> Iterator[str]:
        """The same weights stored again, as far as this model's shapes allow."""
        folder = Path(tempfile.mkdtemp(prefix="calibrate-"))
        try:
            for name, kind in _COARSER.items():
                copy = folder / f"{name}.gguf"
                self.tell(f"making {name}", 0, self.nonces)
                if _quantize(self.path, copy, kind):
                    yield self._measure(f"the same weights as {name}", Way(), file=copy)
                copy.unlink(missing_ok=True)
        finally:
            shutil.rmtree(folder)

    def _conclude(self, honest: list[str], coarser: list[str]) -> Report:
        own = self._distances["own"]
        others = {name: self._distances[name] for name in honest}
        proposal = propose(own, others, self.share, self.fraud_threshold_ppb, self.sample_size)
        rules = Rules(
            proposal.r_target_micro,
            proposal.tolerance_micro,
            proposal.mismatch_ppm,
            self.fraud_threshold_ppb,
            self.sample_size,
        )
        differences = [compare(name, own, other) for name, other in others.items()]
        widest = self._distances[max(differences, key=lambda item: item.rms_micro).name]
        return Report(
            model=self.path.name,
            file_sha256=self._file_digest.hex(),
            profile_digest=self._profile_digest,
            library=llama_cpp.__version__,
            spread=describe(own),
            proposal=proposal,
            fraud_threshold_ppb=self.fraud_threshold_ppb,
            sample_size=self.sample_size,
            late_ppm=LATE_PPM,
            honest=tuple(differences),
            frauds=tuple(self._list_frauds(rules, widest, coarser)),
            nonces_per_s=self._rates,
            distances=self._distances,
        )

    def _list_frauds(self, rules: Rules, widest: list[int], coarser: list[str]) -> Iterator[Detection]:
        """Each against honest validators; the perturbed ones against validators on other kernels."""
        own, known = self._distances["own"], self._distances
        guess = rules.r_target_micro - 1
        yield detect("invented", [(guess, again) for again in own], rules, LATE_PPM)
        for name in ("copied from another participant", *coarser, "another model"):
            if name in known:
                yield detect(name, claim(known[name], own, rules), rules, LATE_PPM)
        for part in (50, 100, 150):
            by_micro = rules.tolerance_micro * part // 100
            pairs = perturb(own, widest, by_micro, rules)
            gain = len(pairs) / max(1, len(claim(own, own, rules)))
            yield detect(f"perturbed by {by_micro:,}, {gain:.1f} times the work", pairs, rules, LATE_PPM)


def _list_honest_ways() -> Iterator[tuple[str, Way]]:
    """Ways of computing on this machine that stand for other hardware."""
    cores = os.cpu_count() or 1
    for n_threads in sorted({2, 4, cores} & set(range(2, cores + 1))):
        yield f"{n_threads} threads", Way(n_threads=n_threads)
    yield "weights read, not mapped", Way(use_mmap=False)
    for sequences in (2, 4, 16):
        yield f"groups of {sequences}", Way(shape=poc_context(sequences))
    plain = poc_context()
    yield "shared cells", Way(shape=replace(plain, unified=True))
    yield "no flash attention", Way(shape=replace(plain, flash_attention=False))
    yield "weights not repacked", Way(repack=False)
    together = replace(poc_context(2), flash_attention=False)
    yield "the last two, groups of 2", Way(shape=together, repack=False)
    if llama_cpp.llama_supports_gpu_offload():
        yield "without the GPU", Way(n_gpu_layers=0)


@contextlib.contextmanager
def _open(
    file: Path, log: EngineLog, way: Way, profiled: Path, cache_dir: Path | None
) -> Iterator[PocEngine]:
    """An engine, and its memory given back."""
    model = Model(
        file,
        n_gpu_layers=way.n_gpu_layers,
        use_mmap=way.use_mmap,
        check_tensors=False,
        log=log,
        repack=way.repack,
    )
    try:
        engine = PocEngine(model, profiled, cache_dir, AbortFlag(), way.n_threads, way.shape)
        try:
            yield engine
        finally:
            engine.close()
    finally:
        llama_cpp.llama_model_free(model.pointer)


def _compute(engine: PocEngine, stage: Stage, count: int, done: Callable[[int], None]) -> list[int]:
    distances: list[int] = []
    while len(distances) < count:
        nonces = range(len(distances), min(count, len(distances) + engine.width))
        distances += engine.compute_distances(stage, nonces, 0)
        done(len(distances))
    return distances


def _quantize(path: Path, copy: Path, kind: int) -> bool:
    """False where llama.cpp cannot store this model so."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.nthread, params.allow_requantize = kind, os.cpu_count() or 1, True
    done: int = llama_cpp.llama_model_quantize(bytes(path), bytes(copy), params)
    return done == 0


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """llama.cpp's chatter is for a worker's log."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
