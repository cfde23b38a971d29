"""A transaction is found when the node answers from its block, not before."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from chain.block import Block, BlockResult, Header
from chain.cosmos import abci_pb2, tx_service_pb2
from chain.header import compute_tx_hash, with_block_hash
from chain.io.cosmos_clients import TxService
from chain.io.sql import BlockRows, Database

TX = b"\n\x00"


class Refused(Exception):
    pass


class Context:
    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise Refused(code, details)


@pytest.mark.asyncio
async def test_a_block_that_is_written_and_not_yet_stood_at_is_not_told_of(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'chain.db'}")
    database.open()
    database.initialise("mesh-1", b"", BlockResult(0, (), (), (), b"", b""))
    result = abci_pb2.TxResponse(height=1, txhash=compute_tx_hash(TX)).SerializeToString()
    row = (bytes.fromhex(compute_tx_hash(TX)), TX, result)
    block = Block(with_block_hash(Header("mesh-1", 1, 10)), (TX,))
    database.commit(block, BlockResult(1, (), (), (), b"", b""), BlockRows(b"", (row,)))
    producer = SimpleNamespace(tip=SimpleNamespace(height=0))
    unused: Any = None
    service = TxService(unused, producer, database)  # type: ignore[arg-type]
    request, context = tx_service_pb2.GetTxRequest(hash=compute_tx_hash(TX)), Context()
    with pytest.raises(Refused, match="tx not found"):
        await service.GetTx(request, context)  # type: ignore[arg-type]
    producer.tip.height = 1
    found = await service.GetTx(request, context)  # type: ignore[arg-type]
    assert found.tx_response.height == 1
    database.close()
