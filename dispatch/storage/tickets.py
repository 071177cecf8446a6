"""Tickets and accounts: rows in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from dispatch.errors import NotFound
from dispatch.storage.database import Tx
from dispatch.storage.tables import account, hop, ticket
from dispatch.ticket.life import LIVE_HOP
from dispatch.ticket.numbers import ticket_number
from dispatch.ticket.roles import Actor


def add_accounts(tx: Tx, rows: Sequence[tuple[str, str, str]], actor: Actor, now: datetime) -> int:
    """Enter (number, area, mobile) rows, leaving known numbers as they are; the number that were new."""
    known = {n for (n,) in tx.execute(select(account.c.number).where(account.c.number.in_([r[0] for r in rows])))}
    new = [
        {"number": number, "area": area, "mobile": mobile, "added_at": now, "added_by": actor.name}
        for number, area, mobile in rows
        if number not in known
    ]
    if new:
        tx.execute(insert(account), new)
    return len(new)


def accounts(tx: Tx, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    """The known ones of these accounts, by number."""
    return {row.number: row for row in tx.execute(select(account).where(account.c.number.in_(numbers)))}


def all_accounts(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    return tx.execute(select(account).order_by(account.c.number).limit(limit)).all()


def insert_tickets(tx: Tx, rows: Sequence[dict[str, Any]]) -> list[int]:
    """The new tickets' ids, in the order of `rows`."""
    made = tx.execute(insert(ticket).returning(ticket.c.id, sort_by_parameter_order=True), rows)
    return [row.id for row in made]


def update_tickets(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Each row: `id_`, and the columns that change; the same columns in all rows."""
    if rows:
        columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "id_"}
        tx.execute(update(ticket).where(ticket.c.id == bindparam("id_")).values(columns), rows)


def by_ids(tx: Tx, ticket_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return tx.execute(select(ticket).where(ticket.c.id.in_(ticket_ids)).order_by(ticket.c.id)).all()


def get(tx: Tx, ticket_id: int, *, lock: bool = False) -> Row[Any]:
    """The ticket. Raises NotFound."""
    query = select(ticket).where(ticket.c.id == ticket_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(what="ticket", which=ticket_number("fault", ticket_id))
    return row


def open_on_accounts(tx: Tx, numbers: Sequence[str]) -> dict[str, int]:
    """The id of the newest ticket that hasn't ended, by account."""
    query = select(ticket.c.account, func.max(ticket.c.id)).where(
        ticket.c.account.in_(numbers), ticket.c.ended_at.is_(None)
    )
    return dict(tx.execute(query.group_by(ticket.c.account)).all())


def by_request_keys(tx: Tx, keys: Sequence[str]) -> dict[str, Row[Any]]:
    return {row.request_key: row for row in tx.execute(select(ticket).where(ticket.c.request_key.in_(keys)))}


def live_hop(tx: Tx, ticket_id: int) -> int | None:
    """The id of the ticket's live hop."""
    query = select(hop.c.id).where(hop.c.ticket_id == ticket_id, hop.c.state.in_(LIVE_HOP))
    return tx.execute(query).scalar()


def of_hop(tx: Tx, hop_id: int) -> int:
    """The id of the hop's ticket. Raises NotFound."""
    found: int | None = tx.execute(select(hop.c.ticket_id).where(hop.c.id == hop_id)).scalar()
    if found is None:
        raise NotFound(what="hop with id", which=hop_id)
    return found
