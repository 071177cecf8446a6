"""The epoch: after a restore, it raises generations above those that were ever in a message."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("restored_at", Instant(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_epoch_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch")),
    )
    op.execute("INSERT INTO epoch (id, base) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_table("epoch")
