"""The same blocks give the same hashes in any process, whatever its hash seed and protobuf backend."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VECTOR = ROOT / "tests" / "vectors" / "chain" / "blocks.json"
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
