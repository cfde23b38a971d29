"""Runs the changes of one part, named by the section of alembic.ini: each change is one transaction.

Waits for locks at most `LOCK_TIMEOUT_S`, so that a change never hangs behind a forgotten session, and holds
an advisory lock on PostgreSQL, so that two programs that start at once do not both try.
"""

import zlib
from importlib import import_module

from alembic import context
from sqlalchemy import Connection, MetaData, create_engine, pool, text

LOCK_TIMEOUT_S = 30
STATEMENT_TIMEOUT_S = 600

part = context.config.config_ini_section
url = context.get_x_argument(as_dictionary=True).get("url") or context.config.get_main_option(
    "sqlalchemy.url"
)


def load_metadata() -> MetaData:
    """The tables as the part's program describes them."""
    module, _, name = context.config.get_main_option("metadata", "").partition(":")
    metadata: MetaData = getattr(import_module(module), name)
    return metadata


def set_limits(connection: Connection) -> None:
    """Bound every wait, and let one program at a time change the schema."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000}"))
    else:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'"))
        key = zlib.crc32(f"meshkeeper/migrations/{part}".encode())
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
    connection.commit()


def migrate() -> None:
    """Run the changes; the connection's end gives the lock back."""
    if not url:
        raise SystemExit("name the database: alembic -x url=sqlite:///path.db …")
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        set_limits(connection)
        context.configure(
            connection=connection,
            target_metadata=load_metadata(),
            version_table=f"{part}_alembic_version",
            transaction_per_migration=True,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("changes run against a database; --sql is not supported")
migrate()
