"""主管批准: what somebody asked a supervisor, and what was decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from dispatch.domain.naming import masked_name
from dispatch.domain.numbers import ticket_number
from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import ApprovalRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, address, approval, customer
from dispatch.storage.tables.tickets import ticket


def add(
    tx: Tx, act: str, subject: str, area: str, fen: int | None, asked_by: str, reason: str, now: datetime
) -> ApprovalRow:
    asked = {"act": act, "subject": subject, "area": area, "fen": fen, "asked_by": asked_by, "reason": reason}
    made = insert(approval).values(**asked, asked_at=now).returning(approval.c.id)
    (row,) = find(tx, [tx.execute(made).scalar_one()])
    return row


def find(tx: Tx, ids: Sequence[int], *, lock: bool = False) -> Sequence[ApprovalRow]:
    """Those of the requests that exist, by their ids."""
    query = select(approval).where(approval.c.id.in_(ids)).order_by(approval.c.id)
    return shaped(ApprovalRow, tx.execute(query.with_for_update() if lock else query)).all()


def decide(tx: Tx, approval_id: int, outcome: str, decided_by: str, now: datetime) -> None:
    row = {"outcome": outcome, "decided_by": decided_by, "at": now}
    tx.execute(update(approval).where(approval.c.id == approval_id).values(**row))


def use(tx: Tx, approval_id: int, used_by: str) -> None:
    tx.execute(update(approval).where(approval.c.id == approval_id).values(used_by=used_by))


def listed(
    tx: Tx, limit: int, before: int | None = None, *, areas: Collection[str] | None = None, asked_by: str | None = None
) -> Sequence[ApprovalRow]:
    """Requests, the newest first: of these areas (None: all), of this asker (None: all); only with smaller ids than
    `before`."""
    query = select(approval).order_by(approval.c.id.desc()).limit(limit)
    if areas is not None:
        query = query.where(approval.c.area.in_(areas))
    if asked_by is not None:
        query = query.where(approval.c.asked_by == asked_by)
    return shaped(ApprovalRow, tx.execute(query if before is None else query.where(approval.c.id < before))).all()


def waiting(tx: Tx, since: datetime, limit: int, areas: Collection[str] | None = None) -> Sequence[ApprovalRow]:
    """Requests of these areas (None: all) that were made after `since` and aren't decided, the oldest first."""
    query = select(approval).where(approval.c.outcome.is_(None), approval.c.asked_at > since)
    if areas is not None:
        query = query.where(approval.c.area.in_(areas))
    return shaped(ApprovalRow, tx.execute(query.order_by(approval.c.id).limit(limit))).all()


def subjects(tx: Tx, rows: Sequence[ApprovalRow]) -> Mapping[str, str]:
    """What people call the requests' subjects: the number of an account or a ticket, an address's text, a customer's
    name, masked. Others have no name."""
    found: dict[str, str] = {}
    named_by = (
        ("account", account, account.c.number),
        ("address", address, address.c.text),
        ("customer", customer, customer.c.name),
    )
    for kind, table, name in named_by:
        ids = [int(row.subject.partition("/")[2]) for row in rows if row.subject.startswith(f"{kind}/")]
        if ids:
            named = tx.execute(select(table.c.id, name).where(table.c.id.in_(ids)))
            found |= {f"{kind}/{id_}": masked_name(text) if kind == "customer" else text for id_, text in named}
    if ids := [int(row.subject.partition("/")[2]) for row in rows if row.subject.startswith("ticket/")]:
        for id_, kind in tx.execute(select(ticket.c.id, ticket.c.kind).where(ticket.c.id.in_(ids))):
            found[f"ticket/{id_}"] = ticket_number(kind, id_)
    return found
