"""Who came in from where: sessions know their address and browser, an access log keeps sign-ins, and a user is bound to
a person of the identity provider.

Everything is added and may be empty, so that programs of the release before go on working on this schema."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("session", sa.Column("address", sa.String(length=45)))
    op.add_column("session", sa.Column("browser", sa.String(length=200)))
    op.add_column("session", sa.Column("proved_at", Instant()))
    op.add_column("user", sa.Column("oidc_issuer", sa.String(length=300)))
    op.add_column("user", sa.Column("oidc_subject", sa.String(length=255)))
    op.add_column("user", sa.Column("bound_at", Instant()))
    op.create_index("ix_user_oidc", "user", ["oidc_issuer", "oidc_subject"], unique=True)
    op.create_table(
        "access_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80)),
        sa.Column("typed", sa.String(length=12)),
        sa.Column("ended_by", sa.String(length=80)),
        sa.Column("how", sa.String(length=20)),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"])
    op.create_index("ix_access_log_name", "access_log", ["name", "id"])
    _forbid_changes()


def downgrade() -> None:
    op.drop_table("access_log")
    if _postgresql():
        op.execute("DROP FUNCTION access_log_append_only()")
    op.drop_index("ix_user_oidc", "user")
    for table, column in (
        ("user", "bound_at"),
        ("user", "oidc_subject"),
        ("user", "oidc_issuer"),
        ("session", "proved_at"),
        ("session", "browser"),
        ("session", "address"),
    ):
        op.drop_column(table, column)


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _forbid_changes() -> None:
    """Entries are never changed, and removed only by age."""
    if not _postgresql():
        op.execute(
            "CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION access_log_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'access_log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_log_append_only BEFORE UPDATE OR TRUNCATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_log_append_only()"
    )
