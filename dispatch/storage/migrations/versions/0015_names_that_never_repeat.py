"""Ids and names that no restore gives out again: the epochs that began with a restore, with their marks; each survey's
mark; on SQLite, ids that only grow.

SQLite gives a row the id after the highest in its table. So ids of removed rows come again, and no restore can move
past those that were given out meanwhile. AUTOINCREMENT keeps the highest id ever given out beside the table. It
changes no row, so it is written into the tables' declarations. Programs of the release before go on working on this
schema."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant
from dispatch.storage.redeclaration import redeclare

revision = "0015"
down_revision = "0014"

_KEY, _ONLY_GROWS = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"
_HAVE_THEIR_IDS_GIVEN = ("epoch", "field_key", "key_ring")


def upgrade() -> None:
    op.create_table(
        "begun_epoch",
        sa.Column("id", Id, nullable=False),
        sa.Column("mark", sa.String(12), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("first_ids", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_begun_epoch")),
        sa.UniqueConstraint("mark", name=op.f("uq_begun_epoch_mark")),
        sqlite_autoincrement=True,
    )
    op.add_column("survey", sa.Column("mark", sa.String(12), nullable=True))
    _redeclare(_KEY, _ONLY_GROWS)


def downgrade() -> None:
    _redeclare(_ONLY_GROWS, _KEY)
    op.drop_column("survey", "mark")
    op.drop_table("begun_epoch")


def _redeclare(before: str, after: str) -> None:
    tx = op.get_bind()
    if tx.dialect.name == "sqlite":
        redeclare(tx, before, after, never=_HAVE_THEIR_IDS_GIVEN)
