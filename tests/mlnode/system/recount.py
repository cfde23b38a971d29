"""The distances of a stage's nonces, computed again in a process of its own: `python -m ... MODEL HASH KEY`.

Reads a number from each line of its input, and answers with the distances of that many nonces from 0 on.
"""

import json
import subprocess
import sys
from pathlib import Path

from tests.mlnode.system.nodes import ROOT


class Recount:
    """What a stage's nonces are truly worth."""

    def __init__(self, model: Path, block_hash: bytes, public_key: bytes) -> None:
        command = [sys.executable, "-m", "tests.mlnode.system.recount", str(model)]
        self._process = subprocess.Popen(
            [*command, block_hash.hex(), public_key.hex()],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def distances(self, count: int) -> list[int]:
        """Of the nonces 0 to `count` - 1."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        answer: list[int] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def main(model: Path, block_hash: bytes, public_key: bytes) -> None:
    from mlnode.io.callbacks import AbortFlag, EngineLog
    from mlnode.io.model import Model
    from mlnode.io.poc_engine import PocEngine
    from mlnode.poc import Stage

    loaded = Model(model, n_gpu_layers=0, use_mmap=True, check_tensors=False, log=EngineLog())
    engine = PocEngine(loaded, model, None, AbortFlag(), 1)
    stage, known = Stage(block_hash, public_key), list[int]()
    for line in sys.stdin:
        while len(known) < int(line):
            known += engine.compute_distances(stage, range(len(known), len(known) + engine.width), 0)
        print(json.dumps(known[: int(line)]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]))
