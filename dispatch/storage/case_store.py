"""档案库 The case store: the history and the frozen records of an old case, as one compressed document.

The ticket and its hops stay in their tables, so the case is found and shown as before.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update

from dispatch.storage.bulk import Rows, as_json_document, in_list, read_rows
from dispatch.storage.column_types import read_json
from dispatch.storage.database import Tx
from dispatch.storage.rows import ArchiveRow, HistoryRow, OfTicket, as_dicts, by_ticket, shaped
from dispatch.storage.tables.tickets import archive_record, history, stored_case, ticket

MOVES = (history, archive_record)
"""The tables whose rows move. Each has a `ticket_id`; its rows are stored in the order of the primary key."""


def lock_ended(tx: Tx, before: datetime, limit: int) -> Sequence[int]:
    """Lock at most `limit` cases that ended by `before` and aren't stored, the oldest first, except those that another
    process has locked; return their ids."""
    query = select(ticket.c.id).where(ticket.c.ended_at <= before, ticket.c.stored_at.is_(None))
    query = query.order_by(ticket.c.ended_at).limit(limit).with_for_update(skip_locked=True)
    return tx.execute(query).scalars().all()


def store(tx: Tx, ticket_ids: Sequence[int], now: datetime) -> None:
    """Move ended cases into the store. Triggers let their rows be deleted only once the store has them."""
    cases: dict[int, dict[str, Rows]] = {ticket_id: {} for ticket_id in ticket_ids}
    for table in MOVES:
        query = select(table).where(in_list(table.c.ticket_id, ticket_ids)).order_by(*table.primary_key)
        rows = by_ticket(shaped(OfTicket, tx.execute(query)))
        for ticket_id, case in cases.items():
            case[table.name] = as_dicts(rows[ticket_id])
    packed = {ticket_id: zlib.compress(as_json_document(tx, case).encode()) for ticket_id, case in cases.items()}
    tx.execute(insert(stored_case), [{"ticket_id": id_, "content": content} for id_, content in packed.items()])
    for table in MOVES:
        tx.execute(delete(table).where(in_list(table.c.ticket_id, ticket_ids)))
    tx.execute(update(ticket).where(in_list(ticket.c.id, ticket_ids)).values(stored_at=now))


class Stored(NamedTuple):
    """The rows of one case, as they were in their tables."""

    history: Sequence[HistoryRow]
    records: Sequence[ArchiveRow]


def get(tx: Tx, ticket_id: int) -> Stored:
    """The stored rows of a case whose ticket has `stored_at`. Migration 0009 reads the same format."""
    content = tx.execute(select(stored_case.c.content).where(stored_case.c.ticket_id == ticket_id)).scalar_one()
    case = read_json(zlib.decompress(content))
    return Stored(
        read_rows(tx, HistoryRow, history, case[history.name]),
        read_rows(tx, ArchiveRow, archive_record, case[archive_record.name]),
    )
