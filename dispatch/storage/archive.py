"""Archive records: inserts and queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from dispatch.storage.database import Tx
from dispatch.storage.rows import ArchiveRow, shaped
from dispatch.storage.tables.tickets import archive_record


def insert_records(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Insert row by row: a record is a long text, and as part of a JSON document it would be serialised twice."""
    if rows:
        tx.execute(insert(archive_record), rows)


def records(tx: Tx, ticket_id: int) -> Sequence[ArchiveRow]:
    query = select(archive_record).where(archive_record.c.ticket_id == ticket_id)
    return shaped(ArchiveRow, tx.execute(query.order_by(archive_record.c.round))).all()
