"""The case store for the history and records of old cases. The payloads of effects that were confirmed long ago can be
emptied."""

import json
import zlib

import sqlalchemy as sa
from alembic import op

from dispatch.storage.column_types import Id, Instant

revision = "0009"
down_revision = "0008"

DOCUMENTS = {"history": ("detail",), "archive_record": ()}
"""The tables whose rows move into the store, with their JSON columns."""
CASES = 1_000
"""Cases that a downgrade takes out of the store at once."""


def upgrade() -> None:
    op.create_table(
        "stored_case",
        sa.Column("ticket_id", Id, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_stored_case_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_stored_case")),
    )
    op.add_column("ticket", sa.Column("stored_at", Instant()))
    _index("ix_ticket_to_store", "ticket", "ended_at", "ended_at IS NOT NULL AND stored_at IS NULL")
    op.add_column("effect", sa.Column("forgotten_at", Instant()))
    _index("ix_effect_to_forget", "effect", "confirmed_at", "confirmed_at IS NOT NULL AND forgotten_at IS NULL")
    for table in DOCUMENTS:
        _allow_changes(table)
        _forbid_changes(table)
        _forbid_removal_but_into_the_store(table)
    _forbid_changes("stored_case")
    _forbid_removal("stored_case")


def downgrade() -> None:
    for table in (*DOCUMENTS, "stored_case"):
        _allow_changes(table)
        _allow_removal(table)
    _take_out_of_the_store()
    for table in DOCUMENTS:
        _forbid_changes_and_removal(table)
    op.drop_table("stored_case")
    op.drop_index("ix_ticket_to_store", "ticket")
    op.drop_column("ticket", "stored_at")
    op.drop_index("ix_effect_to_forget", "effect")
    op.drop_column("effect", "forgotten_at")


def _index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _take_out_of_the_store() -> None:
    tx = op.get_bind()
    after = 0
    query = sa.text(
        "SELECT ticket_id, content FROM stored_case WHERE ticket_id > :after ORDER BY ticket_id LIMIT :most"
    )
    while found := tx.execute(query, {"after": after, "most": CASES}).all():
        cases = [json.loads(zlib.decompress(content)) for _, content in found]
        for table, documents in DOCUMENTS.items():
            _put_back(table, documents, [row for case in cases for row in case[table]])
        after = found[-1].ticket_id


def _put_back(table: str, documents: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    if _postgresql():
        put = f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
    else:
        values = ", ".join(f"value {'->' if name in documents else '->>'} '$.{name}'" for name in rows[0])
        put = f"INSERT INTO {table} ({', '.join(rows[0])}) SELECT {values} FROM json_each(:rows)"
    op.get_bind().execute(sa.text(put), {"rows": json.dumps(rows)})


# -- append-only tables, on either database ------------------------------------------------------------


def _forbid_changes(table: str) -> None:
    if not _postgresql():
        _refuse_in_sqlite(table, "UPDATE")
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _allow_changes(table: str) -> None:
    """Drop the triggers that forbid updates and deletes."""
    if not _postgresql():
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
        return
    op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute(f"DROP FUNCTION {table}_append_only() CASCADE")


def _forbid_removal(table: str) -> None:
    if not _postgresql():
        _refuse_in_sqlite(table, "DELETE")
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _forbid_removal_but_into_the_store(table: str) -> None:
    stored = "EXISTS (SELECT 1 FROM stored_case WHERE ticket_id = OLD.ticket_id)"
    if not _postgresql():
        _refuse_in_sqlite(table, "DELETE", f"WHEN NOT {stored}")
        return
    op.execute(
        f"CREATE FUNCTION {table}_into_the_store() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {stored} THEN RETURN OLD; END IF; RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_into_the_store BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_into_the_store()"
    )


def _allow_removal(table: str) -> None:
    if _postgresql():
        op.execute(f"DROP FUNCTION IF EXISTS {table}_into_the_store() CASCADE")


def _forbid_changes_and_removal(table: str) -> None:
    """Restore the triggers from before there was a store."""
    _forbid_changes(table)
    if not _postgresql():
        _refuse_in_sqlite(table, "DELETE")
        return
    op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def _refuse_in_sqlite(table: str, act: str, when: str = "") -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
