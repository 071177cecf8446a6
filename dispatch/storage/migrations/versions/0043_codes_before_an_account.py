"""A code may prove a number before there is an account: the one that an opening binds.

Programs of the release before go on: they read and write codes of accounts alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    _account_id(nullable=True)


def downgrade() -> None:
    """Codes for openings end: they count for five minutes, and the release before knows none."""
    op.execute("DELETE FROM proof WHERE account_id IS NULL")
    _account_id(nullable=False)


def _account_id(*, nullable: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(nullable=nullable)
    else:
        op.alter_column("proof", "account_id", nullable=nullable)


def _rebuild(*, nullable: bool) -> None:
    """Rebuild the table: SQLite changes no column. Its indexes go with the old one."""
    op.create_table(
        "proof_rebuilt",
        sa.Column("id", Id, nullable=False),
        sa.Column("mobile_index", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("account_id", Id, nullable=nullable),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("code_hmac", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=60)),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("used_by", Id),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proof_account_id")),
        sa.ForeignKeyConstraint(["used_by"], ["operation.id"], name=op.f("fk_proof_used_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
        sa.UniqueConstraint("used_by", name=op.f("uq_proof_used_by")),
        sqlite_autoincrement=True,
    )
    columns = "id, mobile_index, purpose, account_id, actor, code_hmac, source, made_at, tries, used_by"
    op.execute(f"INSERT INTO proof_rebuilt ({columns}) SELECT {columns} FROM proof ORDER BY id")
    op.drop_table("proof")
    op.rename_table("proof_rebuilt", "proof")
    op.create_index("ix_proof_mobile_index", "proof", ["mobile_index", "made_at"])
    op.create_index("ix_proof_actor", "proof", ["actor", "made_at"])
    op.create_index("ix_proof_made_at", "proof", ["made_at"])
