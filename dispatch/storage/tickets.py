"""Tickets: inserts and queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from dispatch.domain.kind import Kind
from dispatch.domain.search import SearchKind
from dispatch.domain.title import Wording
from dispatch.errors import NotFound
from dispatch.storage import search_index
from dispatch.storage.bulk import Rows, in_list, in_list_parameter, insert_numbered, list_parameters
from dispatch.storage.database import Tx
from dispatch.storage.rows import TicketColumns, TicketFound, TicketRow, shaped
from dispatch.storage.tables.accounts import account, address, customer
from dispatch.storage.tables.tickets import hop, ticket


def insert_tickets(tx: Tx, rows: Rows) -> list[int]:
    """Insert tickets and return their ids, in the order of `rows`."""
    ids = insert_numbered(tx, ticket, rows)
    search_index.add(tx, SearchKind.TICKET, ids)
    return ids


def select_tickets() -> Select[Any]:
    """A query for tickets with their accounts' present numbers."""
    return select(ticket, account.c.number.label("account")).join(account, account.c.id == ticket.c.account_id)


_ONE = select_tickets().where(ticket.c.id == bindparam("ticket"))
_LOCKED = _ONE.with_for_update(of=ticket)
_THESE = select_tickets().where(in_list_parameter(ticket.c.id, "ids")).order_by(ticket.c.id)


def by_ids(tx: Tx, ticket_ids: Sequence[int]) -> Sequence[TicketRow]:
    return shaped(TicketRow, tx.execute(_THESE, list_parameters(tx, ids=ticket_ids))).all()


def found(tx: Tx, ids: Sequence[int]) -> Sequence[TicketFound]:
    """These tickets as a search shows them, the newest first."""
    return shaped(TicketFound, tx.execute(_FOUND, list_parameters(tx, ids=ids))).all()


_FOUND: Select[Any] = (
    select(
        *(ticket.c[name] for name in ("id", "kind", "state", "area", "symptom", "description", "priority")),
        ticket.c.made_at, ticket.c.ended_at,
        account.c.number.label("account"), account.c.mobile.label("contact"), customer.c.name, customer.c.mobile,
        address.c.text.label("address"),
    )
    .join(account, account.c.id == ticket.c.account_id)
    .outerjoin(customer, customer.c.id == func.coalesce(ticket.c.customer_id, account.c.customer_id))
    .outerjoin(address, address.c.id == func.coalesce(ticket.c.address_id, account.c.address_id))
    .where(in_list_parameter(ticket.c.id, "ids"))
    .order_by(ticket.c.id.desc())
)  # fmt: skip


def not_found(ticket_id: int) -> NotFound:
    """The error for a ticket that isn't there. F or C is unknown, since the kind is."""
    return NotFound(what=Wording("编号为", "ticket number"), which=Wording(f"{ticket_id} 的工单", str(ticket_id)))


def get(tx: Tx, ticket_id: int, *, lock: bool = False) -> TicketRow:
    """The ticket; `lock` locks it until the transaction ends. Raises NotFound."""
    row = shaped(TicketRow, tx.execute(_LOCKED if lock else _ONE, {"ticket": ticket_id})).one_or_none()
    if row is None:
        raise not_found(ticket_id)
    return row


_OPEN_FAULTS = (
    select(ticket.c.account_id, func.max(ticket.c.id))
    .where(
        in_list_parameter(ticket.c.account_id, "ids"),
        ticket.c.ended_at.is_(None),
        ticket.c.kind == Kind.FAULT,
    )
    .group_by(ticket.c.account_id)
)


def open_faults(tx: Tx, account_ids: Sequence[int]) -> dict[int, int]:
    """By account id: the id of its newest fault that hasn't ended."""
    return dict(tx.execute(_OPEN_FAULTS, list_parameters(tx, ids=account_ids)).all())


def activated_at(tx: Tx, account_id: int) -> datetime | None:
    """When the account's line was activated; None where no construction order of ours did it."""
    query = select(func.min(ticket.c.ended_at)).where(
        ticket.c.account_id == account_id, ticket.c.kind == Kind.CONSTRUCTION, ticket.c.outcome == "activated"
    )
    return tx.execute(query).scalar()


def by_request_keys(tx: Tx, keys: Sequence[str]) -> dict[str, TicketColumns]:
    if not keys:
        return {}
    found = shaped(TicketColumns, tx.execute(select(ticket).where(in_list(ticket.c.request_key, keys))))
    return {row.request_key: row for row in found if row.request_key is not None}


def id_of_hop(tx: Tx, hop_id: int) -> int:
    """The id of the hop's ticket. Raises NotFound."""
    found: int | None = tx.execute(select(hop.c.ticket_id).where(hop.c.id == hop_id)).scalar()
    if found is None:
        raise NotFound(what=Wording("编号为", "hop with id"), which=Wording(f"{hop_id} 的环节", str(hop_id)))
    return found
