"""The tables of the books. Accounts get an id that outlives a renaming, and tickets refer to it."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0002"
down_revision = "0001"

BOOKS = [
    "audit",
    "customer",
    "effect",
    "number_series",
    "pon_port",
    "address",
    "account",
    "authentication_failure",
    "operation",
    "binding",
    "demand",
    "enrolment",
    "invoice",
    "kept_document",
    "payment",
    "slip",
]
APPEND_ONLY = ("slip", "payment", "invoice", "audit")


def upgrade() -> None:
    op.rename_table("account", "account_v1")
    if _postgresql():
        op.execute("ALTER TABLE account_v1 RENAME CONSTRAINT pk_account TO pk_account_v1")
    _create_books()
    op.execute(
        "INSERT INTO account (number, state, area, mobile, added_at, added_by) "
        "SELECT number, 'in-service', area, mobile, added_at, added_by FROM account_v1 ORDER BY added_at, number"
    )
    if _postgresql():
        op.add_column("ticket", sa.Column("account_id", Id))
        op.execute("UPDATE ticket SET account_id = account.id FROM account WHERE account.number = ticket.account")
        op.alter_column("ticket", "account_id", nullable=False)
        op.drop_column("ticket", "account")
        op.create_foreign_key(op.f("fk_ticket_account_id"), "ticket", "account", ["account_id"], ["id"])
    else:
        _rebuild_ticket(
            sa.Column("account_id", Id, sa.ForeignKey("account.id", name="fk_ticket_account_id"), nullable=False)
        )
        columns = ", ".join(_OTHERS)
        op.execute(
            f"INSERT INTO ticket_new ({columns}, account_id) SELECT {_prefixed('ticket')}, account.id "
            "FROM ticket JOIN account ON account.number = ticket.account"
        )
        op.drop_table("ticket")
        op.rename_table("ticket_new", "ticket")
    op.drop_table("account_v1")
    _index("account_id")
    for table in APPEND_ONLY:
        _forbid_changes(table)
    _forbid_changes("operation", when="OLD.outcome <> 'pending'")


def downgrade() -> None:
    """Keep the newest account of each number; data that only the books have is lost."""
    for table in (*APPEND_ONLY, "operation"):
        _allow_changes(table)
    op.create_table(
        "account_v1",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_account_v1" if _postgresql() else "pk_account")),
    )
    op.execute(
        "INSERT INTO account_v1 SELECT number, area, mobile, added_at, added_by FROM account "
        "WHERE id IN (SELECT max(id) FROM account GROUP BY number)"
    )
    op.drop_index("ix_ticket_account_id_not_ended", "ticket")
    if _postgresql():
        op.add_column("ticket", sa.Column("account", sa.String(length=40)))
        op.execute("UPDATE ticket SET account = account.number FROM account WHERE account.id = ticket.account_id")
        op.alter_column("ticket", "account", nullable=False)
        op.drop_column("ticket", "account_id")
    else:
        _rebuild_ticket(
            sa.Column(
                "account",
                sa.String(length=40),
                sa.ForeignKey("account.number", name="fk_ticket_account"),
                nullable=False,
            )
        )
        op.execute(
            f"INSERT INTO ticket_new ({', '.join(_OTHERS)}, account) SELECT {_prefixed('ticket')}, account.number "
            "FROM ticket JOIN account ON account.id = ticket.account_id"
        )
        op.drop_table("ticket")
        op.rename_table("ticket_new", "ticket")
    for table in reversed(BOOKS):
        op.drop_table(table)
    op.rename_table("account_v1", "account")
    if _postgresql():
        op.execute("ALTER TABLE account RENAME CONSTRAINT pk_account_v1 TO pk_account")
        op.create_foreign_key(op.f("fk_ticket_account"), "ticket", "account", ["account"], ["number"])
    _index("account")


_OTHERS = (
    "id", "kind", "state", "area", "channel", "symptom", "category", "description", "priority", "script", "hops",
    "last_seq", "reopened", "urged", "urged_at", "made_at", "ended_at", "outcome", "request_key",
)  # fmt: skip
"""The ticket's columns that don't change."""


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _prefixed(table: str) -> str:
    return ", ".join(f"{table}.{column}" for column in _OTHERS)


def _index(column: str) -> None:
    not_ended = sa.text("ended_at IS NULL")
    op.create_index(
        f"ix_ticket_{column}_not_ended", "ticket", [column], sqlite_where=not_ended, postgresql_where=not_ended
    )


def _rebuild_ticket(account: "sa.Column[object]") -> None:
    """Rebuild the table: SQLite can't replace a column that others depend on."""
    op.create_table(
        "ticket_new",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        account,
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("request_key", name=op.f("uq_ticket_request_key")),
    )


def _create_books() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "customer",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("document_kind", sa.String(length=40), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_index", sa.String(length=64), nullable=False),
        sa.Column("document_expires", sa.Date(), nullable=True),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("document_index", name=op.f("uq_customer_document_index")),
    )
    op.create_table(
        "effect",
        sa.Column("id", Id, nullable=False),
        sa.Column("port", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("lane", sa.String(length=60), nullable=True),
        sa.Column("payload", Document, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("wake_at", Instant(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.CheckConstraint("(state IN ('confirmed')) = (confirmed_at IS NOT NULL)", name=op.f("ck_effect_confirmed")),
        sa.CheckConstraint("port IN ('provisioning', 'sms', 'printing')", name=op.f("ck_effect_port_known")),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'received', 'quarantined', 'confirmed')", name=op.f("ck_effect_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('due', 'sent', 'received') OR wake_at IS NOT NULL", name=op.f("ck_effect_wakes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect")),
        sa.UniqueConstraint("key", name=op.f("uq_effect_key")),
    )
    op.create_index(
        "ix_effect_lane_open",
        "effect",
        ["lane", "id"],
        unique=False,
        sqlite_where=sa.text("confirmed_at IS NULL"),
        postgresql_where=sa.text("confirmed_at IS NULL"),
    )
    op.create_index(
        "ix_effect_wake_at",
        "effect",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_series")),
    )
    op.create_table(
        "pon_port",
        sa.Column("id", Id, nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("olt", sa.String(length=60), nullable=False),
        sa.Column("port", sa.String(length=20), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND capacity", name=op.f("ck_pon_port_used_fits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pon_port")),
        sa.UniqueConstraint("olt", "port", name=op.f("uq_pon_port_olt_port")),
    )
    op.create_table(
        "address",
        sa.Column("id", Id, nullable=False),
        sa.Column("text", sa.String(length=120), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("pon_port_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["pon_port_id"], ["pon_port.id"], name=op.f("fk_address_pon_port_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("text", name=op.f("uq_address_text")),
    )
    op.create_index(op.f("ix_address_pon_port_id"), "address", ["pon_port_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("customer_id", Id, nullable=True),
        sa.Column("address_id", Id, nullable=True),
        sa.Column("pon_port_id", Id, nullable=True),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=True),
        sa.Column("suspended_for", sa.String(length=40), nullable=True),
        sa.Column("ended_for", sa.String(length=40), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("(state = 'suspended') = (suspended_for IS NOT NULL)", name=op.f("ck_account_suspended")),
        sa.CheckConstraint(
            "(state IN ('cancelled', 'closed')) = (ended_at IS NOT NULL)", name=op.f("ck_account_ended")
        ),
        sa.CheckConstraint(
            "state IN ('installing', 'in-service', 'suspended', 'closed', 'cancelled')",
            name=op.f("ck_account_state_known"),
        ),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_account_address_id")),
        sa.ForeignKeyConstraint(["pon_port_id"], ["pon_port.id"], name=op.f("fk_account_pon_port_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_account_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_index(op.f("ix_account_customer_id"), "account", ["customer_id"], unique=False)
    op.create_index("ix_account_number", "account", ["number"], unique=False)
    op.create_index(op.f("ix_account_pon_port_id"), "account", ["pon_port_id"], unique=False)
    op.create_index(
        "uq_account_address_living",
        "account",
        ["address_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('cancelled', 'closed')"),
        postgresql_where=sa.text("state NOT IN ('cancelled', 'closed')"),
    )
    op.create_index(
        "uq_account_number_living",
        "account",
        ["number"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('cancelled', 'closed')"),
        postgresql_where=sa.text("state NOT IN ('cancelled', 'closed')"),
    )
    op.create_table(
        "authentication_failure",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_authentication_failure_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authentication_failure")),
    )
    op.create_index("ix_authentication_failure_account", "authentication_failure", ["account_id", "at"], unique=False)
    op.create_index("ix_authentication_failure_actor", "authentication_failure", ["actor", "at"], unique=False)
    op.create_table(
        "operation",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("request_key", sa.String(length=120), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("account_id", Id, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("result", Document, nullable=False),
        sa.CheckConstraint(
            "(outcome = 'refused') = (code IS NOT NULL AND reason IS NOT NULL)", name=op.f("ck_operation_refused")
        ),
        sa.CheckConstraint("outcome IN ('pending', 'accepted', 'refused')", name=op.f("ck_operation_outcome_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_operation_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
        sa.UniqueConstraint("request_key", name=op.f("uq_operation_request_key")),
    )
    op.create_index(op.f("ix_operation_account_id"), "operation", ["account_id"], unique=False)
    op.create_table(
        "binding",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("added_by", Id, nullable=False),
        sa.Column("ended_by", Id, nullable=True),
        sa.CheckConstraint("(until IS NULL) = (ended_by IS NULL)", name=op.f("ck_binding_ended")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_binding_account_id")),
        sa.ForeignKeyConstraint(["added_by"], ["operation.id"], name=op.f("fk_binding_added_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["operation.id"], name=op.f("fk_binding_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
    )
    op.create_index(op.f("ix_binding_account_id"), "binding", ["account_id"], unique=False)
    op.create_index(op.f("ix_binding_mobile"), "binding", ["mobile"], unique=False)
    op.create_index(
        "uq_binding_mobile_valid",
        "binding",
        ["mobile"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "demand",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("contact", sa.String(length=60), nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_demand_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("plans_version", sa.String(length=12), nullable=False),
        sa.Column("terms", Document, nullable=False),
        sa.Column("mobile", sa.String(length=20), nullable=True),
        sa.Column("from_at", Instant(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_for", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_for IS NULL)", name=op.f("ck_enrolment_ended")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_enrolment_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_enrolment_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
    )
    op.create_index(op.f("ix_enrolment_account_id"), "enrolment", ["account_id"], unique=False)
    op.create_index(
        "uq_enrolment_in_force",
        "enrolment",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "invoice",
        sa.Column("number", Id, autoincrement=False, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("offsets", Id, nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "(amount < 0) = (offsets IS NOT NULL) AND amount <> 0", name=op.f("ck_invoice_red_offsets_black")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invoice_account_id")),
        sa.ForeignKeyConstraint(["offsets"], ["invoice.number"], name=op.f("fk_invoice_offsets")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_invoice_operation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_invoice")),
        sa.UniqueConstraint("offsets", name=op.f("uq_invoice_offsets")),
    )
    op.create_index(op.f("ix_invoice_account_id"), "invoice", ["account_id"], unique=False)
    op.create_table(
        "kept_document",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_kept_document_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_document")),
    )
    op.create_index(op.f("ix_kept_document_operation_id"), "kept_document", ["operation_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("refunds", Id, nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("(kind = 'refund') = (refunds IS NOT NULL)", name=op.f("ck_payment_refund_of_a_charge")),
        sa.CheckConstraint(
            "(method = 'card') = (reference IS NOT NULL)", name=op.f("ck_payment_card_has_its_reference")
        ),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("ck_payment_kind_known")),
        sa.CheckConstraint("method IN ('cash', 'card')", name=op.f("ck_payment_method_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_payment_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_payment_operation_id")),
        sa.ForeignKeyConstraint(["refunds"], ["payment.id"], name=op.f("fk_payment_refunds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("refunds", name=op.f("uq_payment_refunds")),
    )
    op.create_index(op.f("ix_payment_account_id"), "payment", ["account_id"], unique=False)
    op.create_table(
        "slip",
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_slip_operation_id")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_slip")),
    )


def _forbid_changes(table: str, when: str = "true") -> None:
    """Make the table append-only on either database."""
    if not _postgresql():
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {table}_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _allow_changes(table: str) -> None:
    for act in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{act}" + (f" ON {table}" if _postgresql() else ""))
    if _postgresql():
        op.execute(f"DROP FUNCTION {table}_append_only()")
