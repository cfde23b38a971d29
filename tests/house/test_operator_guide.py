"""The operator's guide, the dashboard and the alerts name only what exists."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from mlnode.io.settings import Settings
from tests.house.test_commands import all_commands

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "operator.md").read_text("utf-8")
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The longest command that a line names, and the words after it."""
    for end in range(len(words), 0, -1):
        if command := all_commands().get(" ".join(["meshkeeper", *words[:end]])):
            return command, words[end:]
    raise AssertionError(f"meshkeeper {' '.join(words)}: there is no such command")


def lines_of_shell() -> Iterator[list[str]]:
    """Every call of our command, in blocks and in the text."""
    blocks = re.findall(r"^\$ (.*?)(?:\s+# .*)?$", GUIDE, re.MULTILINE)
    inline = re.findall(r"`((?:\.venv/bin/)?meshkeeper [^`]+)`", GUIDE)
    for line in [*blocks, *inline]:
        words = shlex.split(line)
        if words[0].endswith("meshkeeper"):
            yield words[1:]


def test_every_command_in_it_exists_with_every_flag():
    lines = list(lines_of_shell())
    assert len(lines) >= 8
    unknown = []
    for words in lines:
        command, rest = find_command(words)
        flags = {word.partition("=")[0] for word in rest if word.startswith("--")}
        unknown += [(words, flag) for flag in flags - options_of(words) - {"--help"}]
        if hasattr(command, "list_commands") and not command.invoke_without_command:
            unknown += [(words, word) for word in rest if not word.startswith("-")]
    assert unknown == []


def test_every_flag_and_key_in_it_is_a_setting_or_an_option():
    options = {name for words in lines_of_shell() for name in options_of(words)}
    settings = {f"--{key.replace('_', '-')}" for key in Settings.model_fields}
    named = set(re.findall(r"`(--[a-z-]+)", GUIDE))
    assert len(named) > 10
    assert named - options - settings == set()
    (block,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    keys = set(re.findall(r"^([a-z_]+) =", block, re.MULTILINE))
    assert keys and keys <= set(Settings.model_fields)


def options_of(words: list[str]) -> set[str]:
    return {name for option in find_command(words)[0].params for name in option.opts}


def test_every_link_and_make_target_in_it_leads_somewhere():
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", GUIDE)
    assert len(links) >= 5
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    targets = set(re.findall(r"\bmake ([a-z]+)", GUIDE))
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert targets and targets <= known


def test_every_alert_says_what_it_means_and_stands_in_the_guide():
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        assert rule.keys() >= {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "description"}
    guided = set(re.findall(r"^\| `(Mlnode\w+)`", GUIDE, re.MULTILINE))
    assert {rule["alert"] for rule in rules} == guided
    config = yaml.safe_load((ALERTS.parent / "prometheus.yml").read_text("utf-8"))
    assert [(ALERTS.parent / name).exists() for name in config["rule_files"]] == [True]


def test_the_dashboard_can_be_imported_and_its_panels_do_not_overlap():
    board = json.loads((ROOT / "deploy" / "grafana" / "mlnode.json").read_text("utf-8"))
    assert board.keys() >= {"title", "uid", "schemaVersion", "panels", "templating", "time"}
    assert "id" not in board, "an import would replace whatever has that number"
    variables = {variable["name"] for variable in board["templating"]["list"]}
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["title"] and panel["type"] and panel["targets"]
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken
        taken |= cells
        for target in panel["targets"]:
            used = set(re.findall(r"\$\{?([a-z]+)", target["expr"] + target["datasource"]["uid"]))
            assert used <= variables
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
