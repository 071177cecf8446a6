"""An account is found by its former name for a year after it was renamed.

Only a table is added: programs of the release before go on working, and keep no former names."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant, ascii_lower

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "account_alias",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_alias_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_alias")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_account_alias_account_id", "account_alias", ["account_id"])
    op.create_index("ix_account_alias_until", "account_alias", ["until"])
    op.create_index("uq_account_alias_name", "account_alias", [ascii_lower(sa.column("name"))], unique=True)


def downgrade() -> None:
    op.drop_table("account_alias")
