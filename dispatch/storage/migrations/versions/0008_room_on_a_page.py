"""A fill factor for tickets, which every hop updates: with room on the page PostgreSQL makes a heap-only update, which
touches no index. Existing rows stay where they are until their next update."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE ticket SET (fillfactor = 60)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE ticket RESET (fillfactor)")
