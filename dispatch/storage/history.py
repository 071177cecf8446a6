"""The history: one row an act, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from dispatch.storage.database import Tx
from dispatch.storage.tables import history
from dispatch.ticket.roles import Actor


def entry(
    ticket_id: int,
    at: datetime,
    act: str,
    actor: Actor,
    hop_id: int | None = None,
    on_behalf_of: str | None = None,
    **detail: object,
) -> dict[str, Any]:
    """One row, to be written with `write`."""
    return {
        "ticket_id": ticket_id,
        "hop_id": hop_id,
        "at": at,
        "act": act,
        "actor": actor.name,
        "role": actor.role,
        "on_behalf_of": on_behalf_of,
        "detail": detail,
    }


def write(tx: Tx, entries: Sequence[dict[str, Any]]) -> None:
    if entries:
        tx.execute(insert(history), entries)


def of_tickets(tx: Tx, ticket_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """All rows of these tickets, in the order in which they were written."""
    return tx.execute(select(history).where(history.c.ticket_id.in_(ticket_ids)).order_by(history.c.id)).all()
