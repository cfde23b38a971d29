"""The committed code of the contract is what the .proto files say today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ("chain/v1", "chain/cosmos", "broker/v1", "mlnode/v1")


def generated_files(root: Path) -> dict[str, bytes]:
    """Every file in the generated packages below `root`, by its path."""
    paths = [path for folder in CONTRACTS for path in (root / folder).iterdir() if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def test_the_committed_code_is_generated_from_the_contract(tmp_path: Path):
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), str(tmp_path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    fresh, committed = generated_files(tmp_path), generated_files(ROOT)
    assert sorted(committed) == sorted(fresh)
    assert [path for path in fresh if fresh[path] != committed[path]] == [], "run `make proto`"


def test_every_contract_has_a_proto_file():
    for folder in CONTRACTS:
        assert list((ROOT / "proto" / folder).glob("*.proto")), f"{folder} is generated from nothing"
