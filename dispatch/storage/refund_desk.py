"""The construction orders that wait for cancel and refund 退单退费."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, select

from dispatch.domain.kind import Kind
from dispatch.domain.ticket import LIVE_HOP
from dispatch.storage import hops
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import WaitingOrder
from dispatch.storage.rows import LockedHop, shaped
from dispatch.storage.tables.accounts import account, account_move, address, customer
from dispatch.storage.tables.tickets import history, hop, ticket

APPOINT = "appoint"
"""The act that records an appointment in an order's history."""

_before = hop.alias("before")


def waiting(tx: Tx, team: str, limit: int, areas: Collection[str] | None = None) -> Sequence[WaitingOrder]:
    """The orders of these areas, or of all, that wait at this team, the oldest first: each with its customer and the
    evidence of the visit before."""
    query: Select[Any] = (
        select(
            hop.c.ticket_id,
            ticket.c.kind,
            hop.c.made_at.label("failed_at"),
            ticket.c.area,
            account.c.number.label("account"),
            address.c.text.label("address"),
            customer.c.name,
            customer.c.mobile,
            _before.c.evidence,
        )
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .join(account, account.c.id == ticket.c.account_id)
        .join(customer, customer.c.id == account.c.customer_id)
        .outerjoin(account_move, account_move.c.order_id == ticket.c.id)
        .join(address, address.c.id == func.coalesce(account_move.c.to_address, account.c.address_id))
        .outerjoin(_before, and_(_before.c.ticket_id == hop.c.ticket_id, _before.c.seq == hop.c.seq - 1))
        .where(hop.c.team == team, hop.c.state.in_(LIVE_HOP))
    )
    if areas is not None:
        query = query.where(ticket.c.area.in_(areas))
    return shaped(WaitingOrder, tx.execute(query.order_by(hop.c.made_at, hop.c.id).limit(limit))).all()


def appointments(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, str]:
    """The last appointment of each order, as ISO 8601, by ticket id."""
    query = select(history.c.ticket_id, history.c.detail).where(
        history.c.ticket_id.in_(ticket_ids), history.c.act == APPOINT
    )
    return {row.ticket_id: row.detail["appointed_for"] for row in tx.execute(query.order_by(history.c.id))}


def evidence_before(tx: Tx, row: LockedHop) -> Mapping[str, Any]:
    """The evidence of the visit before this hop: why the line couldn't be built."""
    before = (hop.c.ticket_id == row.ticket_id) & (hop.c.seq == row.seq - 1)
    return tx.execute(select(hop.c.evidence).where(before)).scalar() or {}


def lock_waiting(tx: Tx, team: str, ticket_id: int) -> LockedHop | None:
    """Lock and return the order's hop at this team; None when the order is elsewhere or has ended."""
    at_team = (hop.c.team == team) & hop.c.state.in_(LIVE_HOP)
    hop_id = tx.execute(select(hop.c.id).where(hop.c.ticket_id == ticket_id, at_team)).scalar()
    row = None if hop_id is None else hops.lock(tx, [hop_id])[hop_id]
    return row if row is not None and row.state in LIVE_HOP else None  # ended while this waited for the lock


def order_of(tx: Tx, account_id: int) -> int:
    """The id of the account's construction order."""
    mine = (ticket.c.account_id == account_id) & (ticket.c.kind == Kind.CONSTRUCTION)
    return int(tx.execute(select(ticket.c.id).where(mine)).scalar_one())
