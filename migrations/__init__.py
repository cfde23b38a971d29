"""The SQL schemas of the chain and the broker, and how a database gets the newest one.

Each part is a section of `alembic.ini` with its own folder of changes and its own version table, so that both
may live in one database. Daemons call `upgrade` when they start; `alembic -c migrations/alembic.ini -n chain
…` works by hand. A change of schema never changes the chain's state: every operator runs it at a different
moment.
"""

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, create_engine, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["NewerSchema", "current", "downgrade", "head", "upgrade", "version_table"]


class NewerSchema(Exception):
    """A database that a newer program has written."""

    def __init__(self, part: str, revision: str) -> None:
        super().__init__(
            f"the {part}'s database has schema {revision}, which this version of meshkeeper does not know; "
            "run the version that wrote it, or a newer one"
        )


def version_table(part: str) -> str:
    """Name of the table that holds a part's schema version."""
    return f"{part}_alembic_version"


def head(part: str) -> str:
    """The newest schema of a part: the number that its last file begins with."""
    names = [entry.name for entry in (files("migrations") / part).iterdir()]
    return max(name.partition("_")[0] for name in names if name[0].isdigit() and name.endswith(".py"))


def current(part: str, url: URL | str) -> str | None:
    """The schema that a database has; None before the first one."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return _read_version(part, connection)
    finally:
        engine.dispose()


def upgrade(part: str, url: URL | str, revision: str = "head") -> None:
    """Bring a database to a schema, by default the newest. Refuses one that a newer program has written."""
    have = current(part, url)
    if revision == "head" and have == head(part):
        return  # alembic itself takes longer to import than a daemon to start
    from alembic import command

    _refuse_newer(part, have)
    command.upgrade(_config(part, url), revision)


def downgrade(part: str, url: URL | str, revision: str) -> None:
    """Take a database back to a schema; "base" for none."""
    from alembic import command

    command.downgrade(_config(part, url), revision)


def _config(part: str, url: URL | str = "") -> "Config":
    from alembic.config import Config

    config = Config(str(files("migrations") / "alembic.ini"), ini_section=part)
    if url:
        text_url = url.render_as_string(hide_password=False) if isinstance(url, URL) else url
        config.set_section_option(part, "sqlalchemy.url", text_url.replace("%", "%%"))
    return config


def _read_version(part: str, connection: Connection) -> str | None:
    table = version_table(part)
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()


def _refuse_newer(part: str, revision: str | None) -> None:
    if revision is None:
        return
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(_config(part)).get_revision(revision)
    except CommandError as unknown:
        raise NewerSchema(part, revision) from unknown
