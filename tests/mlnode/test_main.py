"""The command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mlnode.__main__ import app


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_a_made_model_is_listed_with_its_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    made = run("models", "make", tmp_path / "m" / "small.gguf", "--layers", 1, "--seed", 3)
    assert made.exit_code == 0
    (tmp_path / "m" / "broken.gguf").write_text("no")
    listed = run("models", "--models-dir", tmp_path / "m")
    assert listed.exit_code == 0
    (small,) = (line for line in listed.output.splitlines() if "small.gguf" in line)
    assert "llama" in small
    (broken,) = (line for line in listed.output.splitlines() if "broken.gguf" in line)
    assert "GGUF" in broken


def test_what_cannot_be_made_or_listed_gets_one_sentence(tmp_path: Path) -> None:
    for refused in (
        run("models", "make", tmp_path / "x.gguf", "--dim", 17),
        run("models", "make", tmp_path / "x.bin"),
        run("models", "--models-dir", tmp_path / "none"),
        run("vectors", tmp_path / "none"),
    ):
        assert refused.exit_code == 1
        assert len(refused.stderr.splitlines()) == 1


def test_a_listing_that_is_not_for_a_terminal_cuts_no_name(tmp_path: Path) -> None:
    name = "a-model-with-a-name-that-is-as-long-as-they-are-these-days-q4_k_m.gguf"
    run("models", "make", tmp_path / name)
    assert name in run("models", "--models-dir", tmp_path).output


def test_a_model_is_measured_and_its_profile_kept(tiny_path: Path, tmp_path: Path) -> None:
    measured = [run("poc", "profile", tiny_path, "--cache-dir", tmp_path / "cache") for _ in range(2)]
    assert [result.exit_code for result in measured] == [0, 0]
    profiles = {result.stdout.partition(",")[0] for result in measured}
    assert len(profiles) == 1
    assert float(measured[0].stdout.partition(", ")[2].split()[0]) > 0
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".profile", ".digest"}


def test_what_cannot_be_measured_gets_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_text("no")
    for name, word in (("none.gguf", "no file"), ("broken.gguf", "GGUF")):
        refused = run("poc", "profile", tmp_path / name, "--cache-dir", tmp_path / "cache")
        assert refused.exit_code == 1
        assert word in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "cache").exists()


def test_golden_cases_are_counted_and_a_wrong_one_fails(tmp_path: Path) -> None:
    cases = Path(__file__).parents[1] / "vectors" / "mlnode"
    good = run("vectors", cases)
    assert (good.exit_code, good.output.endswith(" 0 failed\n")) == (0, True)
    document = json.loads((cases / "poc_distance.json").read_text())
    document["cases"][0]["expect"] = {"dist_micro": -1}
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    (tmp_path / "nonsense.json").write_text("[")
    bad = run("vectors", tmp_path)
    assert bad.exit_code == 1
    assert bad.stdout.endswith(f"{len(document['cases']) - 1} passed, 2 failed\n")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--slots", "0"), "--slots must be greater than or equal to 1, not 0."),
        (("--port", "99999"), "--port must be less than or equal to 65535, not 99999."),
        (("--log-level", "loud"), "--log-level must be 'debug', 'info', 'warning' or 'error', not 'loud'."),
        (
            ("--vram-budget-mb", "50"),
            "--vram-margin-mb: a margin of 64 leaves nothing of the budget of 50 MiB.",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_must_be(flags: tuple[str, str], sentence: str) -> None:
    refused = run("serve", *flags)
    assert (refused.exit_code, refused.stderr.strip()) == (1, sentence)


def test_a_number_in_a_file_or_the_environment_is_checked_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "node.toml").write_text('slots = "many"\n')
    assert (
        "--slots must be a whole number, not 'many'."
        in run("serve", "--config", tmp_path / "node.toml").stderr
    )
    monkeypatch.setenv("MESHKEEPER_MLNODE_SLOTS", "x")
    assert "--slots must be a whole number, not 'x'." in run("serve").stderr


def test_a_budget_that_is_none_is_named(tiny_path: Path) -> None:
    refused = run("fit", tiny_path, "--budget", "much")
    assert (refused.exit_code, refused.stderr.startswith("--budget: ")) == (1, True)
