"""Hops get a rank on their board; indexes for boards, lists and figures; heartbeats of processes."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Instant

revision = "0004"
down_revision = "0003"

PLACE = ["rank", "boarded_at", "id"]
ON_BOARD = "state IN ('waiting', 'claimed', 'held')"
OFF_BOARD = "state IN ('due', 'sent', 'received', 'quarantined')"
LIVE = "state IN ('due', 'sent', 'received', 'waiting', 'claimed', 'held', 'quarantined')"
HOP_CHECKS = {
    "state_known": "state IN ('due', 'sent', 'received', 'waiting', 'claimed', 'held', 'quarantined', 'reported', 'passed-on', 'handed-back', 'withdrawn')",
    "ended": "(state IN ('handed-back', 'passed-on', 'reported', 'withdrawn')) = (ended_at IS NOT NULL)",
    "in_hand": "state NOT IN ('claimed', 'held') OR (holder IS NOT NULL AND claimed_at IS NOT NULL)",
    "wakes": "state NOT IN ('due', 'sent', 'received', 'held') OR wake_at IS NOT NULL",
    "held": "state <> 'held' OR held_at IS NOT NULL",
    "found": "state <> 'reported' OR finding IS NOT NULL",
    "counted": "seq >= 1 AND generation >= 0 AND failures >= 0",
}


def upgrade() -> None:
    op.drop_index("ix_hop_board", "hop")
    op.add_column("hop", sa.Column("area", sa.String(length=40)))
    op.add_column("hop", sa.Column("rank", sa.Integer()))
    op.execute(
        "UPDATE hop SET area = ticket.area, rank = ticket.priority - 4 * ticket.urged "
        "FROM ticket WHERE ticket.id = hop.ticket_id"
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_hop()
    else:
        for column in ("area", "rank"):
            op.alter_column("hop", column, nullable=False)
    _index("ix_hop_board", "hop", ["team", *PLACE, "state", "late", "area"], ON_BOARD)
    _index("ix_hop_board_area", "hop", ["team", "area", *PLACE, "state", "late"], ON_BOARD)
    _index("ix_hop_off_board", "hop", ["state", "team", "area"], OFF_BOARD)
    _index("ix_hop_team", "hop", ["team", "ticket_id", "area"])
    op.drop_index("ix_ticket_account_id_not_ended", "ticket")
    _index("ix_ticket_account_id", "ticket", ["account_id", "id"])
    _index("ix_ticket_area", "ticket", ["area", "id"])
    _index("ix_ticket_made_at", "ticket", ["made_at", "area"])
    _index("ix_ticket_ended_at", "ticket", ["ended_at", "area"], "ended_at IS NOT NULL")
    _index("ix_ticket_open", "ticket", ["id", "area"], "ended_at IS NULL")
    _index("ix_archive_record_archived_at", "archive_record", ["archived_at"])
    _index("ix_survey_answered_at", "survey", ["answered_at"], "answered_at IS NOT NULL")
    op.create_table(
        "process",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_process")),
    )


def downgrade() -> None:
    op.drop_table("process")
    op.drop_index("ix_survey_answered_at", "survey")
    op.drop_index("ix_archive_record_archived_at", "archive_record")
    for index in ("account_id", "area", "made_at", "ended_at", "open"):
        op.drop_index(f"ix_ticket_{index}", "ticket")
    _index("ix_ticket_account_id_not_ended", "ticket", ["account_id"], "ended_at IS NULL")
    for index in ("board", "board_area", "off_board", "team"):
        op.drop_index(f"ix_hop_{index}", "hop")
    for column in ("area", "rank"):
        op.drop_column("hop", column)
    _index("ix_hop_board", "hop", ["team", "boarded_at"], ON_BOARD)


def _index(name: str, table: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _rebuild_hop() -> None:
    """Rebuild the table, with the checks that reflection doesn't see: SQLite can't make a column NOT NULL."""
    for index in ("uq_hop_live", "ix_hop_wake_at"):
        op.drop_index(index, "hop")
    checks = tuple(sa.CheckConstraint(check, name=op.f(f"ck_hop_{name}")) for name, check in HOP_CHECKS.items())
    with op.batch_alter_table("hop", recreate="always", table_args=checks) as batch:
        batch.alter_column("area", nullable=False)
        batch.alter_column("rank", nullable=False)
    _index("uq_hop_live", "hop", ["ticket_id"], LIVE, unique=True)
    _index("ix_hop_wake_at", "hop", ["wake_at"], "wake_at IS NOT NULL")
