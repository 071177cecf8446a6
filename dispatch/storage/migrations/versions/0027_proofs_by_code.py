"""Codes that prove the possession of a mobile number.

Only a table is added: programs of the release before go on working, and send no codes."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("id", Id, nullable=False),
        sa.Column("mobile_index", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("account_id", Id, nullable=False),
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
    op.create_index("ix_proof_mobile_index", "proof", ["mobile_index", "made_at"])
    op.create_index("ix_proof_actor", "proof", ["actor", "made_at"])
    op.create_index("ix_proof_made_at", "proof", ["made_at"])


def downgrade() -> None:
    op.drop_table("proof")
