"""Callers who aren't ours, and whose business it is.

Only a table is added: programs of the release before know nothing of it."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "referral",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("caller", sa.String(length=24)),
        sa.Column("said_account", sa.String(length=80)),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("whose", sa.String(length=20), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "whose IN ('telecom', 'unicom', 'broadcasting', 'other-province', 'unknown')",
            name=op.f("ck_referral_whose_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_referral_at", "referral", ["at"])
    where = sa.text("caller IS NOT NULL")
    op.create_index("ix_referral_to_erase", "referral", ["at"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("referral")
