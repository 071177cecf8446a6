"""编号 Sequences: what gives rows their ids, and invoices their numbers.

People are told some of these numbers, and papers bear them. A restored database knows nothing of those that were given
out after its backup, so a restore moves every sequence on: `docs/decisions/0023-names-that-never-repeat.md`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime

from sqlalchemy import Column, Table, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.storage.column_types import metadata
from dispatch.storage.database import Tx
from dispatch.storage.tables.accounts import account, number_series, operation
from dispatch.storage.tables.tickets import epoch, history, hop, ticket

INVOICES = "invoice"
"""The series of invoices' numbers, which has no gaps but at a restore."""

EPOCH = epoch.name
"""The first generation of the epoch, which is given out like a number: no later epoch may begin at or below it."""

START = datetime(2026, 1, 1, tzinfo=UTC)
TOLD_TO_PEOPLE = {ticket.name, account.name, operation.name, INVOICES}
"""A second since START moves these on by one number, the others by ten. An operator of ten million lines has 0.12
faults a second."""
_OTHERS = 10
LEAST = 1_000_000
"""How far a sequence moves at least when it is ahead of the clock."""


_GIVEN_BY_POSTGRESQL = text(
    "SELECT last_value FROM pg_sequences WHERE (quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass"
    " = pg_get_serial_sequence(:table, :column)::regclass"
)
_GIVEN_BY_SQLITE = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
"""The last id that a table's sequence gave out, also for a row that is gone; nothing before the first."""


_INVOICE = select(number_series.c.last).where(number_series.c.name == INVOICES)
_WATCHED = select(
    *(select(func.max(each.c.id)).scalar_subquery().label(each.name) for each in (ticket, account, operation, hop)),
    _INVOICE.scalar_subquery().label(INVOICES),
    select(epoch.c.base).scalar_subquery().label(EPOCH),
)


def last_ids(tx: Tx, only: Container[str] | None = None) -> dict[str, int]:
    """By sequence the last id that was given out, also for rows that are gone; 0 when none was. `only`: of these.

    The database may be of an older schema: tables that it lacks are left out.
    """
    there = set(inspect(tx).get_table_names())
    wanted = there if only is None else {name for name in there if name in only}
    last = {table.name: _last(tx, table, key) for table, key in numbered() if table.name in wanted}
    if number_series.name in there and (only is None or INVOICES in only):
        last[INVOICES] = tx.execute(_INVOICE).scalar() or 0
    if epoch.name in there and (only is None or EPOCH in only):
        last[EPOCH] = tx.execute(select(epoch.c.base)).scalar() or 0
    return last


def stored_ids(tx: Tx) -> dict[str, int]:
    """By sequence the greatest id of a committed row: of what people are told, and of what names keys outside."""
    return {name: int(last or 0) for name, last in tx.execute(_WATCHED).one()._mapping.items()}


def move_on(tx: Tx, now: datetime, given_out: Mapping[str, int]) -> dict[str, int]:
    """Move every sequence past all that it can have given out by now; return the first ids to come, by sequence.

    `given_out`: the last ids that another copy of the database gave out.
    """
    now = max(now, *_newest(tx))
    last_of = {name: max(last, given_out.get(name, 0)) for name, last in last_ids(tx).items() if name != EPOCH}
    first = {name: _first(name, last, now) for name, last in last_of.items()}
    for table, key in numbered():
        _set_next(tx, table, key, first[table.name])
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    last = first[INVOICES] - 1
    series = dialect.insert(number_series).values(name=INVOICES, last=last)
    tx.execute(series.on_conflict_do_update(index_elements=[number_series.c.name], set_={"last": last}))
    return first


def numbered() -> Iterator[tuple[Table, Column[int]]]:
    """The tables whose rows get their ids from the database, each with the column of the id."""
    for table in metadata.sorted_tables:
        if table.autoincrement_column is not None:
            yield table, table.autoincrement_column


def _first(name: str, last: int, now: datetime) -> int:
    """The number that the clock stands at; for a sequence ahead of the clock, so much on from its last id."""
    clock = int((now - START).total_seconds()) * (1 if name in TOLD_TO_PEOPLE else _OTHERS)
    return clock if clock > last else last + 1 + max(clock, LEAST)


def _newest(tx: Tx) -> list[datetime]:
    """The times of the last acts: a clock that is behind them is wrong."""
    asked = [select(each.c.at).order_by(each.c.id.desc()).limit(1) for each in (history, operation)]
    return [START, *(at for query in asked if (at := tx.execute(query).scalar()) is not None)]


def _last(tx: Tx, table: Table, key: Column[int]) -> int:
    stored = _stored(tx, key)
    if tx.dialect.name == "postgresql":
        given = tx.execute(_GIVEN_BY_POSTGRESQL, {"table": f'"{table.name}"', "column": key.name}).scalar()
    elif inspect(tx).has_table("sqlite_sequence"):
        given = tx.execute(_GIVEN_BY_SQLITE, {"table": table.name}).scalar()
    else:
        given = 0
    return max(stored, int(given or 0))


def _stored(tx: Tx, key: Column[int]) -> int:
    return int(tx.execute(select(func.coalesce(func.max(key), 0))).scalar_one())


def _set_next(tx: Tx, table: Table, key: Column[int], first: int) -> None:
    if tx.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(f'"{table.name}"', key.name)
        tx.execute(select(func.setval(sequence, first - 1)))
        return
    values = {"name": table.name, "last": first - 1}
    tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
    tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values)
