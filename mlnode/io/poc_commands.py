"""`meshkeeper mlnode poc`: measure models for proof of compute, by hand."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from mlnode.io.calibrating import Report

poc_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

WIDTH_PLAIN = 200
NONCES_MIN, NONCES_MAX = 64, 100_000
_MICRO = 1_000_000

ModelFile = Annotated[Path, typer.Argument(help="Model file.")]
CacheDir = Annotated[Path | None, typer.Option(help="Where nodes will look for the profile.")]


@poc_app.command()
def profile(path: ModelFile, cache_dir: CacheDir = None) -> None:
    """Compute a model's profile before its first stage, and tell how fast it mines."""
    from mlnode.io.calibrating import measure_profile
    from mlnode.io.model import EngineError
    from mlnode.io.settings import default_cache_dir

    try:
        measured = measure_profile(path, (cache_dir or default_cache_dir()).expanduser())
    except EngineError as error:
        raise _fail(f"{path} cannot be measured: {error}.") from None
    print(f"profile {measured.profile_digest[:16]}, {measured.nonces_per_s:.1f} nonces/s with one thread")


@poc_app.command()
def calibrate(
    path: ModelFile,
    share: Annotated[float, typer.Option(help="Part of the nonces that shall count.")] = 0.05,
    nonces: Annotated[int, typer.Option(help="Nonces to compute in each way.")] = 384,
    sample: Annotated[int, typer.Option(min=1, help="Nonces that a validator recomputes.")] = 200,
    fraud_threshold: Annotated[float, typer.Option(help="Fraud below this probability of honesty.")] = 1e-7,
    against: Annotated[Path | None, typer.Option(help="Another model that somebody might use.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report here too.")] = None,
    cache_dir: CacheDir = None,
) -> None:
    """Measure a model's distances, and what parameters of proof of compute follow from them."""
    from mlnode.io.calibrating import Calibrator
    from mlnode.io.model import EngineError
    from mlnode.io.settings import default_cache_dir

    _check(path, share, nonces, fraud_threshold, against)
    calibrator = Calibrator(
        path,
        nonces,
        share,
        round(fraud_threshold * 10**9),
        sample,
        (cache_dir or default_cache_dir()).expanduser(),
        against,
    )
    try:
        with _show_progress() as tell:
            calibrator.tell = tell
            report = calibrator.run()
    except EngineError as error:
        raise _fail(f"{path} cannot be calibrated: {error}.") from None
    _print(report)
    if json_file is not None:
        _write(json_file, report)


def _check(path: Path, share: float, nonces: int, fraud_threshold: float, against: Path | None) -> None:
    if not 0.001 <= share <= 0.9:
        raise _fail("--share must be between 0.001 and 0.9: a part of the nonces.")
    if not NONCES_MIN <= nonces <= NONCES_MAX:
        raise _fail(f"--nonces must be between {NONCES_MIN} and {NONCES_MAX}.")
    if not 1e-9 <= fraud_threshold <= 0.1:
        raise _fail("--fraud-threshold must be between 1e-9 and 0.1.")
    if against is not None and against.is_file() and path.is_file() and against.samefile(path):
        raise _fail("--against must be another file than the model itself.")


@contextmanager
def _show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each measurement, where somebody looks at it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:40}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[str, int] = {}

        def tell(name: str, done: int, whole: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=whole)
            progress.update(progress.task_ids[bars[name]], completed=done)

        yield tell


def _print(report: "Report") -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH_PLAIN, highlight=False)
    for table in (_tell_model(report), _tell_honest(report), _tell_proposal(report), _tell_frauds(report)):
        console.print(table)
        console.print()


def _tell_model(report: "Report") -> Table:
    spread = report.spread
    table = Table("measured", "", box=None)
    table.add_row("model", f"{report.model}, SHA-256 {report.file_sha256[:16]}")
    table.add_row("profile", f"{report.profile_digest[:16]}, llama.cpp of llama-cpp-python {report.library}")
    table.add_row("distances", f"{spread.nonces}: {_far(spread.mean_micro)} ± {_far(spread.deviation_micro)}")
    table.add_row("", "random points in 64 dimensions: 1.411 ± 0.088")
    quantiles = (f"{ppm / 10_000:g} %: {_far(value)}" for ppm, value in spread.quantiles_micro.items())
    table.add_row("quantiles", ", ".join(quantiles))
    rates = (f"{rate:g} with {threads}" for threads, rate in sorted(report.nonces_per_s.items()))
    table.add_row("nonces/s", f"{', '.join(rates)} threads")
    return table


def _tell_honest(report: "Report") -> Table:
    table = Table("honest, but computed with", "mean", "rms", "largest difference", box=None)
    for item in report.honest:
        table.add_row(item.name, *map(_far, (item.mean_micro, item.rms_micro, item.largest_micro)))
    return table


def _tell_proposal(report: "Report") -> Table:
    found = report.proposal
    table = Table("proposed", "", "", box=None)
    table.add_row("r_target_micro", f"{found.r_target_micro:,}", f"{found.share_ppm / 10_000:.1f} % count")
    seen = f"{found.exceeded} of {found.compared} honest differences are larger"
    table.add_row("tolerance_micro", f"{found.tolerance_micro:,}", seen)
    rate = f"the true rate is below {found.exceeded_ppm_max / _MICRO:.4%} with 95 % confidence"
    table.add_row("mismatch rate", f"{found.mismatch_ppm / _MICRO:g}", rate)
    size = f"sample of {report.sample_size}"
    table.add_row("honest and condemned", f"{found.condemned:.1e}", f"{size} at the mismatch rate")
    table.add_row("", f"{found.condemned_max:.1e}", f"{size} at the largest rate that was not ruled out")
    late = f"beyond the target on other kernels; the limit is {report.late_ppm / _MICRO:.0%}"
    table.add_row("late at most", f"{found.late_ppm / _MICRO:.1%}", late)
    return table


def _tell_frauds(report: "Report") -> Table:
    sizes = list(report.frauds[0].convicted)
    heads = [f"of {size}" for size in sizes]
    table = Table("fraud", "invalid", "late", "convicted by a sample", *heads[1:], box=None)
    table.columns[3].header = f"convicted by a sample {heads[0]}"
    for item in report.frauds:
        chances = [f"{chance:.3g}" for chance in item.convicted.values()]
        table.add_row(
            item.name, f"{item.invalid_ppm / _MICRO:.1%}", f"{item.late_ppm / _MICRO:.1%}", *chances
        )
    return table


def _write(path: Path, report: "Report") -> None:
    try:
        path.write_text(json.dumps(asdict(report)) + "\n")
    except OSError as error:
        raise _fail(f"{path} was not written: {error.strerror}.") from None


def _far(micro: int) -> str:
    """In units of the radius."""
    return f"{micro / _MICRO:.4f}"


def _fail(sentence: str) -> typer.Exit:
    """One sentence on stderr, exit status 1."""
    print(sentence, file=sys.stderr)
    return typer.Exit(1)
