"""What the registry of documents and the list of fraudsters answered about the people of an operation.

Only a table is added; programs of the release before ask nobody."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "identity_check",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("checked", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("registry", sa.String(length=12), nullable=False),
        sa.Column("fraud", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "checked IN ('holder', 'new-owner', 'agent', 'new-owner-agent')",
            name=op.f("ck_identity_check_checked_known"),
        ),
        sa.CheckConstraint(
            "registry IN ('match', 'mismatch', 'none', 'away')", name=op.f("ck_identity_check_registry_known")
        ),
        sa.CheckConstraint("fraud IN ('clear', 'listed', 'away')", name=op.f("ck_identity_check_fraud_known")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_identity_check_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_check")),
        sa.UniqueConstraint("operation_id", "checked", name=op.f("uq_identity_check_operation_id_checked")),
        sqlite_autoincrement=True,
    )
    where = sa.text("fraud = 'listed'")
    op.create_index("ix_identity_check_listed", "identity_check", ["at"], sqlite_where=where, postgresql_where=where)
    forbid_changes(op.get_bind(), "identity_check")


def downgrade() -> None:
    op.drop_table("identity_check")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION identity_check_append_only()")
