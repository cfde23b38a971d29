"""`meshkeeper mlnode status`: once, as a document, or live until the reader has seen enough."""

import contextlib
import json
import sys
import time

import httpx
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from mlnode.io.finding import NoAnswer, Target
from mlnode.io.table import show_status, show_time

WIDTH_PLAIN = 160
"""Columns where there is no terminal: whoever reads it cuts by himself."""


def print_json(target: Target) -> None:
    """The node's `/status` as it is, indented. Raises `NoAnswer`."""
    with httpx.Client() as client:
        print(json.dumps(target.ask(client)[1], indent=2))


def print_once(target: Target) -> None:
    """One table. Raises `NoAnswer`."""
    with httpx.Client() as client:
        url, status = target.ask(client)
    console = Console(width=None if sys.stdout.isatty() else WIDTH_PLAIN)
    console.print(show_status(url, status, console.width), soft_wrap=False)


def watch(target: Target, every_s: float) -> None:
    """A table that follows the node until Ctrl-C. A node that goes away is waited for; one that was never
    there, or refuses, raises `NoAnswer`."""
    console = Console()
    with httpx.Client() as client, contextlib.suppress(KeyboardInterrupt):
        shown, seen_s = _draw(target, client, console), time.monotonic()
        with Live(shown, console=console, auto_refresh=False, vertical_overflow="crop") as live:
            live.refresh()
            while True:
                time.sleep(every_s)
                try:
                    shown, seen_s = _draw(target, client, console), time.monotonic()
                    live.update(shown, refresh=True)
                except NoAnswer as error:
                    if error.final:
                        raise
                    gone = f"gone for {show_time(time.monotonic() - seen_s)}: {error}"
                    live.update(Group(shown, Text(gone, "bold red")), refresh=True)


def _draw(target: Target, client: httpx.Client, console: Console) -> RenderableType:
    return show_status(*target.ask(client), console.width, console.height - 1)
