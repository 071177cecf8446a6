"""The history: one row for each act, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from dispatch.domain.roles import Actor
from dispatch.storage.bulk import in_list_parameter, list_parameters
from dispatch.storage.database import Tx
from dispatch.storage.rows import HistoryRow, shaped
from dispatch.storage.tables.tickets import history


def entry(
    ticket_id: int,
    at: datetime,
    act: str,
    actor: Actor,
    hop_id: int | None = None,
    on_behalf_of: str | None = None,
    **detail: object,
) -> dict[str, Any]:
    """One history row, to be written with `write_act`."""
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


_OF_TICKETS = select(history).where(in_list_parameter(history.c.ticket_id, "ids")).order_by(history.c.id)


def of_tickets(tx: Tx, ticket_ids: Sequence[int]) -> Sequence[HistoryRow]:
    """The history of these tickets, in the order in which it was written."""
    return shaped(HistoryRow, tx.execute(_OF_TICKETS, list_parameters(tx, ids=ticket_ids))).all()


_NEWEST = select(func.max(history.c.id)).where(in_list_parameter(history.c.ticket_id, "ids"))


def newest(tx: Tx, ticket_ids: Sequence[int]) -> int | None:
    """The id of the newest history row of these tickets; every act writes one, so it changes with every act."""
    return tx.execute(_NEWEST, list_parameters(tx, ids=ticket_ids)).scalar()
