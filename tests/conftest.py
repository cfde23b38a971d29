"""What all tests may ask for, and how properties are tried."""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
"""The gate tries the same examples each time, so that it judges the change and not the dice."""
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A test that sets up the log sets it up for itself: what it wrote to is closed after it."""
    yield
    structlog.reset_defaults()
