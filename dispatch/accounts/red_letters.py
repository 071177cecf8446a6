"""红冲: red-letter invoices that offset invoices, or parts of them.

What stands of an invoice is what no red-letter invoice offsets yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dispatch import effects
from dispatch.accounts.operation import Act
from dispatch.domain.numbers import invoice_number
from dispatch.domain.title import Title
from dispatch.slips.forms import InvoiceData, InvoiceLine, InvoiceMention
from dispatch.storage import payments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.payment_rows import InvoiceRow
from dispatch.storage.sequences import INVOICES

Standing = dict[int, dict[Title, int]]
"""By invoice number, the oldest first: what stands of each of its items, in fen; above 0."""


def standing(rows: Sequence[InvoiceRow]) -> Standing:
    """What stands of an account's invoices, of all of which, red-letter ones too, these are the rows."""
    found: Standing = {}
    for row in rows:
        of = found.setdefault(row.number if row.offsets is None else row.offsets, {})
        for line in InvoiceData.from_json(row.content).lines:
            of[line.item] = of.get(line.item, 0) + line.amount
    kept = {number: {item: fen for item, fen in of.items() if fen > 0} for number, of in sorted(found.items())}
    return {number: of for number, of in kept.items() if of}


def of_item(stands: Standing, item: Title) -> int:
    """What stands of one item on all invoices, in fen."""
    return sum(of.get(item, 0) for of in stands.values())


def take(stands: Standing, wanted: Mapping[Title, int]) -> Standing:
    """Which parts of invoices to offset for so much of each item: of the newest invoice first. What stands on none has
    no invoice of ours to offset."""
    taken: Standing = {}
    for item, fen in wanted.items():
        for number in sorted(stands, reverse=True):
            part = min(fen, stands[number].get(item, 0))
            if part > 0:
                taken.setdefault(number, {})[item] = part
                fen -= part
    return taken


def together(*parts: Standing) -> Standing:
    """Parts of invoices that are offset together, without those of which nothing is."""
    taken: Standing = {}
    for part in parts:
        for number, items in part.items():
            taken[number] = taken.get(number, {}) | items
    return {number: items for number, items in taken.items() if items}


def offset(act: Act, account: AccountRow, rows: Iterable[InvoiceRow], taken: Standing) -> list[InvoiceMention]:
    """Issue a red-letter invoice for these parts of each of these invoices. It locks the series of their numbers."""
    by_number = {row.number: row for row in rows}
    return [_offset(act, account, by_number[number], parts) for number, parts in sorted(taken.items())]


def _offset(act: Act, account: AccountRow, row: InvoiceRow, parts: Mapping[Title, int]) -> InvoiceMention:
    number = payments.next_number(act.tx, INVOICES)
    original = InvoiceData.from_json(row.content)
    red = original.red_letter(
        number=invoice_number(number),
        issued_on=act.today,
        outlet=act.counter.outlet,
        clerk=act.actor.name,
        slip=act.serial,
        lines=tuple(InvoiceLine(item, -1, fen) for item, fen in parts.items()),
    )
    payments.insert_invoice(act.tx, number, act.operation_id, account.id, red.total, row.number, red.as_json(), act.now)
    effects.print_invoice(act.tx, number, act.now)
    return InvoiceMention(original.number, red_letter=red.number)
