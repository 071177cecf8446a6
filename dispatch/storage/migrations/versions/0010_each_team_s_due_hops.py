"""Due hops are found by team: in the index over all teams' `wake_at`, a search for one team's hops read another team's
whole backlog. For hops on boards that index stays."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ON_BOARD = "state IN ('waiting', 'claimed', 'held')"
OFF_BOARD = "state IN ('due', 'sent', 'received', 'quarantined')"


def upgrade() -> None:
    for index in ("ix_hop_off_board", "ix_hop_wake_at"):
        op.drop_index(index, "hop")
    _index("ix_hop_off_board", ["team", "wake_at", "state", "area"], OFF_BOARD)
    _index("ix_hop_quarantined", ["id", "area"], "state = 'quarantined'")
    _index("ix_hop_wake_at", ["wake_at"], f"wake_at IS NOT NULL AND {ON_BOARD}")


def downgrade() -> None:
    for index in ("ix_hop_off_board", "ix_hop_quarantined", "ix_hop_wake_at"):
        op.drop_index(index, "hop")
    _index("ix_hop_off_board", ["state", "team", "area"], OFF_BOARD)
    _index("ix_hop_wake_at", ["wake_at"], "wake_at IS NOT NULL")


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "hop", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
