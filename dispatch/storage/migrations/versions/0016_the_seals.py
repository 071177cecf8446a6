"""Archive records, history and audit entries are sealed in batches, each chained to the one before.

Only tables are added: programs of the release before go on working, and what they write is sealed like the rest."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0016"
down_revision = "0015"

APPEND_ONLY = ("seal_item", "seal")


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("number", Id, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("history_to", Id, nullable=False),
        sa.Column("audit_to", Id, nullable=False),
        sa.Column("case_to", Id, nullable=False),
        sa.CheckConstraint("number >= 1 AND rows >= 0", name=op.f("ck_seal_counted")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_table(
        "seal_item",
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("key", Id, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", Id, autoincrement=False, nullable=False),
        sa.Column("seal_number", Id, nullable=False),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["seal_number"], ["seal.number"], name=op.f("fk_seal_item_seal_number")),
        sa.PrimaryKeyConstraint("source", "key", "part", "ticket_id", name=op.f("pk_seal_item")),
    )
    op.create_index("ix_seal_item_seal_number", "seal_item", ["seal_number"])
    sealing = op.create_table(
        "sealing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sealing_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing")),
    )
    op.execute(sa.insert(sealing).values(id=1, due_at=sa.text("'1970-01-01 00:00:00'")))
    for table in APPEND_ONLY:
        forbid_changes(op.get_bind(), table)


def downgrade() -> None:
    for table in ("sealing", *APPEND_ONLY):
        op.drop_table(table)
    if _postgresql():
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_append_only()")


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
