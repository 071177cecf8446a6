"""封存 Seals: which rows are sealed, by what, and those that aren't yet."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, exists, func, insert, literal, select, tuple_, update

from dispatch.domain.seal import FIRST, Item, Mark, Name, Source, leaf
from dispatch.storage import case_store
from dispatch.storage.bulk import in_list
from dispatch.storage.database import Tx
from dispatch.storage.tables.accounts import audit
from dispatch.storage.tables.seals import seal, seal_item, sealing
from dispatch.storage.tables.tickets import archive_record, epoch, history, stored_case

EVERY = timedelta(minutes=1)
"""How often new rows are sealed."""
LATE: Mapping[str, int] = {"postgresql": 100_000, "sqlite": 10_000}
"""Ids below the greatest sealed one within which rows are still taken up: those of transactions that committed late.
None takes so long that others write so many rows meanwhile (`idle_in_transaction_session_timeout`). On SQLite
transactions commit in the order of their ids, but ids of rows that moved into the case store may come again."""
CHUNK = 500
"""Keys in one query."""

TABLES: Mapping[str, Table] = {Source.HISTORY: history, Source.RECORD: archive_record, Source.AUDIT: audit}


class Seal(NamedTuple):
    """One seal. `history_to`, `audit_to`: the greatest ids sealed so far; `case_to`: the last stored case looked at."""

    number: int
    epoch: int
    made_at: datetime
    previous: str
    root: str
    rows: int
    history_to: int
    audit_to: int
    case_to: int

    @property
    def mark(self) -> Mark:
        return Mark(self.epoch, self.number, self.root)


class SealableRow(NamedTuple):
    """A row, with what its table holds now."""

    item: Item
    row: Mapping[str, Any]


def take_turn(tx: Tx, now: datetime) -> bool:
    """Take the turn to seal until the transaction ends. False: it isn't due, or another process has it."""
    query = select(sealing.c.id).where(sealing.c.due_at <= now).with_for_update(skip_locked=True)
    return tx.execute(query).first() is not None


def is_due(tx: Tx, now: datetime) -> bool:
    return tx.execute(select(sealing.c.id).where(sealing.c.due_at <= now)).first() is not None


def overdue(tx: Tx, now: datetime) -> timedelta:
    """For how long sealing has been due, if there are new rows to seal; else nothing."""
    before = last(tx)
    if before is None:
        return timedelta()
    sealed_to = {Source.HISTORY: before.history_to, Source.AUDIT: before.audit_to}
    if not any(greatest(tx, source) > upto for source, upto in sealed_to.items()):
        return timedelta()
    due: datetime = tx.execute(select(sealing.c.due_at)).scalar_one()
    return max(now - due, timedelta())


def note_due(tx: Tx, at: datetime) -> None:
    tx.execute(update(sealing).values(due_at=at))


def last(tx: Tx) -> Seal | None:
    """The newest seal."""
    row = tx.execute(select(seal).order_by(seal.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else Seal(*row)


def after(tx: Tx, number: int, limit: int) -> list[Seal]:
    """The seals behind this number, in their order."""
    return [
        Seal(*row)
        for row in tx.execute(select(seal).where(seal.c.number > number).order_by(seal.c.number).limit(limit))
    ]


def count(tx: Tx) -> int:
    return int(tx.execute(select(func.count()).select_from(seal)).scalar_one())


def epoch_number(tx: Tx) -> int:
    """The number of the epoch, its first generation: each restore begins one with a higher number."""
    return int(tx.execute(select(epoch.c.base)).scalar_one())


def add(tx: Tx, made: Seal, items: Sequence[Item]) -> None:
    """Write a seal and its items."""
    tx.execute(insert(seal), made._asdict())
    if items:
        tx.execute(
            insert(seal_item),
            [
                {
                    "source": item.source,
                    "key": item.key,
                    "part": item.part,
                    "ticket_id": item.ticket_id,
                    "seal_number": made.number,
                    "leaf": item.leaf,
                }
                for item in items
            ],
        )


def items_of(tx: Tx, number: int) -> list[Item]:
    """The items of a seal."""
    query = select(seal_item.c.source, seal_item.c.key, seal_item.c.part, seal_item.c.ticket_id, seal_item.c.leaf)
    return [Item(*row) for row in tx.execute(query.where(seal_item.c.seal_number == number))]


def floor(tx: Tx, of: Seal | None, source: Source) -> int:
    """The id above which a row without a seal is still to be sealed; what lies below must be sealed already."""
    if of is None:
        return 0
    return max(0, (of.audit_to if source is Source.AUDIT else of.history_to) - LATE[tx.dialect.name])


def greatest(tx: Tx, source: Source) -> int:
    """The greatest id in the history or the audit trail."""
    return tx.execute(select(func.max(TABLES[source].c.id))).scalar() or 0


def before_next(tx: Tx, source: Source, above: int) -> int:
    """The id just below the next row's above this one; this one when there is none."""
    key = TABLES[source].c.id
    following = tx.execute(select(func.min(key)).where(key > above)).scalar()
    return above if following is None else int(following) - 1


def unsealed(tx: Tx, source: Source, above: int, limit: int | None, upto: int | None = None) -> list[SealableRow]:
    """Rows of the history or the audit trail with ids above `above`, up to `upto`, that no seal has, in the order of
    their ids."""
    table = TABLES[source]
    query = (
        select(table)
        .where(table.c.id > above, ~_sealed(source, table.c.id, 0 if source is Source.AUDIT else table.c.ticket_id))
        .order_by(table.c.id)
        .limit(limit)
    )
    return _found(tx, source, query if upto is None else query.where(table.c.id <= upto))


def unsealed_records(tx: Tx, ticket_ids: Iterable[int]) -> list[SealableRow]:
    """Archive records of these tickets that no seal has. A record is written together with history."""
    wanted = sorted(set(ticket_ids))
    if not wanted:
        return []
    query = select(archive_record).where(
        in_list(archive_record.c.ticket_id, wanted),
        ~_sealed(Source.RECORD, archive_record.c.ticket_id, archive_record.c.ticket_id, archive_record.c.round),
    )
    return _found(tx, Source.RECORD, query)


def unsealed_records_behind(tx: Tx, ticket_id: int, round: int, limit: int) -> list[SealableRow]:
    """A page of the archive records that no seal has, whatever their tickets: those behind this one."""
    place = archive_record.c.ticket_id, archive_record.c.round
    query = select(archive_record).where(
        tuple_(*place) > tuple_(literal(ticket_id), literal(round)),
        ~_sealed(Source.RECORD, archive_record.c.ticket_id, archive_record.c.ticket_id, archive_record.c.round),
    )
    return _found(tx, Source.RECORD, query.order_by(*place).limit(limit))


def stored_after(tx: Tx, ticket_id: int, limit: int) -> list[int]:
    """The tickets of stored cases behind this one, in their order."""
    query = select(stored_case.c.ticket_id).where(stored_case.c.ticket_id > ticket_id)
    return list(tx.execute(query.order_by(stored_case.c.ticket_id).limit(limit)).scalars())


def in_store(tx: Tx, ticket_ids: Iterable[int]) -> list[SealableRow]:
    """The rows inside the stored cases of these tickets. Raises ValueError when one can't be unpacked."""
    found = []
    for ticket_id in sorted(set(ticket_ids)):
        if tx.execute(select(stored_case.c.ticket_id).where(stored_case.c.ticket_id == ticket_id)).first() is None:
            continue
        try:
            case = case_store.get(tx, ticket_id)
        except (zlib.error, KeyError) as broken:
            raise ValueError(ticket_id) from broken
        for source, rows in ((Source.HISTORY, case.history), (Source.RECORD, case.records)):
            columns = TABLES[source].c.keys()
            given = [{name: getattr(row, name) for name in columns} for row in rows]
            found += [SealableRow(_item(source, row), row) for row in given]
    return found


def names_sealed(tx: Tx, items: Sequence[Item]) -> set[Name]:
    """The names of those of these rows that a seal has."""
    found: set[Name] = set()
    named = select(seal_item.c.source, seal_item.c.key, seal_item.c.part, seal_item.c.ticket_id)
    for source in Source:
        keys = sorted({item.key for item in items if item.source == source})
        for start in range(0, len(keys), CHUNK):
            query = named.where(seal_item.c.source == source, in_list(seal_item.c.key, keys[start : start + CHUNK]))
            found.update((row.source, row.key, row.part, row.ticket_id) for row in tx.execute(query))
    return found


def present(tx: Tx, items: Sequence[Item]) -> dict[Name, Item]:
    """What the tables hold now of these sealed rows, by name; their leaves are computed anew."""
    found: dict[Name, Item] = {}
    for source, table in TABLES.items():
        keys = sorted({item.key for item in items if item.source == source})
        column = table.c.ticket_id if source == Source.RECORD else table.c.id
        for start in range(0, len(keys), CHUNK):
            query = select(table).where(in_list(column, keys[start : start + CHUNK]))
            found.update((each.item.name, each.item) for each in _found(tx, Source(source), query))
    return found


def wholly_sealed(tx: Tx, ticket_ids: Sequence[int]) -> list[int]:
    """Those of these tickets whose whole history is sealed."""
    waiting = select(history.c.ticket_id).where(
        in_list(history.c.ticket_id, ticket_ids), ~_sealed(Source.HISTORY, history.c.id, history.c.ticket_id)
    )
    still = set(tx.execute(waiting).scalars())
    return [ticket_id for ticket_id in ticket_ids if ticket_id not in still]


def _sealed(source: Source, key: Any, ticket_id: Any, part: Any = 0) -> ColumnElement[bool]:
    mine = (seal_item.c.source == source, seal_item.c.key == key, seal_item.c.part == part)
    return exists().where(*mine, seal_item.c.ticket_id == ticket_id)


def _found(tx: Tx, source: Source, query: Select[Any]) -> list[SealableRow]:
    rows = [dict(row._mapping) for row in tx.execute(query)]
    return [SealableRow(_item(source, row), row) for row in rows]


def _item(source: Source, row: Mapping[str, Any]) -> Item:
    if source is Source.RECORD:
        return Item(source, row["ticket_id"], row["round"], row["ticket_id"], leaf(row))
    return Item(source, row["id"], 0, row.get("ticket_id", 0), leaf(row))


def first_root(of: Seal | None) -> str:
    """The root that the next seal names."""
    return FIRST if of is None else of.root
