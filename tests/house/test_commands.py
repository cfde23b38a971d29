"""Every command explains itself and stands in the README, and the README names nothing that is not there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from meshkeeper.__main__ import app

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """A command and everything below it, each with its full name."""
    yield name, command
    if hasattr(command, "list_commands"):
        context = command.make_context(name, [], resilient_parsing=True)
        for child in command.list_commands(context):
            yield from commands(command.get_command(context, child), f"{name} {child}")


@cache
def all_commands() -> dict[str, Any]:
    """The whole tree below `meshkeeper`."""
    return dict(commands(typer.main.get_command(app), "meshkeeper"))


def make_targets() -> set[str]:
    """What `make help` lists."""
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_the_tree_of_commands_is_whole():
    assert {"meshkeeper chain", "meshkeeper broker", "meshkeeper mlnode", "meshkeeper devnet"} <= set(
        all_commands()
    )


def test_every_command_has_a_line_of_help():
    assert [name for name, command in all_commands().items() if not command.get_short_help_str()] == []


def test_every_option_and_argument_is_explained():
    silent = [
        f"{name} {option.opts[0]}"
        for name, command in all_commands().items()
        for option in command.params
        if option.param_type_name == "option" and not option.hidden and not option.help
    ]
    assert silent == []


def test_every_command_answers_help():
    runner = CliRunner()
    for name in all_commands():
        result = runner.invoke(app, [*name.split()[1:], "--help"], prog_name="meshkeeper")
        assert result.exit_code == 0, f"{name} --help: {result.output}"
        assert name in result.output


def test_every_command_stands_in_the_readme():
    readme = README.read_text("utf-8")
    short = [name for name in all_commands() if len(name.split()) == 3]
    assert [name for name in short if f"`{name}" not in readme] == []


def test_the_readme_names_only_commands_that_exist():
    named = re.findall(r"meshkeeper (?:chain|broker|mlnode|devnet)(?: [a-z]+)+", README.read_text("utf-8"))
    assert named
    unknown = [name for name in named if " ".join(name.split()[:3]) not in all_commands()]
    assert unknown == []


def test_the_readme_names_only_make_targets_that_exist():
    named = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", README.read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named - make_targets() == set()


@pytest.mark.parametrize("document", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.md")))
def test_every_link_to_a_file_leads_somewhere(document: str):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / document).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
