"""An index of claimed and held hops, which are few beside those that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IN_HAND = sa.text("state IN ('claimed', 'held')")
COLUMNS = ["team", "rank", "boarded_at", "id", "holder", "state", "area"]


def upgrade() -> None:
    op.create_index("ix_hop_in_hand", "hop", COLUMNS, sqlite_where=IN_HAND, postgresql_where=IN_HAND)


def downgrade() -> None:
    op.drop_index("ix_hop_in_hand", "hop")
