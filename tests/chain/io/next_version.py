"""The next version of the program, as far as a test needs one: it brings an upgrade more."""

from functools import partial
from pathlib import Path

import chain.io.opening
from chain.app import App
from chain.context import Context
from chain.machine import Keepers
from chain.models.types import Model
from chain.upgrades.plan import UPGRADES, Upgrade
from tests.forks import run_command

NAME = "v3"
MODEL = "made-by-v3"


def migrate(keepers: Keepers, ctx: Context) -> int:
    """Registers a model."""
    keepers.models.set_model(ctx, Model(id=MODEL, units_of_compute_per_token=1))
    return 1


def run_next_version(words: list[str], environment: dict[str, str], log: Path) -> None:
    """What a forked process does."""
    brought = (*UPGRADES, Upgrade(NAME, {"models": 2}, migrate))
    chain.io.opening.App = partial(App, upgrades=brought)  # type: ignore[misc,assignment]
    run_command(words, environment, log)
