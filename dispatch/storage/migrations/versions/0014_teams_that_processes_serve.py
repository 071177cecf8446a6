"""The queues that each worker takes work from, and the teams in the rules file with which a process started."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("process", sa.Column("queues", sa.Text(), nullable=True))
    op.add_column("process", sa.Column("teams", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("process", "teams")
    op.drop_column("process", "queues")
