"""Complaints 投诉: what their tickets have beside what every ticket has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update

from dispatch.domain.kind import Kind
from dispatch.domain.ticket import TICKET_ENDS
from dispatch.storage.column_types import constants
from dispatch.storage.complaint_rows import ComplaintLine, ComplaintRow, ReplyRow
from dispatch.storage.database import Tx
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.complaints import complaint
from dispatch.storage.tables.tickets import hop, live, ticket

_LINES: Select[Any] = (
    select(
        complaint.c.ticket_id,
        complaint.c.source,
        complaint.c.contact_by,
        complaint.c.reply_by,
        complaint.c.contacted_at,
        complaint.c.replied_at,
        complaint.c.agreement,
        ticket.c.symptom,
        ticket.c.state,
        ticket.c.area,
        account.c.number.label("account"),
        ticket.c.made_at,
        ticket.c.ended_at,
        hop.c.team,
        hop.c.holder,
    )
    .join(ticket, ticket.c.id == complaint.c.ticket_id)
    .join(account, account.c.id == ticket.c.account_id)
    .outerjoin(hop, (hop.c.ticket_id == ticket.c.id) & live)
)


def insert_complaint(
    tx: Tx, ticket_id: int, source: str, about: int | None, wish: str, contact_by: datetime, reply_by: datetime
) -> None:
    row = {"source": source, "about": about, "wish": wish, "contact_by": contact_by, "reply_by": reply_by}
    tx.execute(insert(complaint).values(ticket_id=ticket_id, **row))


def of_ticket(tx: Tx, ticket_id: int) -> ComplaintRow | None:
    """The complaint of this ticket; None for a ticket of another kind."""
    return shaped(ComplaintRow, tx.execute(select(complaint).where(complaint.c.ticket_id == ticket_id))).one_or_none()


_UNFINISHED = ticket.c.state.not_in(constants(sorted(TICKET_ENDS)))


def unfinished_of(tx: Tx, account_id: int, kind: str) -> int | None:
    """The ticket's id of the account's newest unfinished complaint of this kind."""
    query = select(ticket.c.id).where(ticket.c.account_id == account_id, ticket.c.kind == Kind.COMPLAINT)
    query = query.where(ticket.c.symptom == kind, _UNFINISHED).order_by(ticket.c.id.desc()).limit(1)
    return tx.execute(query).scalar()


def unfinished(tx: Tx, account_id: int) -> int | None:
    """The ticket's id of the account's newest unfinished complaint of any kind."""
    query = select(ticket.c.id).where(ticket.c.account_id == account_id, ticket.c.kind == Kind.COMPLAINT, _UNFINISHED)
    return tx.execute(query.order_by(ticket.c.id.desc()).limit(1)).scalar()


def replies(tx: Tx, account_id: int, finding: str, since: datetime) -> Sequence[ReplyRow]:
    """What was reported with this finding on the account's complaints since then, the oldest first."""
    query: Select[Any] = (
        select(hop.c.ticket_id, hop.c.evidence)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .where(ticket.c.account_id == account_id, ticket.c.kind == Kind.COMPLAINT)
        .where(hop.c.finding == finding, hop.c.ended_at >= since)
    )
    return shaped(ReplyRow, tx.execute(query.order_by(hop.c.id))).all()


def note_contact(tx: Tx, ticket_id: int, now: datetime) -> None:
    """Note that the customer heard from us; only the first time counts."""
    first = update(complaint).where(complaint.c.ticket_id == ticket_id, complaint.c.contacted_at.is_(None))
    tx.execute(first.values(contacted_at=now))


def note_reply(tx: Tx, row: ComplaintRow, agreement: str, now: datetime) -> None:
    """Note a reply and what the customer said to it. Whoever got a reply heard from us."""
    noted: dict[str, Any] = {"agreement": agreement, "replies": row.replies + 1, "replied_at": row.replied_at or now}
    if row.contacted_at is None:
        noted["contacted_at"] = now
    tx.execute(update(complaint).where(complaint.c.ticket_id == row.ticket_id).values(**noted))


def listed(
    tx: Tx, limit: int, areas: Collection[str] | None = None, *, unfinished: bool = True, before: int | None = None
) -> Sequence[ComplaintLine]:
    """Complaints of these areas (None: all). The unfinished ones come by the time by which a reply is due; all of
    them, the newest first, from before the ticket with the id `before` on."""
    query = _LINES.limit(limit)
    if areas is not None:
        query = query.where(ticket.c.area.in_(areas))
    if unfinished:
        query = query.where(_UNFINISHED).order_by(complaint.c.reply_by, complaint.c.ticket_id)
    else:
        query = query.order_by(complaint.c.ticket_id.desc())
    if before is not None:
        query = query.where(complaint.c.ticket_id < before)
    return shaped(ComplaintLine, tx.execute(query)).all()


def line(tx: Tx, ticket_id: int) -> ComplaintLine:
    """The complaint of this ticket, as in a list."""
    return shaped(ComplaintLine, tx.execute(_LINES.where(complaint.c.ticket_id == ticket_id))).one()
