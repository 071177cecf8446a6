"""Of the token in a survey's link only its hash is kept, one for each link; a process says with which schema it works.

Processes of the release before read and write `survey.token`, so it stays, and may now be empty. As long as one of them
lives, new surveys get a token in clear; afterwards the relay replaces all of them by their hashes, a few at a time.

SQLite can't take a NOT NULL off a column. Its manual allows to take it off the table's declaration (ALTER TABLE,
section 7), since no row changes; to copy the table would block for minutes."""

import secrets

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0017"
down_revision = "0016"

_REQUIRED, _OPTIONAL = "token VARCHAR(40) NOT NULL", "token VARCHAR(40)"
AT_ONCE = 1_000


def upgrade() -> None:
    op.create_table(
        "survey_link",
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("hop_id", Id, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["hop_id"], ["survey.hop_id"], name=op.f("fk_survey_link_hop_id")),
        sa.PrimaryKeyConstraint("secret", name=op.f("pk_survey_link")),
    )
    op.create_index("ix_survey_link_attempt", "survey_link", ["hop_id", "attempt"])
    op.add_column("process", sa.Column("schema", sa.String(12), nullable=True))
    op.add_column("process", sa.Column("schema_at", Instant(), nullable=True))
    op.add_column("process", sa.Column("older_seen_at", Instant(), nullable=True))
    _let_token_be_empty(True)


def downgrade() -> None:
    """Links that were sent lead nowhere from then on: their tokens are known to the customers alone. A reminder brings
    another one."""
    tx = op.get_bind()
    survey = sa.table("survey", sa.column("hop_id"), sa.column("token"))
    without = sa.select(survey.c.hop_id).where(survey.c.token.is_(None)).limit(AT_ONCE)
    fill = sa.update(survey).where(survey.c.hop_id == sa.bindparam("id_")).values(token=sa.bindparam("new"))
    while ids := tx.execute(without).scalars().all():
        tx.execute(fill, [{"id_": id_, "new": secrets.token_urlsafe(16)} for id_ in ids])
    _let_token_be_empty(False)
    for column in ("older_seen_at", "schema_at", "schema"):
        op.drop_column("process", column)
    op.drop_table("survey_link")


def _let_token_be_empty(empty: bool) -> None:
    tx = op.get_bind()
    if tx.dialect.name != "sqlite":
        op.alter_column("survey", "token", nullable=empty)
        return
    before, after = (_REQUIRED, _OPTIONAL) if empty else (_OPTIONAL, _REQUIRED)
    version = tx.exec_driver_sql("PRAGMA schema_version").scalar_one()
    tx.exec_driver_sql("PRAGMA writable_schema=ON")
    changed = sa.text("UPDATE sqlite_master SET sql = replace(sql, :before, :after) WHERE name = 'survey'")
    tx.execute(changed, {"before": before, "after": after})
    tx.exec_driver_sql(f"PRAGMA schema_version={version + 1}")  # so that every connection reads the declarations anew
    tx.exec_driver_sql("PRAGMA writable_schema=RESET")
