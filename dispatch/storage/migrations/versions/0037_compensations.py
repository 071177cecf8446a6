"""Compensations are credits on customers' bills, each for one ticket and one reason.

Only a table is added: programs of the release before go on working, and compensate nobody."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "compensation",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("ticket_id", Id, nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("approval_id", Id),
        sa.CheckConstraint("basis IN ('repair', 'building', 'goodwill')", name=op.f("ck_compensation_basis_known")),
        sa.CheckConstraint("fen > 0", name=op.f("ck_compensation_fen")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_compensation_account_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_compensation_ticket_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_compensation_approval_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compensation")),
        sa.UniqueConstraint("approval_id", name=op.f("uq_compensation_approval_id")),
        sa.UniqueConstraint("ticket_id", "basis", name=op.f("uq_compensation_ticket_id_basis")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_compensation_account_id", "compensation", ["account_id"])
    forbid_changes(op.get_bind(), "compensation")


def downgrade() -> None:
    op.drop_table("compensation")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION compensation_append_only()")
