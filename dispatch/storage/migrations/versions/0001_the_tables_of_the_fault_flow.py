"""The tables of the fault flow."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Document, Id, Instant

revision = "0001"
down_revision = None

TABLES = [
    "account",
    "crew",
    "rulebook",
    "rules_refused",
    "ticket",
    "archive_record",
    "hop",
    "history",
    "survey",
    "survey_attempt",
]
APPEND_ONLY = ("history", "archive_record")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_account")),
    )
    op.create_table(
        "crew",
        sa.Column("team", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("team", "person", "area", name=op.f("pk_crew")),
    )
    op.create_table(
        "rulebook",
        sa.Column("id", Id, nullable=False),
        sa.Column("version", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("in_force_from", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook")),
        sa.UniqueConstraint("version", name=op.f("uq_rulebook_version")),
    )
    op.create_table(
        "rules_refused",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules_refused")),
    )
    op.create_table(
        "ticket",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("symptom", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("script", Document, nullable=False),
        sa.Column("hops", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urged_at", Instant(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("request_key", sa.String(length=120), nullable=True),
        sa.CheckConstraint(
            "(state IN ('closed', 'referred', 'solved', 'withdrawn')) = (ended_at IS NOT NULL)",
            name=op.f("ck_ticket_ended"),
        ),
        sa.CheckConstraint(
            "channel IN ('hotline-10050', 'hotline-10086', 'counter', 'community-manager')",
            name=op.f("ck_ticket_channel_known"),
        ),
        sa.CheckConstraint("description <> ''", name=op.f("ck_ticket_described")),
        sa.CheckConstraint(
            "state IN ('reported', 'transferred', 'open', 'archived', 'solved', 'referred', 'withdrawn', 'closed')",
            name=op.f("ck_ticket_state_known"),
        ),
        sa.CheckConstraint("priority BETWEEN 1 AND 4", name=op.f("ck_ticket_priority_known")),
        sa.ForeignKeyConstraint(["account"], ["account.number"], name=op.f("fk_ticket_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("request_key", name=op.f("uq_ticket_request_key")),
    )
    op.create_index(
        "ix_ticket_account_not_ended",
        "ticket",
        ["account"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )

    op.create_table(
        "archive_record",
        sa.Column("ticket_id", Id, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_archive_record_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "round", name=op.f("pk_archive_record")),
    )
    op.create_table(
        "hop",
        sa.Column("id", Id, nullable=False),
        sa.Column("ticket_id", Id, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("team", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("steps_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("asked_by", Id, nullable=True),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("facts", Document, nullable=False),
        sa.Column("rulebook", sa.String(length=12), nullable=False),
        sa.Column("found", Document, nullable=True),
        sa.Column("assignee", sa.String(length=80), nullable=True),
        sa.Column("holder", sa.String(length=80), nullable=True),
        sa.Column("finding", sa.String(length=40), nullable=True),
        sa.Column("evidence", Document, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=True),
        sa.Column("boarded_at", Instant(), nullable=True),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("held_at", Instant(), nullable=True),
        sa.Column("held_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('handed-back', 'passed-on', 'reported', 'withdrawn')) = (ended_at IS NOT NULL)",
            name=op.f("ck_hop_ended"),
        ),
        sa.CheckConstraint("state <> 'held' OR held_at IS NOT NULL", name=op.f("ck_hop_held")),
        sa.CheckConstraint("state <> 'reported' OR finding IS NOT NULL", name=op.f("ck_hop_found")),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'received', 'waiting', 'claimed', 'held', 'quarantined', 'reported', 'passed-on', 'handed-back', 'withdrawn')",
            name=op.f("ck_hop_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('claimed', 'held') OR (holder IS NOT NULL AND claimed_at IS NOT NULL)",
            name=op.f("ck_hop_in_hand"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('due', 'sent', 'received', 'held') OR wake_at IS NOT NULL", name=op.f("ck_hop_wakes")
        ),
        sa.CheckConstraint("seq >= 1 AND generation >= 0 AND failures >= 0", name=op.f("ck_hop_counted")),
        sa.ForeignKeyConstraint(["asked_by"], ["hop.id"], name=op.f("fk_hop_asked_by")),
        sa.ForeignKeyConstraint(["rulebook"], ["rulebook.version"], name=op.f("fk_hop_rulebook")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_hop_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hop")),
        sa.UniqueConstraint("ticket_id", "seq", name=op.f("uq_hop_ticket_id_seq")),
    )
    op.create_index(
        "ix_hop_board",
        "hop",
        ["team", "boarded_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'claimed', 'held')"),
        postgresql_where=sa.text("state IN ('waiting', 'claimed', 'held')"),
    )
    op.create_index(
        "ix_hop_wake_at",
        "hop",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_index(
        "uq_hop_live",
        "hop",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('due', 'sent', 'received', 'waiting', 'claimed', 'held', 'quarantined')"),
        postgresql_where=sa.text("state IN ('due', 'sent', 'received', 'waiting', 'claimed', 'held', 'quarantined')"),
    )

    op.create_table(
        "history",
        sa.Column("id", Id, nullable=False),
        sa.Column("ticket_id", Id, nullable=False),
        sa.Column("hop_id", Id, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("on_behalf_of", sa.String(length=80), nullable=True),
        sa.Column("detail", Document, nullable=False),
        sa.ForeignKeyConstraint(["hop_id"], ["hop.id"], name=op.f("fk_history_hop_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_history_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_ticket_id"), "history", ["ticket_id"], unique=False)

    op.create_table(
        "survey",
        sa.Column("hop_id", Id, nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["hop_id"], ["hop.id"], name=op.f("fk_survey_hop_id")),
        sa.PrimaryKeyConstraint("hop_id", name=op.f("pk_survey")),
        sa.UniqueConstraint("token", name=op.f("uq_survey_token")),
    )
    op.create_table(
        "survey_attempt",
        sa.Column("hop_id", Id, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["hop_id"], ["survey.hop_id"], name=op.f("fk_survey_attempt_hop_id")),
        sa.PrimaryKeyConstraint("hop_id", "attempt", name=op.f("pk_survey_attempt")),
    )
    for table in APPEND_ONLY:
        forbid_changes(op.get_bind(), table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        _allow_changes(table)
    for table in reversed(TABLES):
        op.drop_table(table)


def _allow_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{act}")
        return
    op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute(f"DROP FUNCTION {table}_append_only()")
