"""The same blocks give the same hashes in any process: whatever its hash seed, protobuf backend and database,
however often it is stopped, whether it makes quiet blocks or passes over them, and with nothing else to ask.

`MESHKEEPER_PYTHONS` names other interpreters that have the requirements, parted by colons; the whole matrix
is run with them and with this one.
"""

import copy
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chain.poison import Poisoned, poisoned
from tests.chain.replica import Heights, find_difference, record
from tests.chain.test_story import live

ROOT = Path(__file__).parents[2]
VECTOR = ROOT / "tests" / "vectors" / "chain" / "block_first.json"
REPLAY = """
import json, sys
from google.protobuf.internal import api_implementation
from chain.vectors import read_cases, run_case
assert api_implementation.Type() == sys.argv[2], api_implementation.Type()
document = json.loads(open(sys.argv[1], encoding="utf-8").read())
print(json.dumps([run_case(case) for case in read_cases(document)]))
"""


@pytest.mark.parametrize("seed", ["0", "1", "random"])
@pytest.mark.parametrize("backend", ["upb", "python"])
def test_recorded_blocks_give_the_recorded_hashes_in_a_fresh_process(seed: str, backend: str) -> None:
    environment = {
        "PYTHONHASHSEED": seed,
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": backend,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", REPLAY, str(VECTOR), backend],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [None] * len(json.loads(VECTOR.read_text("utf-8"))["cases"])


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of the story and the quiet blocks after it."""
    story = live()
    story.run_to(story.chain.height + 60)
    path = tmp_path_factory.mktemp("replicas") / "recording.json"
    record(story.chain.genesis, story.chain.blocks, path)
    return path


def run_replica(
    recording: Path, url: str, seed: str, backend: str, *options: str, python: str = sys.executable
) -> Heights:
    """What a replica in a process of its own came to."""
    done = subprocess.run(
        [python, "-m", "tests.chain.replica", str(recording), url, "--backend", backend, *options],
        env={
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": backend,
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: Heights = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def first(recording: Path) -> Heights:
    """The replica that the others are compared with."""
    return run_replica(recording, f"sqlite:///{recording.parent}/first.db", "0", "upb")


PAIRS = (
    (sys.executable, "1", "python", "sqlite", ("--restart-every", "23", "--skip")),
    (sys.executable, "random", "upb", "postgresql", ("--restart-every", "40")),
    (sys.executable, "0", "python", "postgresql", ("--skip",)),
    (sys.executable, "random", "python", "sqlite", ()),
    (sys.executable, "1", "upb", "postgresql", ("--restart-every", "31", "--skip")),
    (sys.executable, "random", "upb", "sqlite", ("--restart-every", "13")),
)
"""Every two of hash seed, protobuf backend, database, restarts and skipping meet."""
PYTHONS = [path for path in os.environ.get("MESHKEEPER_PYTHONS", "").split(":") if path]
"""Interpreters besides this one; where there are any, everything meets everything."""
MATRIX = [
    (python, *rest)
    for python in (sys.executable, *PYTHONS)
    for *rest, restarts, skips in itertools.product(
        ("0", "1", "random"),
        ("upb", "python"),
        ("sqlite", "postgresql"),
        ((), ("--restart-every", "17")),
        ((), ("--skip",)),
    )
    for rest in [(*rest, restarts + skips)]
]


@pytest.mark.parametrize(("python", "seed", "backend", "database", "options"), MATRIX if PYTHONS else PAIRS)
def test_replicas_agree_at_every_height(
    recording: Path,
    first: Heights,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    python: str,
    seed: str,
    backend: str,
    database: str,
    options: tuple[str, ...],
) -> None:
    sqlite = f"sqlite:///{tmp_path}/chain.db"
    url = sqlite if database == "sqlite" else request.getfixturevalue("postgres_url")
    told = run_replica(recording, url, seed, backend, *options, python=python)
    assert find_difference(first, told) is None
    if "--skip" in options:
        assert len(told) < len(first) - 30, "it passes over quiet blocks"
    else:
        assert told.keys() == first.keys()


def test_a_difference_is_named_by_height_store_and_key(first: Heights) -> None:
    other = copy.deepcopy(first)
    height = next(height for height in sorted(first, key=int) if first[height][2])
    key = next(iter(first[height][2]))
    other[height][2][key], other[height][0] = "00", "00"
    other[str(int(height) + 1)][0] = "00"
    found = find_difference(first, other)
    assert found is not None
    assert found.startswith(f"height {height}, store ") and f", key {key} (" in found
    assert find_difference(first, copy.deepcopy(first)) is None


def test_a_bad_replica_is_told_by_height_store_and_key(
    recording: Path, first: Heights, tmp_path: Path
) -> None:
    paid = [height for height, told in first.items() if any(key.startswith("0201") for key in told[2])]
    at = sorted(map(int, paid))[len(paid) // 2]
    url = f"sqlite:///{tmp_path}/chain.db"
    told = run_replica(recording, url, "0", "upb", "--perturb", str(at))
    found = find_difference(first, told)
    assert found is not None and found.startswith(f"height {at}, store bank/balances, key 0201"), found


@pytest.mark.parametrize(
    "ask",
    [
        lambda: time.time(),
        lambda: random.random(),
        lambda: os.urandom(1),
        lambda: Path("/dev/null").read_bytes(),
        lambda: os.open("/dev/null", os.O_RDONLY),
        lambda: socket.socket(),
        lambda: socket.getaddrinfo("localhost", 1),
        lambda: __import__("this"),
    ],
    ids=["time", "random", "urandom", "open", "os.open", "socket", "getaddrinfo", "import"],
)
def test_the_poison_closes_the_doors(ask: Callable[[], object]) -> None:
    with poisoned(), pytest.raises(Poisoned):
        ask()
    assert time.time() > 0
