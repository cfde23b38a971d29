"""The SQL schema that the migrations make is the one that the program describes, up, down and up again, on
both databases, and what is stored stays there.
"""

from configparser import RawConfigParser
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData, create_engine, inspect

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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'part.db'}"
    return request.getfixturevalue("postgres_url")


def revisions(part: str) -> list[str]:
    """The part's schemas, oldest first."""
    return sorted(path.name.partition("_")[0] for path in (ROOT / "migrations" / part).glob("[0-9]*.py"))


def fill(part: str, url: str, number: int) -> dict[str, tuple[object, ...]]:
    """Puts a row of every type of value into each table that has none yet; all rows, by table."""
    engine = create_engine(url)
    metadata = MetaData()
    metadata.reflect(engine)
    rows = {}
    with engine.begin() as connection:
        for name, table in metadata.tables.items():
            if name == migrations.version_table(part):
                continue
            if connection.execute(table.select()).first() is None:
                values = {column.name: make_value(column, number) for column in table.columns}
                connection.execute(table.insert().values(values))
            (rows[name],) = (tuple(row) for row in connection.execute(table.select()))
    engine.dispose()
    return rows


def make_value(column: Column[object], number: int) -> object:
    """A value for a column."""
    kind = column.type.python_type
    return {int: number, bool: True, str: f"text {number}", bytes: b"\x00\xff"}[kind]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_stored_survives_every_change_of_schema(part: str, url: str):
    numbers = revisions(part)
    kept: dict[str, tuple[object, ...]] = {}
    for at, revision in enumerate(numbers):
        migrations.upgrade(part, url, revision)
        stored = fill(part, url, 7 + at)
        assert {name: stored[name] for name in kept} == kept
        kept = stored
    for below in numbers[-2::-1]:
        migrations.downgrade(part, url, below)
        stored = fill(part, url, 1)
        assert stored == {name: kept[name] for name in stored}
        migrations.upgrade(part, url)
        assert {name: row for name, row in fill(part, url, 1).items() if name in stored} == stored
    assert kept


@pytest.mark.parametrize("part", PARTS)
def test_up_down_and_up_again_makes_the_described_schema(part: str, url: str):
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
