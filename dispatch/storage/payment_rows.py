"""The rows of money: payments and invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class PaymentRow(Protocol):
    """A payment, or a refund: a payment back."""

    id: int
    operation_id: int
    account_id: int
    kind: str  # charge or refund
    method: str  # one of `domain.payment.METHODS`
    amount: int  # fen, positive
    reference: str | None  # of the transaction; None: the method has none
    refunds: int | None  # the id of the charge that it pays back; None: a charge, or a refund on none
    at: datetime
    twin: int  # not 0: of an earlier release, which let another charge have this reference


class RefundableRow(PaymentRow, Protocol):
    """A charge of which something may still be paid back."""

    rest: int  # fen that weren't paid back yet


class ViewedPayment(PaymentRow, Protocol):
    """A payment with its account's number."""

    account: str


class InvoiceInfo(Protocol):
    """An invoice without its printed content."""

    number: int
    operation_id: int
    account_id: int
    amount: int  # fen; a red-letter invoice's is negative
    offsets: int | None  # the number of the invoice that it offsets; None: not a red-letter one
    at: datetime


class InvoiceRow(InvoiceInfo, Protocol):
    """An invoice."""

    content: str  # canonical JSON: what is printed


class ViewedInvoice(InvoiceInfo, Protocol):
    """An invoice with its account's number."""

    account: str
