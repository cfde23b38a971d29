"""What all tests may ask for, and how properties are tried."""

import os

from hypothesis import settings

from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
"""The gate tries the same examples each time, so that it judges the change and not the dice."""
settings.load_profile("ci" if os.environ.get("CI") else "here")
