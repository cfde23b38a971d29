"""One more machine for the same blocks: `python -m tests.chain.replica RECORDING DATABASE_URL [options]`.

Runs recorded blocks in a fresh process, each poisoned, stores them, and prints what it came to at every
height: app hash, results hash and the hash of every entry that changed. With `--perturb HEIGHT` it is a bad
replica: before that block a balance in its memory is another one.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.internal import api_implementation

from chain.app import App
from chain.bank.keeper import BALANCES
from chain.block import Block
from chain.codec import decode, encode
from chain.genesis import GenesisState
from chain.header import decode_header, encode_header
from chain.io.checkpoints import Durability
from chain.io.opening import open_chain
from chain.io.sql import BlockRows, Database
from chain.records import replace
from chain.replay import find_difference as find_changed
from tests.chain.poison import poisoned

Heights = Mapping[str, Any]
"""By height: app hash, results hash, and changed keys to the hash of their value, None for a deleted one."""


def record(genesis: GenesisState, blocks: list[Block], path: Path) -> None:
    """Writes blocks down for replicas."""
    lines = [[encode_header(block.header).hex(), [tx.hex() for tx in block.txs]] for block in blocks]
    path.write_text(json.dumps({"genesis": encode(genesis).hex(), "blocks": lines}))


def replay(
    recording: Path, url: str, restart_every: int, is_skipping: bool, perturbed_at: int = 0
) -> Heights:
    """Runs recorded blocks on a database; stops and starts again after every so many; passes over quiet ones
    when skipping.
    """
    document = json.loads(recording.read_text())
    genesis = decode(GenesisState, bytes.fromhex(document["genesis"]))
    told: dict[str, Any] = {}
    database, app = _open(url, genesis)
    for at, (head, txs) in enumerate(document["blocks"], 1):
        block = Block(decode_header(bytes.fromhex(head)), tuple(bytes.fromhex(tx) for tx in txs))
        if is_skipping and _is_quiet(app, block):
            app.skip(block.header)
            continue
        if block.header.height == perturbed_at:
            _perturb(app)
        if perturbed_at:  # it does not notice that others have another state
            block = replace(block, header=replace(block.header, app_hash=b""))
        with poisoned():
            result = app.finalize_block(block)
        database.commit(block, result, BlockRows(b"", ()))
        app.commit()
        changes = {key.hex(): value and hashlib.sha256(value).hexdigest() for key, value in result.changes}
        told[str(result.height)] = [result.app_hash.hex(), result.results_hash.hex(), changes]
        if restart_every and at % restart_every == 0:
            database.close()
            database, app = _open(url, genesis)
    database.close()
    return told


def find_difference(one: Heights, other: Heights) -> str | None:
    """Where two replicas part for the first time: height, store and key. Heights that one of them passed over
    count when the next one differs.
    """
    for height in sorted((one.keys() & other.keys()), key=int):
        mine, theirs = one[height], other[height]
        if mine[:2] == theirs[:2]:
            continue
        found = find_changed(_by_key(mine[2]), _by_key(theirs[2]))
        if found is not None:
            return f"height {height}, {found}"
        what = "results" if mine[0] == theirs[0] else "app hash, by an earlier height that one passed over"
        return f"height {height}: {what}"
    return None


def _by_key(changes: Mapping[str, str | None]) -> dict[bytes, str | None]:
    return {bytes.fromhex(key): value for key, value in changes.items()}


def _perturb(app: App) -> None:
    """Gives every account one umesh more, past all rules and hashes."""
    for key, amount in list(app._store.iterate(BALANCES.prefix)):
        app._store.set(key, amount + 1)


def _open(url: str, genesis: GenesisState) -> tuple[Database, App]:
    database = Database(url, Durability(checkpoint_blocks=5, history_blocks=3))
    database.open()
    return database, open_chain(database, genesis, "replica", 3)[0]


def _is_quiet(app: App, block: Block) -> bool:
    wakeup, header = app.find_wakeup(), block.header
    return not block.txs and header.height < wakeup.height and header.time_ns < wakeup.time_ns


def main() -> None:
    """Runs one replica."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("url")
    parser.add_argument("--backend", default="upb")
    parser.add_argument("--restart-every", type=int, default=0)
    parser.add_argument("--skip", action="store_true")
    parser.add_argument("--perturb", type=int, default=0)
    given = parser.parse_args()
    assert api_implementation.Type() == given.backend, api_implementation.Type()
    told = replay(given.recording, given.url, given.restart_every, given.skip, given.perturb)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
