"""The `meshkeeper` command. It hands over to the parts, each imported only when it is called."""

import importlib
import io
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer
import typer.core
import typer.main

GROUPS = {
    "chain": ("chain.__main__", "The state machine: make, run, ask and change a chain."),
    "broker": ("broker.__main__", "The daemon of one participant: run it, and command its nodes."),
    "mlnode": ("mlnode.__main__", "The host of models: serve them, list them, make a small one."),
    "devnet": ("meshkeeper.devnet.__main__", "A whole network on this machine: demo, up, down."),
}
"""Command, the module whose `app` answers it, and its line in the help, kept here so that help is quick."""


class _Parts(typer.core.TyperGroup):
    """A group whose sub-commands are imported when they are called, not when they are listed.

    Typer carries its own copy of click and names none of its types in public, hence `Any`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in GROUPS:
            return None
        module, line = GROUPS[cmd_name]
        command = typer.main.get_command(importlib.import_module(module).app)
        command.name, command.help = cmd_name, line
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in GROUPS.items()])


app = typer.Typer(
    cls=_Parts,
    help="Meshkeeper: a decentralised LLM inference network.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"meshkeeper {version('meshkeeper')}")
        except PackageNotFoundError:
            from meshkeeper import __version__

            typer.echo(f"meshkeeper {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", callback=_print_version, is_eager=True
    ),
) -> None:
    """Meshkeeper: a decentralised LLM inference network."""


def main() -> None:
    """Runs the command line. Leaves with 0, 1 (refused or failed) or 2 (wrong usage)."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what gRPC's C core would remark is said by ours
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # "?" for what a terminal cannot show
    try:
        app(prog_name="meshkeeper")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
