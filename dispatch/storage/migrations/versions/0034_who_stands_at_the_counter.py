"""Agents who act for customers; a passport's country, and the date of birth where no number tells it.

Columns and a table are only added. Programs of the release before look for no passport by its country: end those of the
counter first, or they register the holder of a new one twice; and rotate no keys while they run."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("customer", sa.Column("issuing_country", sa.String(length=3)))
    op.add_column("customer", sa.Column("birth", sa.Text()))
    op.create_table(
        "operation_agent",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("document_kind", sa.String(length=40), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_index", sa.String(length=64), nullable=False),
        sa.Column("issuing_country", sa.String(length=3)),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("basis", sa.String(length=12), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.CheckConstraint("party IN ('holder', 'new-owner')", name=op.f("ck_operation_agent_party_known")),
        sa.CheckConstraint(
            "basis IN ('unit-handler', 'guardian', 'authorised')", name=op.f("ck_operation_agent_basis_known")
        ),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_operation_agent_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_agent")),
        sa.UniqueConstraint("operation_id", "party", name=op.f("uq_operation_agent_operation_id_party")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_operation_agent_document_index", "operation_agent", ["document_index"])


def downgrade() -> None:
    op.drop_table("operation_agent")
    op.drop_column("customer", "birth")
    op.drop_column("customer", "issuing_country")
