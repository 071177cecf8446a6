"""The keys that encrypt, by their fingerprints, and their rotation; each process's clock and keys; the order in which
rules came into force."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "field_key",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(12), nullable=False),
        sa.Column("fingerprint", sa.String(16), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(80), nullable=False),
        sa.Column("used_from", Instant(), nullable=True),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.CheckConstraint("purpose IN ('encryption', 'index')", name=op.f("ck_field_key_purpose_known")),
        sa.CheckConstraint(
            "state IN ('announced', 'current', 'old', 'retired')", name=op.f("ck_field_key_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_key")),
    )
    op.create_table(
        "key_ring",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("encryption_key", sa.String(40), nullable=False),
        sa.Column("index_key", sa.String(40), nullable=False),
        sa.Column("rotation", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_key_ring_one")),
        sa.ForeignKeyConstraint(["encryption_key"], ["field_key.id"], name=op.f("fk_key_ring_encryption_key")),
        sa.ForeignKeyConstraint(["index_key"], ["field_key.id"], name=op.f("fk_key_ring_index_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_ring")),
    )
    op.create_table(
        "reencryption",
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("last_id", Id, server_default="0", nullable=False),
        sa.Column("rewritten", Id, server_default="0", nullable=False),
        sa.Column("unreadable", Id, server_default="0", nullable=False),
        sa.Column("unreadable_id", Id, nullable=True),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("rotation", "place", name=op.f("pk_reencryption")),
    )
    op.add_column("process", sa.Column("clock_ahead", sa.Float(), nullable=True))
    op.add_column("process", sa.Column("keys", sa.Text(), nullable=True))
    op.add_column("rulebook", sa.Column("place", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE rulebook SET place = (SELECT count(*) FROM rulebook AS other WHERE other.in_force_from < "
        "rulebook.in_force_from OR (other.in_force_from = rulebook.in_force_from AND other.id <= rulebook.id))"
    )


def downgrade() -> None:
    for column in ("clock_ahead", "keys"):
        op.drop_column("process", column)
    op.drop_column("rulebook", "place")
    for table in ("reencryption", "key_ring", "field_key"):
        op.drop_table(table)
