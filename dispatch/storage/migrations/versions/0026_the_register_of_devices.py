"""Devices at customers are registered by their serial numbers, with every move of each.

Only tables are added: programs of the release before go on working, and register nothing."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0026"
down_revision = "0025"

_KINDS = "kind IN ('ont', 'set-top-box', 'router')"
_STATES = "state IN ('stock', 'carried', 'issued', 'returned', 'lost', 'scrapped')"


def upgrade() -> None:
    op.create_table(
        "registered_device",
        sa.Column("id", Id, nullable=False),
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("model", sa.String(length=60), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("person", sa.String(length=80)),
        sa.Column("account_id", Id),
        sa.Column("issued_at", Instant()),
        sa.CheckConstraint(_KINDS, name=op.f("ck_registered_device_kind_known")),
        sa.CheckConstraint(_STATES, name=op.f("ck_registered_device_state_known")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_registered_device_price")),
        sa.CheckConstraint("(state = 'carried') = (person IS NOT NULL)", name=op.f("ck_registered_device_carried")),
        sa.CheckConstraint("(account_id IS NULL) = (issued_at IS NULL)", name=op.f("ck_registered_device_issued_at")),
        sa.CheckConstraint("state <> 'issued' OR account_id IS NOT NULL", name=op.f("ck_registered_device_issued")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registered_device_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registered_device")),
        sa.UniqueConstraint("serial", name=op.f("uq_registered_device_serial")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registered_device_account_id", "registered_device", ["account_id"])
    op.create_index("ix_registered_device_state", "registered_device", ["state", "id"])
    _partial_index("ix_registered_device_person", "person", "person IS NOT NULL", unique=False)
    _partial_index("uq_registered_device_ont", "account_id", "state = 'issued' AND kind = 'ont'", unique=True)
    op.create_table(
        "device_move",
        sa.Column("id", Id, nullable=False),
        sa.Column("device_id", Id, nullable=False),
        sa.Column("before", sa.String(length=12)),
        sa.Column("after", sa.String(length=12), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=80)),
        sa.Column("account_id", Id),
        sa.ForeignKeyConstraint(["device_id"], ["registered_device.id"], name=op.f("fk_device_move_device_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_move_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_move")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_device_move_device_id", "device_move", ["device_id"])
    forbid_changes(op.get_bind(), "device_move")


def downgrade() -> None:
    op.drop_table("device_move")
    op.drop_table("registered_device")
    if _postgresql():
        op.execute("DROP FUNCTION device_move_append_only()")


def _partial_index(name: str, column: str, where: str, *, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "registered_device", [column], unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
