"""A database of an earlier schema comes up with everything that was in it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from tests.factories import NOW

STAMP = NOW.strftime("%Y-%m-%d %H:%M:%S")


def _all(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.read() as tx:
        return [tuple(row) for row in tx.execute(text(query))]


def test_accounts_and_their_tickets_of_the_first_schema_come_along_and_go_back(database: Database) -> None:
    migrate(database, "base")
    migrate(database, "0001")
    with database.write() as tx:
        for number in ("GZ2", "GZ1"):
            tx.execute(text(f"INSERT INTO account VALUES ('{number}', 'tianhe', '13800138000', '{STAMP}', 'x')"))
        for number in ("GZ1", "GZ1", "GZ2"):
            tx.execute(
                text(
                    "INSERT INTO ticket (kind, state, account, area, channel, symptom, category, description, priority,"
                    f" script, made_at) VALUES ('fault', 'open', '{number}', 'tianhe', 'counter', 'slow', 'network',"
                    f" '慢', 3, '[]', '{STAMP}')"
                )
            )
        tx.execute(
            text(
                "INSERT INTO history (ticket_id, at, act, actor, role, detail) "
                f"VALUES (2, '{STAMP}', 'open', 'x', 'clerk', '{{}}')"
            )
        )
    migrate(database)
    owners = "SELECT ticket.id, number FROM ticket JOIN account ON account.id = account_id ORDER BY ticket.id"
    assert _all(database, owners) == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]
    assert _all(database, "SELECT DISTINCT state FROM account") == [("in-service",)]
    assert _all(database, "SELECT ticket_id FROM history") == [(2,)]
    migrate(database, "0001")
    assert _all(database, "SELECT id, account FROM ticket ORDER BY id") == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]
    migrate(database)
    assert _all(database, owners) == [(1, "GZ1"), (2, "GZ1"), (3, "GZ2")]


def test_sqlite_minds_its_foreign_keys_again_after_a_migration(sqlite: Database) -> None:
    migrate(sqlite, "0001")
    migrate(sqlite)
    assert _all(sqlite, "PRAGMA foreign_keys") == [(1,)]
