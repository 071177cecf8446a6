"""Complaints are tickets with a source, a wish and times of their own.

Only a table is added. Programs of the release before know no complaints: end their workers before the first is taken."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("ticket_id", Id, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("about", Id),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("contact_by", Instant(), nullable=False),
        sa.Column("reply_by", Instant(), nullable=False),
        sa.Column("contacted_at", Instant()),
        sa.Column("replied_at", Instant()),
        sa.Column("agreement", sa.String(length=12)),
        sa.Column("replies", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("source IN ('customer', '12345', 'regulator')", name=op.f("ck_complaint_source_known")),
        sa.CheckConstraint("(replied_at IS NULL) = (agreement IS NULL)", name=op.f("ck_complaint_replied")),
        sa.CheckConstraint("agreement IN ('yes', 'no', 'unreached')", name=op.f("ck_complaint_agreement_known")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_complaint_ticket_id")),
        sa.ForeignKeyConstraint(["about"], ["ticket.id"], name=op.f("fk_complaint_about")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_complaint")),
    )
    where = sa.text("replied_at IS NULL")
    op.create_index("ix_complaint_unreplied", "complaint", ["reply_by"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("complaint")
