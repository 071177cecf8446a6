"""A transferred call has its time, who answers it, and whether the caller hung up.

Only columns and an index are added: programs of the release before transfer calls without a time, and take over whatever
they like."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Instant

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("transferred_at", Instant()))
    op.add_column("ticket", sa.Column("taken_by", sa.String(length=80)))
    op.add_column("ticket", sa.Column("taken_at", Instant()))
    op.add_column("ticket", sa.Column("hung_up_at", Instant()))
    where = sa.text("state = 'transferred'")
    op.create_index("ix_ticket_transferred", "ticket", ["id", "area"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_ticket_transferred", "ticket")
    for column in ("hung_up_at", "taken_at", "taken_by", "transferred_at"):
        op.drop_column("ticket", column)
