"""A supervisor's approvals, and what systems outside answered before an act.

Only tables are added: programs of the release before go on working, and ask nobody."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from dispatch.storage.column_types import Id, Instant

revision = "0023"
down_revision = "0022"

_WAITING = sa.text("outcome IS NULL")


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", Id, nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("fen", sa.BigInteger()),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("decided_by", sa.String(length=80)),
        sa.Column("outcome", sa.String(length=12)),
        sa.Column("at", Instant()),
        sa.Column("used_by", sa.String(length=80)),
        sa.CheckConstraint("outcome IN ('approved', 'refused')", name=op.f("ck_approval_outcome_known")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (at IS NULL)",
            name=op.f("ck_approval_decided"),
        ),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_approval_by_another")),
        sa.CheckConstraint("used_by IS NULL OR outcome = 'approved'", name=op.f("ck_approval_used_when_approved")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("used_by", "act", name=op.f("uq_approval_used_by_act")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approval_waiting", "approval", ["asked_at"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.create_table(
        "port_answer",
        sa.Column("id", Id, nullable=False),
        sa.Column("port", sa.String(length=20), nullable=False),
        sa.Column("question_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port_answer")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_port_answer_asked_at", "port_answer", ["asked_at"])


def downgrade() -> None:
    op.drop_table("port_answer")
    op.drop_table("approval")
