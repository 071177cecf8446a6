"""Payments and invoices. Amounts are in fen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.storage.database import Tx
from dispatch.storage.operation_rows import PaperRow
from dispatch.storage.payment_rows import InvoiceRow, PaymentRow, RefundableRow
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account, invoice, number_series, payment

_other = payment.alias("other")


def insert_payment(
    tx: Tx,
    operation_id: int,
    account_id: int,
    kind: str,
    method: str,
    amount: int,
    reference: str | None,
    now: datetime,
    refunds: int | None = None,
) -> None:
    """`kind` is charge or refund; `refunds` is the id of the charge that a refund pays back; None: it goes back by bank
    transfer, on no charge."""
    row = {"kind": kind, "method": method, "amount": amount, "reference": reference, "refunds": refunds, "at": now}
    tx.execute(insert(payment).values(operation_id=operation_id, account_id=account_id, **row))


def refundable(tx: Tx, account_id: int) -> Sequence[RefundableRow]:
    """The account's charges of which something wasn't paid back yet, the oldest first."""
    back = select(func.sum(_other.c.amount)).where(_other.c.refunds == payment.c.id).scalar_subquery()
    rest = payment.c.amount - cast(func.coalesce(back, 0), BigInteger)  # PostgreSQL's sum is a decimal
    query = select(payment, rest.label("rest")).where(
        payment.c.account_id == account_id, payment.c.kind == "charge", rest > 0
    )
    return shaped(RefundableRow, tx.execute(query.order_by(payment.c.id))).all()


def is_used(tx: Tx, method: str, reference: str) -> bool:
    """Whether a charge by this method has the reference."""
    query = select(payment.c.id).where(
        payment.c.kind == "charge", payment.c.method == method, payment.c.reference == reference
    )
    return tx.execute(query.limit(1)).first() is not None


def payments(tx: Tx, account_id: int) -> Sequence[PaymentRow]:
    query = select(payment).where(payment.c.account_id == account_id).order_by(payment.c.id)
    return shaped(PaymentRow, tx.execute(query)).all()


def next_number(tx: Tx, series: str) -> int:
    """Take the next number of a series without gaps.

    This locks the series until the transaction ends, so take it late. A rollback gives the number back.
    """
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    row = dialect.insert(number_series).values(name=series, last=1)
    taken = row.on_conflict_do_update(
        index_elements=[number_series.c.name], set_={"last": number_series.c.last + 1}
    ).returning(number_series.c.last)
    return int(tx.execute(taken).scalar_one())


def insert_invoice(
    tx: Tx,
    number: int,
    operation_id: int,
    account_id: int,
    amount: int,
    offsets: int | None,
    content: str,
    now: datetime,
) -> None:
    row = {"number": number, "amount": amount, "offsets": offsets, "content": content, "at": now}
    tx.execute(insert(invoice).values(operation_id=operation_id, account_id=account_id, **row))


def invoices(tx: Tx, account_id: int) -> Sequence[InvoiceRow]:
    query = select(invoice).where(invoice.c.account_id == account_id).order_by(invoice.c.number)
    return shaped(InvoiceRow, tx.execute(query)).all()


def invoice_paper(tx: Tx, number: int) -> PaperRow | None:
    """The invoice's content, and its account's area; None when there is no such invoice."""
    query: Select[Any] = select(invoice.c.content, account.c.area).join(account, account.c.id == invoice.c.account_id)
    return shaped(PaperRow, tx.execute(query.where(invoice.c.number == number))).one_or_none()


def invoice_content(tx: Tx, number: int) -> str | None:
    return tx.execute(select(invoice.c.content).where(invoice.c.number == number)).scalar()
