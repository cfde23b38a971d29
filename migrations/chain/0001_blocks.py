"""Blocks, their changes, transactions and events, and the checkpoint.

Safety: creates tables only; locks nothing. There is no program before it. Taken back by dropping the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chain_id", sa.Text, nullable=False),
        sa.Column("genesis", sa.LargeBinary, nullable=False),
        sa.Column("genesis_app_hash", sa.LargeBinary, nullable=False),
        sa.Column("checkpoint_height", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "blocks",
        sa.Column("height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("block_hash", sa.LargeBinary, nullable=False),
        sa.Column("app_hash", sa.LargeBinary, nullable=False),
        sa.Column("results_hash", sa.LargeBinary, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "change_sets",
        sa.Column("height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("changes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "txs",
        sa.Column("height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("tx", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
    )
    op.create_index("txs_hash", "txs", ["hash"])
    op.create_table(
        "events",
        sa.Column("height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("summary", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "kv",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    for table in ("kv", "events", "txs", "change_sets", "blocks", "meta"):
        op.drop_table(table)
