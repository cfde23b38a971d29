"""How blocks and results are told to clients: as chain.v1 summaries and as Cosmos answers."""

from datetime import UTC, datetime
from typing import Any

from chain.block import Block, BlockResult, Event, TxResult
from chain.cosmos import abci_pb2
from chain.header import compute_tx_hash
from chain.v1 import epochs_pb2, events_pb2

NS_PER_S = 1_000_000_000
Parts = dict[str, Any]
"""A message inside another, by its fields: protobuf builds it in place, twice as fast as from an object."""


def summarise_block(block: Block, result: BlockResult) -> events_pb2.BlockSummary:
    """A block for those who follow the chain."""
    return events_pb2.BlockSummary(
        height=block.header.height,
        block_hash=block.header.block_hash,
        time_ns=block.header.time_ns,
        app_hash=result.app_hash,
        epoch=epochs_pb2.EpochInfo.FromString(result.epoch),
        txs=[_summarise_tx(tx, of) for tx, of in zip(block.txs, result.tx_results, strict=True)],
        events=_events(result.events),
    )


def describe_tx(tx: bytes, result: TxResult, height: int = 0, time_ns: int = 0) -> abci_pb2.TxResponse:
    """A transaction's result as Cosmos clients read it; height 0 when it was only checked."""
    return abci_pb2.TxResponse(
        height=height,
        txhash=compute_tx_hash(tx),
        codespace=result.codespace,
        code=result.code,
        data=result.data.hex().upper(),
        raw_log=result.log,
        info=result.reason,
        gas_wanted=result.gas_wanted,
        gas_used=result.gas_used,
        timestamp=format_time(time_ns) if height else "",
        events=_cosmos_events(result.events),
    )


def describe_trial(result: TxResult) -> abci_pb2.Result:
    """What a trial run showed."""
    return abci_pb2.Result(log=result.log, events=_cosmos_events(result.events))


def format_time(time_ns: int) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _summarise_tx(tx: bytes, result: TxResult) -> Parts:
    return {
        "hash": compute_tx_hash(tx),
        "code": result.code,
        "codespace": result.codespace,
        "reason": result.reason,
        "log": result.log,
        "gas_wanted": result.gas_wanted,
        "gas_used": result.gas_used,
        "events": _events(result.events),
    }


def _events(events: tuple[Event, ...]) -> list[Parts]:
    return [
        {
            "type": event.type,
            "attributes": [{"key": key, "value": value} for key, value in event.attributes],
        }
        for event in events
    ]


def _cosmos_events(events: tuple[Event, ...]) -> list[Parts]:
    return [
        {
            "type": event.type,
            "attributes": [{"key": key, "value": value, "index": True} for key, value in event.attributes],
        }
        for event in events
    ]
