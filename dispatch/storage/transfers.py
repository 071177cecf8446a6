"""转接 Calls that 10050 has transferred to 10086: those who wait, those who hung up, and who answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select

from dispatch.domain.ticket import TicketState
from dispatch.storage.bulk import in_list
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import history, ticket

_AT_10086 = ticket.c.state == literal_column(f"'{TicketState.TRANSFERRED}'")
_SINCE = func.coalesce(ticket.c.transferred_at, ticket.c.made_at)
"""Processes of an earlier release transfer without a time."""


class CallRow(Protocol):
    """A call at 10086 that is not dealt with yet."""

    id: int
    kind: str
    area: str
    account: str
    mobile: str
    symptom: str
    description: str
    since: datetime  # when it was transferred
    taken_by: str | None  # None: nobody yet
    taken_at: datetime | None
    hung_up_at: datetime | None  # None: the caller is on the line, or was answered


def waiting(tx: Tx, areas: Collection[str] | None, limit: int) -> Sequence[CallRow]:
    """Those of these areas (None: all), the longest waiting first."""
    columns = ticket.c.id, ticket.c.kind, ticket.c.area, ticket.c.symptom, ticket.c.description
    of_call = ticket.c.taken_by, ticket.c.taken_at, ticket.c.hung_up_at
    query = select(*columns, account.c.number.label("account"), account.c.mobile, _SINCE.label("since"), *of_call)
    query = query.join(account, account.c.id == ticket.c.account_id).where(_AT_10086, _within(areas))
    return shaped(CallRow, tx.execute(query.order_by(_SINCE, ticket.c.id).limit(limit))).all()


def lock_next(tx: Tx, agent: str, areas: Collection[str] | None, lease_begun: datetime) -> int | None:
    """Lock the agent's own call, else the longest waiting one on the line that nobody has taken since `lease_begun`;
    return its id."""
    free = or_(ticket.c.taken_at.is_(None), ticket.c.taken_at <= lease_begun)
    mine = and_(ticket.c.taken_by == agent, ticket.c.taken_at > lease_begun)
    query = select(ticket.c.id).where(_AT_10086, ticket.c.hung_up_at.is_(None), _within(areas), or_(free, mine))
    query = query.order_by(case((mine, 0), else_=1), _SINCE, ticket.c.id).limit(1).with_for_update(skip_locked=True)
    return tx.execute(query).scalar()


def count_free(tx: Tx, areas: Collection[str] | None, lease_begun: datetime) -> int:
    """How many callers of these areas are on the line whom nobody has taken since `lease_begun`."""
    free = or_(ticket.c.taken_at.is_(None), ticket.c.taken_at <= lease_begun)
    query = select(func.count()).select_from(ticket)
    return int(tx.execute(query.where(_AT_10086, ticket.c.hung_up_at.is_(None), _within(areas), free)).scalar_one())


def of_agent(tx: Tx, agent: str, lease_begun: datetime) -> int | None:
    """The id of the call that the agent has taken since then, the last one; None: none."""
    query = select(ticket.c.id).where(_AT_10086, ticket.c.taken_by == agent, ticket.c.taken_at > lease_begun)
    return tx.execute(query.order_by(ticket.c.taken_at.desc()).limit(1)).scalar()


def notes(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """By ticket: who transferred the call, and what they noted."""
    query = select(history.c.ticket_id, history.c.actor, history.c.detail)
    query = query.where(in_list(history.c.ticket_id, ticket_ids), history.c.act == "transfer").order_by(history.c.id)
    return {row[0]: (row[1], row[2].get("said", "")) for row in tx.execute(query)}


def _within(areas: Collection[str] | None) -> ColumnElement[bool]:
    return ticket.c.area.is_not(None) if areas is None else in_list(ticket.c.area, sorted(areas))
