"""Finishes of inferences that the chain does not have yet.

Safety: creates a table only; locks nothing. The program before it ignores the table. Taken back by dropping
the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finishes",
        sa.Column("inference_id", sa.String(128), primary_key=True),
        sa.Column("message", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("finishes")
