"""The tables of the web: users and roles, sessions, devices, tokens, failed sign-ins, and kept answers."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0003"
down_revision = "0002"

ROLES = (
    "'clerk', 'community-manager', 'agent-10050', 'agent-10086', 'noc', 'system-support', 'transmission', "
    "'data-network', 'installer', 'network-service-support', 'construction', 'supervisor', 'ops', 'administrator'"
)


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_user_counted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )
    op.create_table(
        "user_role",
        _user(),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.CheckConstraint(f"role IN ({ROLES})", name=op.f("ck_user_role_role_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_role_user_id")),
        sa.PrimaryKeyConstraint("user_id", "role", "area", name=op.f("pk_user_role")),
    )
    for table, times in (("session", ("made_at", "seen_at", "expires_at")), ("device", ("made_at", "expires_at"))):
        op.create_table(
            table,
            sa.Column("secret", sa.String(length=64), nullable=False),
            _user(),
            *(sa.Column(time, Instant(), nullable=False) for time in times),
            sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id")),
            sa.PrimaryKeyConstraint("secret", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_user_id"), table, ["user_id"])
        op.create_index(op.f(f"ix_{table}_expires_at"), table, ["expires_at"])
    op.create_table(
        "api_token",
        sa.Column("id", Id, nullable=False),
        _user(),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("secret", name=op.f("uq_api_token_secret")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", Id, nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index(op.f("ix_sign_in_failure_at"), "sign_in_failure", ["at"])
    for columns in (["address", "name", "at"], ["name", "at"], ["device", "at"]):
        op.create_index(f"ix_sign_in_failure_{'_'.join(columns)}", "sign_in_failure", columns)
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"])


def downgrade() -> None:
    for table in ("api_token", "device", "session", "user_role", "user", "sign_in_failure", "idempotency"):
        op.drop_table(table)


def _user() -> "sa.Column[object]":
    return sa.Column("user_id", Id, nullable=False)
