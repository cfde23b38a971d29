"""A Chromium for the tests of the node's page: found where the system keeps one, or had with the least."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """The system's Chromium or Chrome; None where there is none (Playwright may have one of its own)."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def browser_commands(python: Path) -> Sequence[Sequence[str | Path]]:
    """What puts a browser in place: the system's packages for root on Debian, else Playwright's own."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        return (
            ("apt-get", "update", "-qq"),
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"),
        )
    return ((python, "-m", "playwright", "install", "chromium"),)
