"""The tables whose rows never change: the triggers that refuse it, and whether the database still has them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from dispatch.storage.database import Tx

TABLES = (
    "archive_record",
    "audit",
    "billing_event",
    "compensation",
    "device_move",
    "history",
    "identity_check",
    "invoice",
    "operation",
    "payment",
    "seal",
    "seal_item",
    "slip",
    "stored_case",
)
"""Neither UPDATE nor DELETE."""
KEPT_FOR_A_WHILE = ("access_log",)
"""No UPDATE; old rows are deleted."""

_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
# tgtype's bits: 16 an UPDATE, 8 a DELETE. Source: PostgreSQL, src/include/catalog/pg_trigger.h
_POSTGRESQL = """
SELECT relname || CASE bit WHEN 16 THEN '_no_update' ELSE '_no_delete' END
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid CROSS JOIN (VALUES (16), (8)) AS act (bit)
WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & bit <> 0
"""


def forbid_changes(tx: Connection, table: str) -> None:
    """Make the table append-only on either database; for migrations."""
    if tx.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            tx.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    tx.exec_driver_sql(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    tx.exec_driver_sql(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )


def unguarded(tx: Tx) -> list[str]:
    """The tables, by name, whose rows somebody could change or delete, since a trigger is missing or disabled."""
    query = _POSTGRESQL if tx.dialect.name == "postgresql" else _SQLITE
    found = set(tx.execute(text(query)).scalars())
    needed = {f"{table}_no_{act}": table for table in TABLES for act in ("update", "delete")}
    needed |= {f"{table}_no_update": table for table in KEPT_FOR_A_WHILE}
    return sorted({table for trigger, table in needed.items() if trigger not in found})
