"""What customers are told is written down by event, with what became of it.

Only a table is added: programs of the release before go on working, and tell customers less."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", Id, nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("account_id", Id),
        sa.Column("mobile", sa.String(length=20)),
        sa.Column("facts", Document, nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant()),
        sa.Column("outcome", sa.String(length=12)),
        sa.Column("effect_id", Id),
        sa.CheckConstraint("outcome IN ('effect', 'sent', 'off', 'no-number')", name=op.f("ck_message_outcome_known")),
        sa.CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name=op.f("ck_message_settled")),
        sa.CheckConstraint("effect_id IS NULL OR outcome = 'effect'", name=op.f("ck_message_of_its_effect")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_message_account_id")),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"], name=op.f("fk_message_effect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("effect_id", name=op.f("uq_message_effect_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_message_source", "message", ["source", "event"])
    where = sa.text("settled_at IS NULL")
    op.create_index("ix_message_to_settle", "message", ["id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("message")
