"""What billing tells of accounts, and what became of it.

Only a table is added: programs of the release before take no events."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    outcomes = "'suspended', 'resumed', 'lifted', 'nothing', 'older', 'unknown'"
    op.create_table(
        "billing_event",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", Id),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("position", sa.BigInteger()),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("kind IN ('arrears', 'cleared')", name=op.f("ck_billing_event_kind_known")),
        sa.CheckConstraint(f"outcome IN ({outcomes})", name=op.f("ck_billing_event_outcome_known")),
        sa.CheckConstraint("(account_id IS NULL) = (outcome = 'unknown')", name=op.f("ck_billing_event_of_an_account")),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_billing_event_fen")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_billing_event_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_event")),
        sa.UniqueConstraint("position", name=op.f("uq_billing_event_position")),
    )
    op.create_index("ix_billing_event_account_id", "billing_event", ["account_id", "seq"])
    forbid_changes(op.get_bind(), "billing_event")


def downgrade() -> None:
    op.drop_table("billing_event")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION billing_event_append_only()")
