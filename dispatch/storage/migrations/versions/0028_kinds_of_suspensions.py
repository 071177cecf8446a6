"""Suspensions of accounts are rows, of several kinds that overlap; a pause has an end and a fee.

Only a table is added, with a row for each account that is suspended now. Programs of the release before go on: they
read and write `suspended_for` alone, which keeps its words, and the next operation of this release follows them."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0028"
down_revision = "0027"

_KINDS = "kind IN ('official', 'abuse', 'real-name', 'lost', 'arrears', 'keep')"
_MEANT = (
    "CASE suspended_for WHEN 'official-order' THEN 'official' WHEN 'abuse' THEN 'abuse' WHEN 'real-name' THEN "
    "'real-name' WHEN 'lost-password' THEN 'lost' WHEN 'arrears' THEN 'arrears' ELSE 'keep' END"
)
"""Those asked for by the customer, and for other reasons, are pauses without an end."""

_SINCE = "(SELECT max(at) FROM operation WHERE account_id = account.id AND kind = 'suspend' AND outcome = 'accepted')"


def upgrade() -> None:
    op.create_table(
        "suspension",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until", Instant()),
        sa.Column("fee", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("authority", sa.String(length=60)),
        sa.Column("reference", sa.String(length=60)),
        sa.Column("wake_at", Instant()),
        sa.Column("set_by", Id),
        sa.Column("lifted_by", Id),
        sa.Column("lifted_at", Instant()),
        sa.Column("lifted_for", sa.String(length=40)),
        sa.Column("settled_by", sa.String(length=60)),
        sa.CheckConstraint(_KINDS, name=op.f("ck_suspension_kind_known")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_for IS NULL)", name=op.f("ck_suspension_lifted")),
        sa.CheckConstraint("lifted_at IS NULL OR wake_at IS NULL", name=op.f("ck_suspension_sleeps")),
        sa.CheckConstraint("fee >= 0", name=op.f("ck_suspension_fee_is_no_gift")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_suspension_account_id")),
        sa.ForeignKeyConstraint(["set_by"], ["operation.id"], name=op.f("fk_suspension_set_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["operation.id"], name=op.f("fk_suspension_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_suspension_account_id", "suspension", ["account_id"])
    for name, columns, where, unique in (
        ("uq_suspension_open", ["account_id", "kind"], sa.text("lifted_at IS NULL"), True),
        ("ix_suspension_wake_at", ["wake_at"], sa.text("wake_at IS NOT NULL"), False),
    ):
        op.create_index(name, "suspension", columns, unique=unique, sqlite_where=where, postgresql_where=where)
    op.execute(
        "INSERT INTO suspension (account_id, kind, reason, from_at) "
        f"SELECT id, {_MEANT}, suspended_for, COALESCE({_SINCE}, CURRENT_TIMESTAMP) "
        "FROM account WHERE state = 'suspended' ORDER BY id"
    )


def downgrade() -> None:
    op.drop_table("suspension")
