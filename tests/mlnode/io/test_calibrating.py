"""`meshkeeper mlnode poc`: the commands as people run them, on tiny models."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlnode.io.poc_commands import poc_app


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlnode", "poc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calibrated")


@pytest.fixture(scope="module")
def calibrated(folder: Path, tiny_path: Path, other_path: Path) -> subprocess.CompletedProcess[str]:
    options = ("--nonces", "128", "--against", str(other_path), "--cache-dir", str(folder / "cache"))
    return run("calibrate", str(tiny_path), *options, "--json", str(folder / "report.json"))


def test_a_report_proposes_parameters_and_tells_what_they_catch(
    calibrated: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert calibrated.returncode == 0, calibrated.stderr
    assert calibrated.stderr == ""
    for word in ("r_target_micro", "tolerance_micro", "mismatch rate", "nonces/s", "groups of 2", "invented"):
        assert word in calibrated.stdout
    report = json.loads((folder / "report.json").read_text())
    proposal = report["proposal"]
    assert 1_200_000 < proposal["r_target_micro"] < 1_350_000
    assert proposal["condemned"] < 1e-7
    own = report["distances"]["own"]
    assert len(own) == 128
    assert all(len(distances) == 128 for distances in report["distances"].values())
    assert report["distances"]["2 threads"] == own
    assert report["distances"]["weights read, not mapped"] == own
    frauds = {fraud["name"]: fraud for fraud in report["frauds"]}
    for name in ("invented", "another model", "copied from another participant", "the same weights as Q4_0"):
        assert frauds[name]["convicted"]["200"] > 0.999
    assert set(report["nonces_per_s"]) >= {"1", "2"}


def test_the_profile_is_kept_where_nodes_look_for_it(
    calibrated: subprocess.CompletedProcess[str], folder: Path, tiny_path: Path
) -> None:
    report = json.loads((folder / "report.json").read_text())
    (kept,) = (folder / "cache").glob("*.profile")
    assert report["file_sha256"].startswith(kept.stem)
    told = run("profile", str(tiny_path), "--cache-dir", str(folder / "cache"))
    assert told.stdout.startswith(f"profile {report['profile_digest'][:16]}, ")
    assert "nonces/s" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("calibrate", "MISSING"), "there is no file"),
        (("calibrate", "TEXT"), "cannot be calibrated"),
        (("profile", "TEXT"), "cannot be measured"),
        (("calibrate", "TINY", "--share", "2"), "--share must be between"),
        (("calibrate", "TINY", "--nonces", "3"), "--nonces must be between"),
        (("calibrate", "TINY", "--fraud-threshold", "0.5"), "--fraud-threshold must be"),
        (("calibrate", "TINY", "--against", "TINY"), "another file"),
        (("calibrate", "TINY", "--against", "MISSING"), "there is no file"),
    ],
)
def test_refusals_are_one_sentence(
    tmp_path: Path, tiny_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "text.gguf").write_text("no model")
    names = {"MISSING": tmp_path / "none.gguf", "TEXT": tmp_path / "text.gguf", "TINY": tiny_path}
    told = CliRunner().invoke(poc_app, [str(names.get(word, word)) for word in arguments])
    assert told.exit_code == 1
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
