"""Nodes, seeds, the shares, batches and votes of proof-of-compute stages, and single values.

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
        "nodes",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("admin_enabled", sa.Boolean, nullable=False),
        sa.Column("admin_epoch", sa.BigInteger),
        sa.Column("admin_prev_epoch", sa.BigInteger, nullable=False),
        sa.Column("admin_pending", sa.Boolean),
    )
    op.create_table(
        "seeds",
        sa.Column("epoch_index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("submitted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "poc_assignments",
        sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("node_id", sa.String(128), primary_key=True),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Text, nullable=False),
        sa.Column("local_model", sa.Text, nullable=False),
        sa.Column("next_nonce", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "poc_batches",
        sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("batch_id", sa.String(64), primary_key=True),
        sa.Column("node_id", sa.String(128), nullable=False),
        sa.Column("nonces", sa.Text, nullable=False),
        sa.Column("dist_micro", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "poc_votes",
        sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("participant", sa.String(128), primary_key=True),
    )
    op.create_table(
        "kv",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("kv", "poc_votes", "poc_batches", "poc_assignments", "seeds", "nodes"):
        op.drop_table(table)
