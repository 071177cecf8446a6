"""Payments by WeChat, Alipay, bank transfer and on the bill; in parts; a charge may be refunded in parts.

The reference of a transaction stands for one charge. Where programs of the release before took one twice, the first has
it as the others do, and the later ones are marked as its twins. Those programs go on, but they can't show a payment by
a method that they don't know, and a reference that is used twice is an error to them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from dispatch.storage.append_only import forbid_changes
from dispatch.storage.column_types import Id, Instant

revision = "0031"
down_revision = "0030"

_KINDS = {"kind_known": "kind IN ('charge', 'refund')", "positive": "amount > 0"}
_BEFORE = {
    "method_known": "method IN ('cash', 'card')",
    "refund_of_a_charge": "(kind = 'refund') = (refunds IS NOT NULL)",
    "card_has_its_reference": "(method = 'card') = (reference IS NOT NULL)",
}
_AFTER = {
    "method_known": "method IN ('cash', 'card', 'wechat', 'alipay', 'bank', 'bill')",
    "refund_of_a_charge": (
        "CASE kind WHEN 'charge' THEN refunds IS NULL ELSE refunds IS NOT NULL OR method = 'bank' END"
    ),
    "has_its_reference": "kind = 'refund' OR (method IN ('bill', 'cash')) = (reference IS NULL)",
}
_REFERRED = sa.text("kind = 'charge' AND reference IS NOT NULL")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_AFTER, [sa.Column("twin", Id, nullable=False, server_default="0")])
    else:
        op.drop_constraint("uq_payment_refunds", "payment")
        _replace(_BEFORE, _AFTER)
        op.add_column("payment", sa.Column("twin", Id, nullable=False, server_default="0"))
        op.execute("ALTER TABLE payment DISABLE TRIGGER payment_no_update")
    op.execute(
        "UPDATE payment SET twin = id WHERE kind = 'charge' AND reference IS NOT NULL AND id > (SELECT min(first.id) "
        "FROM payment AS first WHERE first.kind = 'charge' AND first.method = payment.method "
        "AND first.reference = payment.reference)"
    )
    if op.get_bind().dialect.name == "sqlite":
        forbid_changes(op.get_bind(), "payment")
    else:
        op.execute("ALTER TABLE payment ENABLE TRIGGER payment_no_update")
    op.create_index("ix_payment_refunds", "payment", ["refunds"])
    op.create_index(
        "uq_payment_reference",
        "payment",
        ["method", "reference", "twin"],
        unique=True,
        sqlite_where=_REFERRED,
        postgresql_where=_REFERRED,
    )


def downgrade() -> None:
    """Payments that the release before can't hold stop it: none is forgotten."""
    op.drop_index("uq_payment_reference", "payment")
    op.drop_index("ix_payment_refunds", "payment")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_BEFORE, [])
        forbid_changes(op.get_bind(), "payment")
        return
    _replace(_AFTER, _BEFORE)
    op.drop_column("payment", "twin")
    op.create_unique_constraint("uq_payment_refunds", "payment", ["refunds"])


def _replace(before: dict[str, str], after: dict[str, str]) -> None:
    for name in before:
        op.drop_constraint(op.f(f"ck_payment_{name}"), "payment")
    for name, check in after.items():
        op.create_check_constraint(op.f(f"ck_payment_{name}"), "payment", check)


def _rebuild(checks: dict[str, str], more: Sequence[sa.Column[int]]) -> None:
    """Rebuild the table: SQLite changes no constraint. Its triggers go with the old one; ids go on where they were."""
    tx = op.get_bind()
    given = tx.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'payment'").scalar()
    uniques = [] if more else [sa.UniqueConstraint("refunds", name="uq_payment_refunds")]
    op.create_table(
        "payment_rebuilt",
        sa.Column("id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=60)),
        sa.Column("refunds", Id),
        sa.Column("at", Instant(), nullable=False),
        *more,
        *(sa.CheckConstraint(check, name=op.f(f"ck_payment_{name}")) for name, check in (_KINDS | checks).items()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_payment_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_payment_operation_id")),
        sa.ForeignKeyConstraint(["refunds"], ["payment.id"], name=op.f("fk_payment_refunds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        *uniques,
        sqlite_autoincrement=True,
    )
    columns = "id, operation_id, account_id, kind, method, amount, reference, refunds, at"
    op.execute(f"INSERT INTO payment_rebuilt ({columns}) SELECT {columns} FROM payment ORDER BY id")
    op.drop_table("payment")
    op.rename_table("payment_rebuilt", "payment")
    op.create_index("ix_payment_account_id", "payment", ["account_id"])
    if given is not None:
        tx.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'payment'")
        tx.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('payment', ?)", (given,))
