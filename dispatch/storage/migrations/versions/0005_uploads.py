"""Uploads: photos of a hop's evidence, and scans for an operation; indexes to find a customer by mobile number."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", Id, nullable=False),
        sa.Column("hop_id", Id, nullable=True),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["hop_id"], ["hop.id"], name=op.f("fk_upload_hop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_hop_id"), "upload", ["hop_id"])
    op.create_index(op.f("ix_upload_made_at"), "upload", ["made_at"])
    op.create_index(op.f("ix_customer_mobile"), "customer", ["mobile"])
    op.create_index(op.f("ix_account_mobile"), "account", ["mobile"])


def downgrade() -> None:
    op.drop_index(op.f("ix_account_mobile"), "account")
    op.drop_index(op.f("ix_customer_mobile"), "customer")
    op.drop_table("upload")
