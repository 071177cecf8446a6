"""The database itself refuses what the life tables don't know, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from dispatch.errors import SchemaOutdated
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables import archive_record, history, hop, metadata, ticket
from dispatch.ticket.life import HopState
from tests.factories import NOW, fault


@pytest.fixture
def row(database: Database, in_force: Rulebook, script: Script) -> dict[str, Any]:
    """A live hop's row, as a dict."""
    accepted = fault(database, in_force, script)
    with database.read() as tx:
        found = tx.execute(select(hop).where(hop.c.ticket_id == accepted.ticket_id)).one()
    return dict(found._mapping)


def test_a_ticket_has_one_live_hop_at_most(database: Database, row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(insert(hop).values({**row, "id": None, "seq": 2}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "lost"},
        {"state": "claimed"},  # by nobody
        {"state": "held", "holder": "li", "claimed_at": NOW, "wake_at": NOW},  # since when?
        {"state": "reported", "ended_at": NOW},  # what was found?
        {"state": "due", "wake_at": None},  # would never be sent
        {"state": "withdrawn"},  # without its end
        {"state": "waiting", "ended_at": NOW},
        {"seq": 0},
        {"failures": -1},
        {"ticket_id": 999_999},
        {"rulebook": "unknown"},
    ],
    ids=lambda wrong: ",".join(f"{k}={v}" for k, v in wrong.items())[:40],
)
def test_a_hop_that_can_not_be_is_refused(database: Database, row: dict[str, Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(update(hop).where(hop.c.id == row["id"]).values(wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "gone"},
        {"channel": "fax"},
        {"priority": 5},
        {"description": ""},
        {"account": "nobody"},
        {"state": "closed"},
    ],
    ids=str,
)
def test_a_ticket_that_can_not_be_is_refused(database: Database, row: dict[str, Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(update(ticket).where(ticket.c.id == row["ticket_id"]).values(wrong))


@pytest.mark.parametrize("statement", [update(history).values(act="forged"), delete(history)], ids=["update", "delete"])
def test_history_is_append_only(database: Database, row: dict[str, Any], statement: Any) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(statement)


def test_archive_records_are_append_only(database: Database, row: dict[str, Any]) -> None:
    with database.write() as tx:
        record = {"ticket_id": row["ticket_id"], "round": 0, "archived_at": NOW, "content": "{}", "sha256": "0"}
        tx.execute(insert(archive_record).values(record))
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(update(archive_record).values(content="{'forged': true}"))


def test_the_migrations_make_just_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_go_down_and_up_again(database: Database) -> None:
    migrate(database, "base")
    with pytest.raises(SchemaOutdated, match="none"):
        database.require_schema()
    migrate(database)
    assert database.schema() == SCHEMA


def test_every_state_of_the_life_table_is_let_in(database: Database, row: dict[str, Any]) -> None:
    whole = {"holder": "li", "claimed_at": NOW, "held_at": NOW, "wake_at": NOW, "finding": "fixed"}
    for state in HopState:
        ended = state in ("reported", "passed-on", "handed-back", "withdrawn")
        with database.write() as tx:
            values = {**whole, "state": state, "ended_at": NOW if ended else None}
            tx.execute(update(hop).where(hop.c.id == row["id"]).values(values))
