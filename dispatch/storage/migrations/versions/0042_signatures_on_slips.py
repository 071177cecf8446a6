"""Signatures on slips.

Only a table is added; programs of the release before write none. They can't print a slip that somebody else than the
customer signs: end those of the counter and the workers before the first is made, and rotate no keys while they run.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.create_table(
        "signature",
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("who", sa.String(length=20), nullable=False),
        sa.Column("png", sa.LargeBinary()),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("slip_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("taken_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "who IN ('holder', 'new-owner', 'agent', 'new-owner-agent')", name=op.f("ck_signature_who_known")
        ),
        sa.CheckConstraint("(png IS NULL) = (sha256 IS NULL)", name=op.f("ck_signature_picture_or_paper")),
        sa.ForeignKeyConstraint(["operation_id"], ["slip.operation_id"], name=op.f("fk_signature_operation_id")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_signature")),
    )


def downgrade() -> None:
    op.drop_table("signature")
