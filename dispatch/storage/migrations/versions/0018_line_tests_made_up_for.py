"""A line whose test the system outside couldn't do is tested again: each such hop has a row with a due time.

Only a table is added: programs of the release before go on working, and make no rows."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "retest",
        sa.Column("hop_id", Id, autoincrement=False, nullable=False),
        sa.Column("away_since", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.CheckConstraint("tries >= 0 AND unanswered >= 0", name=op.f("ck_retest_counted")),
        sa.ForeignKeyConstraint(["hop_id"], ["hop.id"], name=op.f("fk_retest_hop_id")),
        sa.PrimaryKeyConstraint("hop_id", name=op.f("pk_retest")),
    )
    op.create_index("ix_retest_due_at", "retest", ["due_at"])


def downgrade() -> None:
    op.drop_table("retest")
