"""A demand is counted by mobile number and folded address, and has a state: who asked is told when a place is free.

Columns are only added. Programs of the release before insert demands without them; the relay folds those addresses.
They also read every demand, so a demand without an area, and one that was erased, has an empty text there, no null."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Instant

revision = "0021"
down_revision = "0020"

_WAITING = sa.text("state NOT IN ('ended')")
_STATES = "CONSTRAINT ck_demand_state_known CHECK (state IN ('open', 'reachable', 'ended'))"
_ENDED = "CONSTRAINT ck_demand_ended CHECK ((state IN ('ended')) = (ended_for IS NOT NULL))"


def upgrade() -> None:
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.add_column("demand", sa.Column("address_key", sa.Text()))
    # as SQL, for SQLite adds constraints together with their column alone
    op.execute(
        f"ALTER TABLE demand ADD COLUMN address_id {number} CONSTRAINT fk_demand_address_id REFERENCES address (id)"
    )
    op.add_column("demand", sa.Column("asked", sa.Integer(), server_default="1", nullable=False))
    op.add_column("demand", sa.Column("last_at", Instant()))
    op.add_column("demand", sa.Column("told_at", Instant()))
    op.add_column("demand", sa.Column("next_at", Instant()))
    op.execute(f"ALTER TABLE demand ADD COLUMN state VARCHAR(12) DEFAULT 'open' NOT NULL {_STATES}")
    op.execute(f"ALTER TABLE demand ADD COLUMN ended_for VARCHAR(12) {_ENDED}")
    op.add_column("demand", sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index("ix_demand_address_key", "demand", ["address_key"])
    op.create_index("ix_demand_address_id", "demand", ["address_id"])
    op.create_index(
        "uq_demand_waiting",
        "demand",
        ["mobile", "address_key"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    for name, column, where in (
        ("ix_demand_next_at", "next_at", sa.text("next_at IS NOT NULL")),
        ("ix_demand_to_erase", "last_at", sa.text("mobile <> ''")),
    ):
        op.create_index(name, "demand", [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in ("ix_demand_to_erase", "ix_demand_next_at", "uq_demand_waiting"):
        op.drop_index(name, "demand")
    for name in ("ix_demand_address_id", "ix_demand_address_key"):
        op.drop_index(name, "demand")
    added = ("note", "ended_for", "state", "next_at", "told_at", "last_at", "asked", "address_id", "address_key")
    for column in added:
        op.drop_column("demand", column)
