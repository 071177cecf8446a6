"""An invoice may be offset in parts.

Programs of the release before go on: they offset whole invoices only.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild([])
    else:
        op.drop_constraint("uq_invoice_offsets", "invoice")
    op.create_index("ix_invoice_offsets", "invoice", ["offsets"])


def downgrade() -> None:
    """An invoice that was offset in parts stops it: the release before can't hold it."""
    op.drop_index("ix_invoice_offsets", "invoice")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild([sa.UniqueConstraint("offsets", name=op.f("uq_invoice_offsets"))])
    else:
        op.create_unique_constraint("uq_invoice_offsets", "invoice", ["offsets"])


def _rebuild(uniques: Sequence[sa.UniqueConstraint]) -> None:
    """Rebuild the table: SQLite changes no constraint. Its triggers go with the old one."""
    op.create_table(
        "invoice_rebuilt",
        sa.Column("number", Id, autoincrement=False, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("offsets", Id),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(amount < 0) = (offsets IS NOT NULL) AND amount <> 0", name=op.f("ck_invoice_red_offsets_black")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invoice_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_invoice_operation_id")),
        sa.ForeignKeyConstraint(["offsets"], ["invoice.number"], name=op.f("fk_invoice_offsets")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_invoice")),
        *uniques,
    )
    columns = "number, operation_id, account_id, amount, offsets, content, at"
    op.execute(f"INSERT INTO invoice_rebuilt ({columns}) SELECT {columns} FROM invoice ORDER BY number")
    op.drop_table("invoice")
    op.rename_table("invoice_rebuilt", "invoice")
    op.create_index("ix_invoice_account_id", "invoice", ["account_id"])
    forbid_changes(op.get_bind(), "invoice")
