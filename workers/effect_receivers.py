"""Receivers of outside effects: each turns effects' payloads into calls of one port."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dispatch.domain.effect import Port
from dispatch.effects import booking_of
from dispatch.ports.printing import Sheet
from dispatch.ports.provisioning import LineOrder
from dispatch.ports.sms import Message
from dispatch.settings import Settings
from dispatch.slips.forms import InvoiceData, SlipData
from dispatch.slips.typesetting import invoice, slip
from dispatch.storage import operations, payments
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import EffectRow
from workers.context import Context

Effects = Sequence[EffectRow]
Receiver = Callable[[Context, Effects], Mapping[str, str]]
"""Hands effects to a port. Returns, by key, why an effect was refused for good. Raises OSError if out of reach."""


def _sms(context: Context, rows: Effects) -> Mapping[str, str]:
    context.sms.send([Message(row.key, row.payload["mobile"], row.payload["text"]) for row in rows])
    return {}


def _provisioning(context: Context, rows: Effects) -> Mapping[str, str]:
    return context.provisioning.carry_out([_line_order(row.key, **row.payload) for row in rows])


def _line_order(
    key: str,
    order: str,
    account_id: int,
    number: str,
    speed: int | None = None,
    olt: str | None = None,
    port: str | None = None,
    serial: str | None = None,
    **_: Any,
) -> LineOrder:
    return LineOrder(key, order, account_id, number, olt, port, speed, serial)


def _printing(context: Context, rows: Effects) -> Mapping[str, str]:
    with context.database.read() as tx:
        papers = [(row.key, _paper(tx, **row.payload)) for row in rows]
    context.printer.print([Sheet(key, *_set(paper, context.settings)) for key, paper in papers])
    return {}


def _paper(tx: Tx, operation_id: int | None = None, invoice: int | None = None) -> SlipData | InvoiceData:
    """Read the slip or invoice as it was stored when it was booked."""
    if operation_id is not None:
        return SlipData.from_json(operations.slip_content(tx, operation_id) or "")
    assert invoice is not None
    return InvoiceData.from_json(payments.invoice_content(tx, invoice) or "")


def _set(paper: SlipData | InvoiceData, settings: Settings) -> tuple[str, bytes]:
    """Return the sheet's name and its PDF."""
    match paper:
        case SlipData():
            return paper.serial, slip(paper, fonts=settings.fonts)
        case InvoiceData():
            return paper.number, invoice(paper, fonts=settings.fonts)


def _billing(context: Context, rows: Effects) -> Mapping[str, str]:
    return context.billing.book([booking_of(row) for row in rows])


RECEIVERS: Mapping[Port, Receiver] = {
    Port.SMS: _sms,
    Port.PROVISIONING: _provisioning,
    Port.PRINTING: _printing,
    Port.BILLING: _billing,
}
