"""A search finds tickets, accounts, addresses and devices by any part of what is known of them.

Only tables and columns are added. Programs of the release before write none of them: when the last has ended, `dispatch
search rebuild` makes up for it. A ticket keeps the customer and the address of its report; theirs have none."""

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Document, Id, Instant

revision = "0035"
down_revision = "0034"

_BASE = {"ticket": "ticket", "account": "account", "address": "address", "device": "registered_device"}
_KINDS = "kind IN ('ticket', 'account', 'address', 'device')"


def upgrade() -> None:
    number = "INTEGER" if _sqlite() else "BIGINT"
    for table in ("customer", "address"):
        reference = f"CONSTRAINT fk_ticket_{table}_id REFERENCES {table} (id)"
        op.execute(f"ALTER TABLE ticket ADD COLUMN {table}_id {number} {reference}")
    op.create_index("ix_ticket_customer_id", "ticket", ["customer_id"])
    op.create_table(
        "search_state",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("cursor", Id),
        sa.Column("shares", Document, nullable=False),
        sa.Column("sampled_at", Instant()),
        sa.CheckConstraint(_KINDS, name=op.f("ck_search_state_kind_known")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_search_state")),
    )
    searched = sa.Text() if _sqlite() else sa.Text(collation="C")
    for kind, base in _BASE.items():
        table = f"{kind}_search"
        op.create_table(
            table,
            sa.Column("id", Id, nullable=False, autoincrement=False),
            sa.Column("area", sa.String(length=40), nullable=False),
            sa.Column("text", searched, nullable=False),
            sa.Column("initials", searched, nullable=False),
            sa.Column("tokens", sa.Text() if _sqlite() else sa.ARRAY(sa.Integer())),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        if _sqlite():
            _create_fts(f"{kind}_tokens")
        else:
            op.create_index(f"ix_{table}_area", table, ["area", "id"])
            op.execute(f"CREATE INDEX ix_{table}_tokens ON {table} USING gin (tokens) WITH (fastupdate = off)")
        op.execute(  # there is something to build
            f"INSERT INTO search_state (kind, version, cursor, shares) SELECT '{kind}', 1, 0, '{{}}' "
            f"WHERE EXISTS (SELECT 1 FROM {base})"
        )


def downgrade() -> None:
    for kind in _BASE:
        if _sqlite():
            op.execute(f"DROP TABLE {kind}_tokens")
        op.drop_table(f"{kind}_search")
    op.drop_table("search_state")
    op.drop_index("ix_ticket_customer_id", "ticket")
    op.drop_column("ticket", "address_id")
    op.drop_column("ticket", "customer_id")


def _create_fts(name: str) -> None:
    """An index of tokens alone. Segments are merged late and in small parts: a merge of everything at once would keep
    an act waiting for seconds."""
    op.execute(
        f"CREATE VIRTUAL TABLE {name} USING fts5(tokens, content='', columnsize=0, detail=none, tokenize='ascii')"
    )
    for setting, value in (("automerge", 8), ("crisismerge", 1000)):
        op.execute(f"INSERT INTO {name}({name}, rank) VALUES ('{setting}', {value})")


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
