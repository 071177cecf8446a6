"""A report says what its line was suspended for.

Only a column is added: programs of the release before report nothing on suspended lines."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("suspension_kind", sa.String(length=12)))


def downgrade() -> None:
    op.drop_column("ticket", "suspension_kind")
