"""Blocks and what becomes of them: the values that pass between the machine and whatever drives it."""

from chain.records import Record


class Header(Record, frozen=True):
    """Head of a block. Its hash names the block."""

    chain_id: str
    height: int
    time_ns: int
    """Block time, nanoseconds since the Unix epoch."""
    previous_hash: bytes = b""
    """Hash of the header before; empty for the first block."""
    app_hash: bytes = b""
    """State after the block before."""
    results_hash: bytes = b""
    """Results of the block before."""
    txs_hash: bytes = b""
    """Hash of this block's transactions."""
    proposer: str = ""
    """Who proposed the block."""
    block_hash: bytes = b""
    """Hash of all of the above; the machine takes it from whoever orders blocks and never computes it."""


class Block(Record, frozen=True):
    """A header and the transactions, as broadcast."""

    header: Header
    txs: tuple[bytes, ...] = ()


class Event(Record, frozen=True):
    """Something that happened, for those who follow the chain. Not part of the state."""

    type: str
    attributes: tuple[tuple[str, str], ...] = ()


class TxResult(Record, frozen=True):
    """What became of a transaction. Code 0 is success."""

    code: int = 0
    codespace: str = ""
    reason: str = ""
    """Name of the error, for example ErrNodeDisabled."""
    log: str = ""
    """What went wrong, in words. Never hashed."""
    data: bytes = b""
    """Encoded cosmos.base.abci.v1beta1.TxMsgData."""
    gas_wanted: int = 0
    gas_used: int = 0
    events: tuple[Event, ...] = ()


class ValidatorUpdate(Record, frozen=True):
    """What a block changes about one consensus validator. A driver gives it effect two blocks later."""

    public_key: bytes
    """Ed25519, 32 bytes."""
    power: int
    """New voting power; 0 for one that is a validator no more."""


class BlockResult(Record, frozen=True):
    """What a block did. A driver stores it, then commits it."""

    height: int
    tx_results: tuple[TxResult, ...]
    events: tuple[Event, ...]
    """What happened at the beginning and the end of the block, outside transactions."""
    changes: tuple[tuple[bytes, bytes | None], ...]
    """Changed entries, encoded, in key order; None for a deleted one. Applied to the state before, they
    give the state after.
    """
    app_hash: bytes
    results_hash: bytes
    epoch: bytes = b""
    """Where the chain stands after this block: encoded chain.v1.EpochInfo, for those who follow the chain.
    Never hashed.
    """
    validator_updates: tuple[ValidatorUpdate, ...] = ()
    """What changed among the consensus validators, by key, each once; of `init_chain` all of them."""


class QueryResult(Record, frozen=True):
    """Answer to a read. Code 0 is success; value is the encoded response message."""

    code: int = 0
    codespace: str = ""
    reason: str = ""
    log: str = ""
    value: bytes = b""
    height: int = 0


class Info(Record, frozen=True):
    """Where the machine stands: its last committed block."""

    height: int
    app_hash: bytes
    version: str
