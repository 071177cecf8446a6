"""Old cases go into the case store and stay as readable as before; old effects drop their content."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

from dispatch import effects
from dispatch.reports import lists
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.seals.sealing import seal_batch
from dispatch.storage import effects as rows
from dispatch.storage import retention
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from dispatch.storage.rows import as_dict, as_dicts
from dispatch.storage.tables.accounts import effect
from dispatch.storage.tables.tickets import archive_record, history, stored_case
from dispatch.tickets import closing, followup
from dispatch.tickets.closing import digest
from tests import factories as f

DAY = timedelta(days=1)
AGE = 180 * DAY
LONG_AFTER = f.NOW + AGE


@pytest.fixture
def closed(database: Database, in_force: Rulebook, script: Script) -> int:
    """A case that was archived, reopened once, archived again and closed by its customer; its id."""
    ticket_id = f.fault(database, in_force, script).ticket_id
    for answer in ("not-fixed", "satisfied"):
        survey = f.archived(database, in_force, ticket_id)
        with database.write() as tx:
            closing.answer(tx, in_force, f.link(tx, survey), answer, f.NOW)
    assert f.ticket(database, ticket_id).state == "closed"
    return ticket_id


def store(database: Database, now: datetime = LONG_AFTER, limit: int = 99) -> int:
    with database.write() as tx:
        seal_batch(tx, now)
        return retention.store_ended(tx, AGE, now, limit)


def told(database: Database, ticket_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return all data of the case except the time when it was stored."""
    with database.read() as tx:
        journey = lists.journey(tx, ticket_id)
    case = as_dict(journey.ticket)
    del case["stored_at"]
    parts = {"hops": journey.hops, "history": journey.history, "records": journey.records}
    return {"ticket": [case]} | {name: as_dicts(part) for name, part in parts.items()}


def left(database: Database) -> tuple[int, int]:
    """Return the numbers of history rows and of records in the tables."""
    with database.read() as tx:
        counts = [tx.execute(select(func.count()).select_from(t)).scalar_one() for t in (history, archive_record)]
    return counts[0], counts[1]


def test_a_case_in_the_store_tells_exactly_what_it_told_before(database: Database, closed: int) -> None:
    before = told(database, closed)
    assert len(before["history"]) > 8
    assert len(before["records"]) == 2
    assert store(database) == 1
    assert left(database) == (0, 0)
    assert told(database, closed) == before
    with database.read() as tx:
        assert all(digest(record.content) == record.sha256 for record in lists.journey(tx, closed).records)


def test_a_case_is_stored_once_and_only_when_old_enough(database: Database, closed: int) -> None:
    assert [store(database, at) for at in (LONG_AFTER - DAY, LONG_AFTER, LONG_AFTER + DAY)] == [0, 1, 0]
    assert f.ticket(database, closed).stored_at == LONG_AFTER


def test_a_case_that_has_not_ended_is_never_stored(database: Database, in_force: Rulebook, script: Script) -> None:
    f.archived(database, in_force, f.fault(database, in_force, script).ticket_id)
    assert store(database, LONG_AFTER + 1_000 * DAY) == 0


def test_the_oldest_cases_are_stored_first_and_so_many_at_once(
    database: Database, in_force: Rulebook, script: Script
) -> None:
    ids = []
    for day in (2, 0, 1):
        ids.append(f.fault(database, in_force, script, number=f"GZ{day}").ticket_id)
        with database.write() as tx:
            followup.withdraw(tx, ids[-1], "好了", f.CLERK, f.NOW + day * DAY)
    assert store(database, LONG_AFTER + 9 * DAY, limit=2) == 2
    assert [f.ticket(database, each).stored_at is None for each in ids] == [True, False, False]


def test_a_case_in_the_store_is_found_in_its_accounts_list(database: Database, closed: int) -> None:
    store(database)
    with database.read() as tx:
        assert [row.id for row in lists.latest_tickets(tx, 10, number="GZ1")] == [closed]


@pytest.mark.parametrize("table", [history, archive_record])
def test_rows_of_a_case_outside_the_store_are_still_never_removed(database: Database, closed: int, table: Any) -> None:
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(delete(table).where(table.c.ticket_id == closed))


@pytest.mark.parametrize("statement", [delete(stored_case), update(stored_case).values(content=b"")])
def test_no_case_in_the_store_is_changed_or_removed(database: Database, closed: int, statement: Any) -> None:
    store(database)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(statement)
    assert told(database, closed)["history"]


def test_a_downgrade_of_the_schema_takes_the_cases_out_of_the_store(database: Database, closed: int) -> None:
    before = told(database, closed)
    rows_before = left(database)
    store(database)
    migrate(database, "0008")
    assert left(database) == rows_before
    with pytest.raises(DBAPIError, match="append-only"), database.write() as tx:
        tx.execute(delete(history))
    migrate(database)
    assert told(database, closed) == before
    assert store(database) == 1


def test_a_confirmed_effect_drops_its_content_and_keeps_its_key(database: Database, in_force: Rulebook) -> None:
    with database.write() as tx:
        for key in ("operation/1", "operation/2"):
            effects.tell(tx, key, "13800138000", "您好", f.NOW)
    with database.write() as tx:
        sent = rows.take_due(tx, f.NOW, f.LEASE, 1)
        rows.confirm(tx, rows.receive(tx, [each.pair for each in sent], f.NOW, f.LEASE), f.NOW)
    forgotten = []
    for age in (29, 30, 31):
        with database.write() as tx:
            forgotten.append(retention.forget_confirmed(tx, 30 * DAY, f.NOW + age * DAY, 99))
    assert forgotten == [0, 1, 0]
    with database.read() as tx:
        kept = [tuple(row) for row in tx.execute(select(effect.c.key, effect.c.payload).order_by(effect.c.id))]
    assert kept == [("operation/1/sms", {}), ("operation/2/sms", {"mobile": "13800138000", "text": "您好"})]
