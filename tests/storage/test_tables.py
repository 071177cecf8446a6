"""The database itself refuses data that the life tables don't allow, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import re
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from dispatch.domain.ticket import HOP_ENDS, LIVE_HOP, TICKET_ENDS, HopState, TicketState
from dispatch.errors import SchemaOutdated
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import sequences
from dispatch.storage.column_types import metadata
from dispatch.storage.database import SCHEMA, Database
from dispatch.storage.migration import migrate
from dispatch.storage.tables.tickets import archive_record, history, hop, ticket
from tests.factories import NOW, fault, put_in_force

WORD = re.compile(r"'([a-z0-9-]+)'")


@pytest.fixture
def row(database: Database, in_force: Rulebook, script: Script) -> dict[str, Any]:
    """Return a live hop's row as a dict."""
    accepted = fault(database, in_force, script)
    with database.read() as tx:
        found = tx.execute(select(hop).where(hop.c.ticket_id == accepted.ticket_id)).one()
    return dict(found._mapping)


def test_a_ticket_has_one_live_hop_at_most_whatever_their_states(database: Database, row: dict[str, Any]) -> None:
    second = {**row, "id": None, "seq": 2, "holder": "li", "claimed_at": NOW, "held_at": NOW}
    for state in LIVE_HOP:
        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(insert(hop).values({**second, "state": state}))


IMPOSSIBLE_HOPS: list[dict[str, Any]] = [
    {"state": "lost"},
    {"state": "claimed"},  # no holder
    {"state": "claimed", "holder": "li"},  # no claim time
    {"state": "held", "holder": "li", "claimed_at": NOW, "wake_at": NOW},  # no hold time
    {"state": "held", "holder": "li", "claimed_at": NOW, "held_at": NOW, "wake_at": None},  # no end of the hold
    {"state": "reported", "ended_at": NOW},  # no finding
    {"state": "due", "wake_at": None},  # would never be sent
    {"state": "sent", "wake_at": None},  # would never be sent again
    {"state": "received", "wake_at": None},
    {"state": "withdrawn"},  # no end time
    {"state": "waiting", "ended_at": NOW},
    {"seq": 0},
    {"generation": -1},
    {"failures": -1},
    {"ticket_id": 999_999},
    {"asked_by": 999_999},
    {"rulebook": "unknown"},
    {"facts": None},
]


def test_an_impossible_hop_is_refused(database: Database, row: dict[str, Any]) -> None:
    for wrong in IMPOSSIBLE_HOPS:
        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(hop).where(hop.c.id == row["id"]).values(wrong))


IMPOSSIBLE_TICKETS: list[dict[str, Any]] = [
    {"state": "gone"},
    {"channel": "fax"},
    {"priority": 0},
    {"priority": 5},
    {"description": ""},
    {"account_id": 999_999},
    {"state": "closed"},
    {"ended_at": NOW},
]


def test_an_impossible_ticket_is_refused(database: Database, row: dict[str, Any]) -> None:
    for wrong in IMPOSSIBLE_TICKETS:
        with pytest.raises(IntegrityError), database.write() as tx:
            tx.execute(update(ticket).where(ticket.c.id == row["ticket_id"]).values(wrong))


@pytest.mark.parametrize(
    "statement",
    [
        update(history).values(act="forged"),
        delete(history),
        update(archive_record).values(content="{}"),
        delete(archive_record),
    ],
    ids=["history changed", "history removed", "record changed", "record removed"],
)
def test_history_and_archive_records_are_never_changed_or_removed(
    database: Database, row: dict[str, Any], statement: Any
) -> None:
    with database.write() as tx:
        record = {"ticket_id": row["ticket_id"], "round": 0, "archived_at": NOW, "content": "{}", "sha256": "0"}
        tx.execute(insert(archive_record).values(record))
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(statement)


@pytest.mark.parametrize("table", ["history", "archive_record"])
def test_history_and_archive_records_are_never_truncated(postgresql: Database, table: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), postgresql.write() as tx:
        tx.execute(text(f"TRUNCATE {table} CASCADE"))


def test_history_and_archive_records_are_never_replaced(sqlite: Database, rulebook: Rulebook, script: Script) -> None:
    put_in_force(sqlite, rulebook)
    fault(sqlite, rulebook, script)
    forged = "REPLACE INTO history SELECT id, ticket_id, hop_id, at, 'forged', actor, role, NULL, detail FROM history"
    with pytest.raises(DBAPIError, match="append-only"), sqlite.write() as tx:
        tx.execute(text(forged))


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning")
def test_the_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_server_default": True, "include_object": _is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def _is_ours(item: Any, name: str, kind: str, reflected: bool, _other: Any) -> bool:
    """Return whether SQLAlchemy knows of such things: it doesn't of FTS5 tables, nor of PostgreSQL's indexes alone."""
    fts = reflected and kind == "table" and re.fullmatch(r"(ticket|account|address|device)_tokens(_\w+)?", name)
    return not fts and not (kind == "index" and item.table.name.endswith("_search"))


def test_the_checks_in_the_database_know_exactly_the_words_of_the_code(database: Database) -> None:
    found = {
        check["name"]: set(WORD.findall(check["sqltext"]))
        for table in metadata.tables
        for check in inspect(database.engine).get_check_constraints(table)
    }
    wanted = {
        str(check.name): set(WORD.findall(str(check.sqltext)))
        for table in metadata.sorted_tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    assert found == wanted
    assert found["ck_hop_state_known"] == set(HopState)
    assert found["ck_hop_ended"] == HOP_ENDS
    assert found["ck_ticket_state_known"] == set(TicketState)
    assert found["ck_ticket_ended"] == TICKET_ENDS


def test_the_partial_indexes_in_the_database_know_exactly_the_states_of_the_life_table(database: Database) -> None:
    catalogue = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }
    with database.read() as tx:
        found = {name: set(WORD.findall(sql)) for name, sql in tx.execute(text(catalogue[database.kind]))}
    assert found["uq_hop_live"] == set(LIVE_HOP)
    assert found["ix_hop_board"] == {"waiting", "claimed", "held"}


def test_the_migrations_go_down_and_up_again(database: Database) -> None:
    migrate(database, "base")
    with pytest.raises(SchemaOutdated, match="schema is empty"):
        database.require_schema()
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrate(database)
    database.require_schema()
    assert database.schema() == SCHEMA


def test_every_state_of_the_life_table_is_accepted(database: Database, row: dict[str, Any]) -> None:
    whole = {"holder": "li", "claimed_at": NOW, "held_at": NOW, "wake_at": NOW, "finding": "fixed"}
    for state in HopState:
        with database.write() as tx:
            values = {**whole, "state": state, "ended_at": NOW if state in HOP_ENDS else None}
            tx.execute(update(hop).where(hop.c.id == row["id"]).values(values))


def test_a_time_without_a_zone_is_refused_before_it_reaches_the_database(database: Database, row: Any) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.write() as tx:
        tx.execute(update(hop).values(wake_at=NOW.replace(tzinfo=None)))


def test_a_time_comes_back_as_it_was_given_on_either_database(database: Database, row: dict[str, Any]) -> None:
    precise = NOW.replace(microsecond=123456)
    with database.write() as tx:
        tx.execute(update(hop).values(wake_at=precise))
        assert tx.execute(select(hop.c.wake_at)).scalar() == precise


def test_a_database_error_does_not_quote_the_statements_parameters(database: Database, row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError) as told, database.write() as tx:
        tx.execute(update(hop).where(hop.c.id == row["id"]).values(state="lost", reason="客户说的话"))
    assert "客户说的话" not in str(told.value)


def test_sqlite_gives_no_id_twice_in_any_table(sqlite: Database) -> None:
    """A migration that adds such a table says `sqlite_autoincrement=True`."""
    tables = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    with sqlite.read() as tx:
        declared = {row.name: row.sql for row in tx.execute(tables)}
    assert [table.name for table, _ in sequences.numbered() if "AUTOINCREMENT" not in declared[table.name]] == []
