"""Who may import whom: the pure files of a part, its door `io/`, its command line, the rooms of the chain.

In                          may import
pure file of a part         the pure side of the standard library, its own pure files
the files in LEAVE          the above, and what is named there, for the reason given there
a chain room                no other room's keeper, rules or msgs, and nothing that stands above the rooms
<part>/io, __main__.py      its own part, third parties, and other parts' `v1` (and `chain.cosmos`)
meshkeeper/                 parts only inside functions, so that a command starts what it needs
migrations/                 the tables in <part>/io/sql.py, and no other file of a part
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("chain", "broker", "mlnode")
CONTRACTS = ("chain.v1", "chain.cosmos", "broker.v1", "mlnode.v1")
NOT_ROOMS = ("io", "v1", "cosmos", "queries", "upgrades")
ABOVE_ROOMS = ("chain.app", "chain.machine", "chain.router", "chain.ante", "chain.layout", "chain.queries")

IMPURE = frozenset(
    """
    asyncio concurrent ctypes datetime fcntl getpass glob http importlib inspect io locale logging mmap
    multiprocessing os pathlib platform queue random secrets select selectors shutil signal socket
    sqlite3 ssl subprocess sys tempfile threading time urllib uuid warnings weakref
    """.split()  # noqa: SIM905
)
"""Modules of the standard library that read a clock, chance, the machine or the outside."""

LEAVE = {
    # What records are made of: structures in memory, nothing of the outside.
    "chain/records.py": ("msgspec",),
    # The keys of a million entries, in order.
    "chain/store.py": ("sortedcontainers",),
    # Turns records into messages and back; nothing else in the chain meets a protobuf object.
    "chain/codec.py": ("chain.v1", "chain.cosmos", "google"),
    # Records as JSON, the text form of the same messages.
    "chain/json_form.py": ("google",),
    # Verification of signatures, deterministic by definition.
    "chain/auth/signatures.py": ("coincurve", "nacl"),
    # The text form of an address.
    "chain/auth/addresses.py": ("bech32",),
}
"""Pure files that may import one thing more."""


def imports(tree: ast.AST, module: str) -> Iterator[tuple[str, int, bool]]:
    """Every imported name in full, its line, and whether it stands at the top (not inside a function)."""
    inside = {
        id(n)
        for f in ast.walk(tree)
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        for n in ast.walk(f)
    }
    checked_only = {
        id(n)
        for i in ast.walk(tree)
        if isinstance(i, ast.If) and ast.unparse(i.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for n in ast.walk(i)
    }
    for node in ast.walk(tree):
        top = id(node) not in inside and id(node) not in checked_only
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno, top
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for name in node.names:
                yield f"{source}.{name.name}", node.lineno, top


def within(name: str, *packages: str) -> bool:
    """Whether an imported name is one of these packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def offence(path: PurePosixPath, name: str, top: bool) -> str | None:
    """Why this file may not import this name, or None."""
    part = path.parts[0]
    if part == "meshkeeper":
        if top and within(name, *PARTS) and not within(name, *CONTRACTS):
            return "a part is imported inside the function that needs it"
        return None
    if part == "migrations":
        tables = [f"{owner}.io.sql" for owner in PARTS]
        return (
            "migrations know the tables only" if within(name, *PARTS) and not within(name, *tables) else None
        )
    if within(name, *PARTS, "meshkeeper", "migrations", "tests") and not within(name, part):
        if (path.parts[1] == "io" or path.name == "__main__.py") and within(name, *CONTRACTS, "migrations"):
            return None
        return "another part is known by its contract, in io/ only"
    if path.parts[1] == "io" or path.name == "__main__.py":
        return None
    return purity_offence(path, name) or (room_offence(path, name) if part == "chain" else None)


def purity_offence(path: PurePosixPath, name: str) -> str | None:
    """Why a pure file may not import this name, or None."""
    part = path.parts[0]
    if within(name, *LEAVE.get(str(path), ())):
        return None
    if within(name, part):
        if within(name, f"{part}.io", f"{part}.__main__"):
            return "the core does not know its edge"
        return "records, not protobuf messages" if within(name, *CONTRACTS) else None
    root = name.split(".")[0]
    if root not in sys.stdlib_module_names:
        return "no third party in a pure file"
    return "not from the pure side of the standard library" if root in IMPURE else None


def room_offence(path: PurePosixPath, name: str) -> str | None:
    """Why this file of the chain may not import that one of the chain, or None."""
    if len(path.parts) < 3 or path.parts[1] in NOT_ROOMS:
        return None
    room = path.parts[1]
    if within(name, *ABOVE_ROOMS):
        return "a room does not know what stands above it"
    layers = ("types", "rules", "keeper", "msgs")
    target = name.split(".")
    if target[0] != "chain" or len(target) < 3 or target[2] not in layers:
        return None
    if target[1] != room:
        return None if target[2] == "types" else "of another room only its types"
    own = path.stem
    if own in layers and layers.index(target[2]) > layers.index(own):
        return "types <- rules <- keeper <- msgs"
    return None


def offences(path: PurePosixPath, source: str) -> list[str]:
    """All imports of a file that break the table above, as `file:line: name (why)`."""
    module = ".".join(path.with_suffix("").parts)
    found = imports(ast.parse(source), module)
    judged = [(name, line, offence(path, name, top)) for name, line, top in found]
    return [f"{path}:{line}: {name} ({why})" for name, line, why in judged if why]


def written_files() -> list[PurePosixPath]:
    """Every Python file of the parts that a person wrote."""
    folders = [*PARTS, "meshkeeper", "migrations"]
    paths = [path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(PurePosixPath(p) for p in paths if not within(".".join(p.parts[:2]), *CONTRACTS))


def test_every_file_imports_only_what_its_place_allows():
    files = written_files()
    assert len(files) > 50, "the walk must find the code"
    assert [found for path in files for found in offences(path, (ROOT / path).read_text("utf-8"))] == []


def test_every_leave_names_a_file_that_uses_it():
    for path, packages in LEAVE.items():
        names = [name for name, _, _ in imports(ast.parse((ROOT / path).read_text("utf-8")), "")]
        assert any(within(name, *packages) for name in names), f"{path} no longer needs {packages}"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("chain/poc/rules.py", "import time"),
        ("chain/poc/rules.py", "from datetime import datetime"),
        ("chain/poc/rules.py", "import chain.poc.keeper"),
        ("chain/poc/msgs.py", "from ..nodes import keeper"),
        ("chain/poc/keeper.py", "from chain.nodes.rules import is_valid"),
        ("chain/poc/keeper.py", "from chain import app"),
        ("chain/store.py", "from chain.io import sql"),
        ("chain/store.py", "from chain.v1 import tx_pb2"),
        ("chain/store.py", "def f():\n    import numpy"),
        ("broker/reconcile.py", "from chain.poc import rules"),
        ("broker/reconcile.py", "from chain.v1 import query_pb2"),
        ("broker/io/chain.py", "from chain.fixed import Decimal"),
        ("mlnode/__main__.py", "import broker.nodes"),
        ("meshkeeper/__main__.py", "import chain.__main__"),
        ("migrations/env.py", "from chain.models.types import Model"),
    ],
)
def test_the_walk_catches_a_forbidden_import(path: str, source: str):
    assert len(offences(PurePosixPath(path), source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("chain/poc/keeper.py", "from chain.nodes.types import HardwareNode\nfrom chain.poc import rules"),
        ("chain/codec.py", "from chain.v1 import tx_pb2"),
        ("broker/io/chain.py", "import grpc\nfrom chain.v1 import query_pb2_grpc\nfrom broker import events"),
        ("meshkeeper/__main__.py", "def f():\n    import chain.__main__"),
        ("migrations/env.py", "from broker.io import sql"),
    ],
)
def test_the_walk_lets_pass_what_the_table_allows(path: str, source: str):
    assert offences(PurePosixPath(path), source) == []
