"""The queries of the customer's unified view 客户统一视图: the rows of some accounts, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from dispatch.domain.ticket import LIVE_HOP
from dispatch.storage.account_rows import AccountMatch, ViewedAccount, ViewedBinding, ViewedTicket
from dispatch.storage.accounts import has_name
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import ViewedEffect
from dispatch.storage.operation_rows import ViewedOperation
from dispatch.storage.payment_rows import ViewedInvoice, ViewedPayment
from dispatch.storage.plan_rows import ViewedPlan
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import (
    account,
    address,
    binding,
    customer,
    effect,
    enrolment,
    invoice,
    operation,
    payment,
    pon_port,
    slip,
)
from dispatch.storage.tables.tickets import hop, ticket

Ids = Sequence[int]


def is_account(account_id: int) -> ColumnElement[bool]:
    """The condition: this account."""
    return account.c.id == account_id


def of_customer(customer_id: int) -> ColumnElement[bool]:
    """The condition: accounts of this customer."""
    return account.c.customer_id == customer_id


def reached_by_mobile(mobile: str) -> ColumnElement[bool]:
    """The condition: accounts with this number, bound to it, or with it as their contact or their customer's."""
    bound = select(binding.c.account_id).where(binding.c.mobile == mobile, binding.c.until.is_(None))
    owners = select(customer.c.id).where(customer.c.mobile == mobile)
    return or_(has_name(mobile), account.c.mobile == mobile, account.c.id.in_(bound), account.c.customer_id.in_(owners))


def find_accounts(
    tx: Tx, wanted: ColumnElement[bool], areas: Collection[str] | None, limit: int
) -> Sequence[AccountMatch]:
    """The wanted accounts of these areas, or of all: living ones first, then the newest."""
    columns = [account.c[name] for name in ("id", "number", "state", "area", "mobile")]
    query: Select[Any] = (
        select(*columns, address.c.text.label("address"), customer.c.name)
        .outerjoin(address, address.c.id == account.c.address_id)
        .outerjoin(customer, customer.c.id == account.c.customer_id)
        .where(wanted)
    )
    if areas is not None:
        query = query.where(account.c.area.in_(areas))
    ended = account.c.ended_at.is_not(None)
    return shaped(AccountMatch, tx.execute(query.order_by(ended, account.c.id.desc()).limit(limit))).all()


def accounts(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedAccount]:
    """The accounts with their addresses and ports, without passwords."""
    columns = [column for column in account.c if column.name != "password"]
    query: Select[Any] = (
        select(*columns, address.c.text.label("address"), pon_port.c.olt, pon_port.c.port)
        .outerjoin(address, address.c.id == account.c.address_id)
        .outerjoin(pon_port, pon_port.c.id == account.c.pon_port_id)
        .where(account.c.id.in_(ids))
    )
    return shaped(ViewedAccount, tx.execute(query.order_by(account.c.id.desc()).limit(limit))).all()


def plans(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedPlan]:
    return shaped(ViewedPlan, tx.execute(_of(enrolment, ids, limit))).all()


def bindings(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedBinding]:
    return shaped(ViewedBinding, tx.execute(_of(binding, ids, limit))).all()


def payments(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedPayment]:
    return shaped(ViewedPayment, tx.execute(_of(payment, ids, limit))).all()


def invoices(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedInvoice]:
    """The accounts' invoices without their printed content."""
    columns = [column for column in invoice.c if column.name != "content"]
    query: Select[Any] = select(*columns, account.c.number.label("account")).join(
        account, account.c.id == invoice.c.account_id
    )
    query = query.where(invoice.c.account_id.in_(ids)).order_by(invoice.c.number.desc())
    return shaped(ViewedInvoice, tx.execute(query.limit(limit))).all()


def operations(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedOperation]:
    """The operations on the accounts, and whether each has a slip."""
    columns = [operation.c[name] for name in ("id", "kind", "at", "actor", "role", "outlet")]
    query: Select[Any] = (
        select(*columns, account.c.number.label("account"), slip.c.operation_id.label("slip"))
        .join(account, account.c.id == operation.c.account_id)
        .outerjoin(slip, slip.c.operation_id == operation.c.id)
        .where(operation.c.account_id.in_(ids))
    )
    return shaped(ViewedOperation, tx.execute(query.order_by(operation.c.id.desc()).limit(limit))).all()


def tickets(tx: Tx, ids: Ids, limit: int) -> Sequence[ViewedTicket]:
    """The accounts' tickets, each with the team that has it now."""
    live = and_(hop.c.ticket_id == ticket.c.id, hop.c.state.in_(LIVE_HOP))
    columns = [ticket.c[name] for name in ("id", "kind", "state", "symptom", "made_at", "ended_at", "outcome")]
    query: Select[Any] = (
        select(*columns, account.c.number.label("account"), hop.c.team)
        .join(account, account.c.id == ticket.c.account_id)
        .outerjoin(hop, live)
        .where(ticket.c.account_id.in_(ids))
    )
    return shaped(ViewedTicket, tx.execute(query.order_by(ticket.c.id.desc()).limit(limit))).all()


def effects(tx: Tx, lanes: Sequence[str], keys: Sequence[str], limit: int) -> Sequence[ViewedEffect]:
    """The effects of these lanes or keys, without their payloads."""
    columns = [effect.c[name] for name in ("port", "key", "state", "made_at", "confirmed_at")]
    query = select(*columns).where(or_(effect.c.lane.in_(lanes), effect.c.key.in_(keys)))
    return shaped(ViewedEffect, tx.execute(query.order_by(effect.c.id.desc()).limit(limit))).all()


def hop_ids(tx: Tx, ids: Ids, limit: int) -> Sequence[int]:
    """The ids of the hops of the accounts' tickets."""
    query = select(hop.c.id).join(ticket, ticket.c.id == hop.c.ticket_id).where(ticket.c.account_id.in_(ids))
    return tx.execute(query.order_by(hop.c.id.desc()).limit(limit)).scalars().all()


def _of(table: Any, ids: Ids, limit: int) -> Select[Any]:
    """The table's rows of these accounts, each with its account's number."""
    query: Select[Any] = select(table, account.c.number.label("account")).join(
        account, account.c.id == table.c.account_id
    )
    return query.where(table.c.account_id.in_(ids)).order_by(table.c.id.desc()).limit(limit)
