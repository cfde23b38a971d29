"""The SQL schema that the migrations make is the one that the program describes, up, down and up again."""

from configparser import RawConfigParser
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect

import migrations

ROOT = Path(__file__).resolve().parents[2]
PARTS = sorted({path.parent.name for path in (ROOT / "migrations").glob("*/[0-9]*.py")})


def described(part: str) -> MetaData:
    """The tables as the part's program describes them, named in alembic.ini."""
    settings = RawConfigParser()
    settings.read(ROOT / "migrations" / "alembic.ini", encoding="utf-8")
    module, _, name = settings[part]["metadata"].partition(":")
    return getattr(import_module(module), name)


def differences(part: str, url: str) -> list[object]:
    """What is in one of the two, the database and the description, and not in the other."""
    engine = create_engine(url)
    with engine.connect() as connection:
        options = {"version_table": migrations.version_table(part), "compare_type": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), described(part))
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    """The tables that a database has, without the migrations' own."""
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return {name for name in names if not name.endswith("alembic_version")}


def test_there_are_migrations():
    assert "chain" in PARTS


@pytest.mark.parametrize("part", PARTS)
def test_up_down_and_up_again_makes_the_described_schema(part: str, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'part.db'}"
    migrations.upgrade(part, url)
    assert differences(part, url) == []
    migrations.downgrade(part, url, "base")
    assert tables(url) == set()
    migrations.upgrade(part, url)
    assert differences(part, url) == []
    assert migrations.current(part, url) == migrations.head(part)


@pytest.mark.parametrize("part", PARTS)
def test_every_change_says_why_it_is_safe(part: str):
    silent = [
        p.name
        for p in (ROOT / "migrations" / part).glob("[0-9]*.py")
        if "Safety:" not in p.read_text("utf-8")
    ]
    assert silent == []
