"""The chain against its limits: one signature check a transaction, one fsync a block."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import coincurve

from chain.bank.types import Coin, MsgSend
from chain.block import BlockResult
from chain.io.sql import BlockRows, Database
from tests.chain.kit import Chain, Signer, build_genesis

Rate = Callable[[], float]
TRANSFERS = 500
CHANGES = 1000


def prepare_transfers() -> tuple[Rate, Rate]:
    """Blocks of signed transfers, never checked before, against bare checks of as many signatures."""
    ann, ben = Signer("ann"), Signer("ben")

    def ours() -> float:
        chain = Chain(build_genesis(ann, ben))
        send = MsgSend(ann.address, ben.address, (Coin("umesh", "1"),))
        txs = [chain.sign(ann, send, ahead=number) for number in range(TRANSFERS)]
        began = time.perf_counter()
        result = chain.make_block(*txs)
        spent = time.perf_counter() - began
        assert all(tx.code == 0 for tx in result.tx_results)
        return TRANSFERS / spent

    key = coincurve.PrivateKey(ann.secret)
    message, public = b"m" * 200, key.public_key.format()
    signature = key.sign(message)

    def reference() -> float:
        began = time.perf_counter()
        for _ in range(TRANSFERS):
            assert coincurve.PublicKey(public).verify(signature, message)
        return TRANSFERS / (time.perf_counter() - began)

    return ours, reference


def prepare_commits() -> tuple[Rate, Rate]:
    """Durable commits of blocks with a thousand changes, against appending the same bytes with one fsync."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    changes = tuple((b"\x11\x01" + number.to_bytes(16, "big"), b"v" * 160) for number in range(CHANGES))
    payload = b"".join(key + value for key, value in changes)

    def ours() -> float:
        chain = Chain(build_genesis(Signer("ann")))
        result = replace(chain.make_block(), changes=changes)
        database = Database(f"sqlite:///{folder}/{time.time_ns()}.db")
        database.open()
        database.initialise("mesh-test", b"{}", replace(result, height=0))
        began = time.perf_counter()
        for height in range(1, 51):
            _commit(database, chain, result, height)
        spent = time.perf_counter() - began
        database.close()
        return 50 / spent

    def reference() -> float:
        with (folder / "plain").open("wb") as file:
            began = time.perf_counter()
            for _ in range(50):
                file.write(payload)
                file.flush()
                os.fdatasync(file.fileno())
            return 50 / (time.perf_counter() - began)

    return ours, reference


def _commit(database: Database, chain: Chain, result: BlockResult, height: int) -> None:
    block = replace(chain.blocks[-1], header=replace(chain.blocks[-1].header, height=height))
    database.commit(block, replace(result, height=height), BlockRows(summary=b"", txs=()))
