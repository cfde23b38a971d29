"""The tables of the chain's database."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()
META = Table(
    "meta",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("chain_id", Text, nullable=False),
    Column("genesis", LargeBinary, nullable=False),
    Column("genesis_app_hash", LargeBinary, nullable=False),
    Column("checkpoint_height", BigInteger, nullable=False),
)
"""One row: which chain this is, its genesis document, and how far the checkpoint goes."""
BLOCKS = Table(
    "blocks",
    METADATA,
    Column("height", BigInteger, primary_key=True, autoincrement=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("block_hash", LargeBinary, nullable=False),
    Column("app_hash", LargeBinary, nullable=False),
    Column("results_hash", LargeBinary, nullable=False),
    Column("header", LargeBinary, nullable=False),
)
"""Blocks; app_hash is the state after the block."""
CHANGE_SETS = Table(
    "change_sets",
    METADATA,
    Column("height", BigInteger, primary_key=True, autoincrement=False),
    Column("changes", LargeBinary, nullable=False),
)
"""What each block changed; blocks that changed nothing have no row."""
TXS = Table(
    "txs",
    METADATA,
    Column("height", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("tx", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Index("txs_hash", "hash"),
)
"""Transactions as broadcast, and an encoded cosmos TxResponse for each."""
EVENTS = Table(
    "events",
    METADATA,
    Column("height", BigInteger, primary_key=True, autoincrement=False),
    Column("summary", LargeBinary, nullable=False),
)
"""What each block is told as: an encoded chain.v1.BlockSummary."""
KV = Table(
    "kv",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""The state at the checkpoint's height. Keys are bytes, so that both databases order them alike."""
