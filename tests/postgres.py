"""A PostgreSQL server for tests: started once, in a folder of its own, on a socket only, never as root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

START_ATTEMPTS = 100
"""Tries of 0.1 s until the server answers."""
MISSING = "PostgreSQL is not installed; install the package postgresql to run this test"


def find_program(name: str) -> str | None:
    """A program of PostgreSQL: newest of Debian's folders, or from the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[4])
    return str(debian[-1]) if debian else shutil.which(name)


def choose_owner() -> dict[str, int]:
    """Who runs the server: ourselves, or somebody with fewer rights where we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid}
    pytest.fail("no user postgres or nobody: PostgreSQL does not run as root")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The folder of the server's socket. Skipped where PostgreSQL is missing; a failure where CI is set."""
    initdb, postgres = find_program("initdb"), find_program("postgres")
    if initdb is None or postgres is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    owner = choose_owner()
    folder = Path(tempfile.mkdtemp(prefix="meshkeeper-pg-"))
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **owner}
    try:
        setup = [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*setup, "--locale=C"], check=True, **quiet)
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        server = subprocess.Popen([postgres, "-D", str(data), *options], **quiet)
        try:
            wait_until_up(folder, server)
            yield folder
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(folder)


def wait_until_up(folder: Path, server: subprocess.Popen[bytes]) -> None:
    """Until the server takes connections, or has ended."""
    for _ in range(START_ATTEMPTS):
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
    pytest.fail("PostgreSQL did not start")


@pytest.fixture
def postgres_url(postgres_server: Path) -> Iterator[str]:
    """A database of its own for each test."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(host=str(postgres_server), user="postgres", dbname="postgres", autocommit=True) as c:
        c.execute(f"CREATE DATABASE {name}")
        yield f"postgresql+psycopg://postgres@/{name}?host={postgres_server}"
        c.execute(f"DROP DATABASE {name} WITH (FORCE)")
