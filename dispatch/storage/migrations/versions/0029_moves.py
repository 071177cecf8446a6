"""A move of an account to another address: both places are taken until its order is done.

Only a table is added. Programs of the release before know no moves: end their workers before the first move is accepted."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id

revision = "0029"
down_revision = "0028"

_UNFINISHED = "state NOT IN ('done', 'refunded')"


def upgrade() -> None:
    op.create_table(
        "account_move",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("to_address", Id, nullable=False),
        sa.Column("to_port", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("voids", Document),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.CheckConstraint("state IN ('open', 'failed', 'done', 'refunded')", name=op.f("ck_account_move_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_move_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_account_move_operation_id")),
        sa.ForeignKeyConstraint(["to_address"], ["address.id"], name=op.f("fk_account_move_to_address")),
        sa.ForeignKeyConstraint(["to_port"], ["pon_port.id"], name=op.f("fk_account_move_to_port")),
        sa.ForeignKeyConstraint(["order_id"], ["ticket.id"], name=op.f("fk_account_move_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_move")),
        sa.UniqueConstraint("order_id", name=op.f("uq_account_move_order_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_account_move_account_id", "account_move", ["account_id"])
    for name, column, where in (
        ("uq_account_move_unfinished", "account_id", sa.text(_UNFINISHED)),
        ("uq_account_move_address", "to_address", sa.text("state = 'open'")),
    ):
        op.create_index(name, "account_move", [column], unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("account_move")
