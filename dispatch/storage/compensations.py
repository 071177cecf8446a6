"""Compensations 减免: credits on customers' bills, each for one ticket and one basis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.storage.bulk import insert_numbered
from dispatch.storage.complaint_rows import CompensationRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.complaints import compensation


def add(
    tx: Tx,
    account_id: int,
    ticket_id: int,
    basis: str,
    fen: int,
    days: int | None,
    reason: str,
    by: str,
    approval_id: int | None,
    now: datetime,
) -> int:
    """Insert a compensation; returns its id."""
    row = {"account_id": account_id, "ticket_id": ticket_id, "basis": str(basis), "fen": fen, "days": days}
    more = {"reason": reason, "by": by, "approval_id": approval_id, "at": now}
    (made,) = insert_numbered(tx, compensation, [{**row, **more}])
    return made


def of_ticket(tx: Tx, ticket_id: int) -> Sequence[CompensationRow]:
    """The ticket's compensations, the oldest first."""
    query = select(compensation).where(compensation.c.ticket_id == ticket_id).order_by(compensation.c.id)
    return shaped(CompensationRow, tx.execute(query)).all()
