"""A survey's answer has a grade, reasons and words; agents call those who answer no message.

Columns and a table are only added: programs of the release before answer surveys without them."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("survey", sa.Column("fixed", sa.Boolean()))
    op.add_column("survey", sa.Column("grade", sa.SmallInteger()))
    op.add_column("survey", sa.Column("reasons", Document))
    op.add_column("survey", sa.Column("words", sa.Text()))
    op.add_column("survey", sa.Column("by", sa.String(length=80)))
    where = sa.text("grade IS NOT NULL")
    op.create_index("ix_survey_graded", "survey", ["grade", "answered_at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "survey_call",
        sa.Column("hop_id", Id, nullable=False),
        sa.Column("call", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["hop_id"], ["survey.hop_id"], name=op.f("fk_survey_call_hop_id")),
        sa.PrimaryKeyConstraint("hop_id", "call", name=op.f("pk_survey_call")),
    )


def downgrade() -> None:
    op.drop_table("survey_call")
    op.drop_index("ix_survey_graded", "survey")
    for column in ("by", "words", "reasons", "grade", "fixed"):
        op.drop_column("survey", column)
