"""A change of plan is accepted now and takes effect on the day of the next bill.

Only a table and an index are added. Programs of the release before go on working. They know no changes: where they unbind
a number that should carry one, the relay voids it on its day."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0024"
down_revision = "0023"

_SCHEDULED = "state NOT IN ('done', 'replaced', 'void')"
_WITH_TERM = "ended_at IS NULL AND until IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "plan_change",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("operation_id", Id, nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=False),
        sa.Column("plans_version", sa.String(length=12), nullable=False),
        sa.Column("terms", Document, nullable=False),
        sa.Column("mobile", sa.String(length=20)),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=40)),
        sa.Column("ended_at", Instant()),
        sa.CheckConstraint(
            "state IN ('scheduled', 'done', 'void', 'replaced')", name=op.f("ck_plan_change_state_known")
        ),
        sa.CheckConstraint(f"({_SCHEDULED}) = (ended_at IS NULL)", name=op.f("ck_plan_change_ended")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_plan_change_account_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_plan_change_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_change")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plan_change_account_id", "plan_change", ["account_id"])
    for name, table, column, where, unique in (
        ("uq_plan_change_scheduled", "plan_change", "account_id", sa.text(_SCHEDULED), True),
        ("ix_plan_change_due", "plan_change", "effective_on", sa.text(_SCHEDULED), False),
        ("ix_enrolment_term", "enrolment", "until", sa.text(_WITH_TERM), False),
    ):
        op.create_index(name, table, [column], unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_enrolment_term", "enrolment")
    op.drop_table("plan_change")
