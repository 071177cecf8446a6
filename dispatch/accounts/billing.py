"""收费: charges and refunds at the counter, and their invoices 发票. Amounts are whole fen.

What is paid in advance 预存款 goes to the account's balance at billing, and comes from there when it is paid back.
Everything else that is charged here is settled here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dispatch import effects
from dispatch.accounts import red_letters
from dispatch.accounts.operation import Act
from dispatch.accounts.payment import Paid as Paid
from dispatch.accounts.payment import Part, method_title, parts_title, read_parts
from dispatch.domain.money import write_yuan
from dispatch.domain.numbers import invoice_number
from dispatch.domain.payment import BILL
from dispatch.domain.plans import CHARGES
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadAmount, BadInput, ReferenceUsed
from dispatch.ports.billing import BillingEntry, EntryKind
from dispatch.slips.forms import Amount, InvoiceData, InvoiceLine, InvoiceMention, Payment
from dispatch.storage import payments, plan_changes
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.payment_rows import RefundableRow
from dispatch.storage.sequences import INVOICES

Due = Sequence[tuple[Title, int]]
"""The items to pay, each with its amount in fen."""


def charge(
    act: Act, account: AccountRow, buyer: str, due: Due, paid: Paid | None, *, on_bill: bool = True
) -> tuple[Payment | None, InvoiceMention | None]:
    """Take a payment of exactly what is due and issue its invoice; (None, None) when nothing is due.

    `on_bill`: it may be put on the next bill instead of being paid now. Raises BadAmount, ReferenceUsed; BadInput.
    """
    items = [(title, fen) for title, fen in due if fen]
    method, references = take(act, account, sum(fen for _, fen in items), paid, on_bill=on_bill)
    if not items or paid is None:
        return None, None
    payment = Payment(method, tuple(Amount(title, fen) for title, fen in items), references)
    invoice = issue(act, account, buyer, method_title([paid.method, *(part.method for part in paid.more)]), items)
    prepaid = sum(fen for title, fen in items if title == CHARGES["prepaid"])
    _book_prepaid(act, account, EntryKind.PAYMENT, prepaid, invoice.number)
    return payment, invoice


def take(act: Act, account: AccountRow, fen: int, paid: Paid | None, *, on_bill: bool = True) -> tuple[Title, str]:
    """Take a payment of exactly so much. Returns its methods in words, and their references.

    Raises BadAmount, ReferenceUsed; BadInput.
    """
    parts = () if paid is None else read_parts(paid)
    _require_exact(fen, sum(part.fen for part in parts))
    if not fen:
        return Title("", ""), ""
    _take(act, account, parts, on_bill=on_bill)
    references = " ".join(part.reference for part in parts if part.reference)
    return parts_title([(part.method, part.fen) for part in parts]), references


def issue(act: Act, account: AccountRow, buyer: str, method: Title, items: Due) -> InvoiceMention:
    """Issue an invoice for these items. It locks the series of their numbers, so it comes late."""
    number = payments.next_number(act.tx, INVOICES)
    data = InvoiceData(
        number=invoice_number(number),
        issued_on=act.today,
        operator=act.counter.operator,
        outlet=act.counter.outlet,
        clerk=act.actor.name,
        buyer=buyer,
        account=account.number,
        method=method,
        lines=tuple(InvoiceLine(title, 1, fen) for title, fen in items),
        slip=act.serial,
        record_url=f"{act.counter.record_url}{act.serial}",
    )
    payments.insert_invoice(act.tx, number, act.operation_id, account.id, data.total, None, data.as_json(), act.now)
    effects.print_invoice(act.tx, number, act.now)
    return InvoiceMention(data.number)


def deposits(act: Act, account: AccountRow) -> int:
    """The deposits 押金 that the account has paid and not got back, in fen: what stands of them on its invoices."""
    return red_letters.of_item(red_letters.standing(payments.invoices(act.tx, account.id)), CHARGES["deposit"])


def pay_back_unused(act: Act, account: AccountRow) -> tuple[Payment | None, list[InvoiceMention]]:
    """Pay back what was paid for changes of plan that never took effect."""
    unused = plan_changes.unused_operations(act.tx, account.id)
    return pay_back(act, account, unused) if unused else (None, [])


def pay_back(
    act: Act, account: AccountRow, only: Collection[int] | None = None
) -> tuple[Payment | None, list[InvoiceMention]]:
    """Refund what is left of every charge of this account, by the method by which it was paid; only of those of these
    operations if any are named. A red-letter invoice offsets each of their invoices 红冲.
    """
    charges = [row for row in payments.refundable(act.tx, account.id) if only is None or row.operation_id in only]
    for each in charges:
        refund(act, account, each, each.rest)
    _book(act, account, EntryKind.PAYMENT, sum(each.rest for each in charges if each.method == BILL))
    invoices = payments.invoices(act.tx, account.id)
    meant = {row.number for row in invoices if only is None or row.operation_id in only}
    taken = {number: items for number, items in red_letters.standing(invoices).items() if number in meant}
    mentions = red_letters.offset(act, account, invoices, taken)
    prepaid = red_letters.of_item(taken, CHARGES["prepaid"])
    _book_prepaid(act, account, EntryKind.REFUND, prepaid, " ".join(each.number for each in mentions))
    if not charges:
        return None, mentions
    amounts = tuple(Amount(Title("退费", "Paid back"), -each.rest) for each in charges)
    references = " ".join(each.reference for each in charges if each.reference)
    return Payment(parts_title([(each.method, each.rest) for each in charges]), amounts, references), mentions


def refund(act: Act, account: AccountRow, charge: RefundableRow, fen: int) -> None:
    """Pay back a part of a charge, or all that is left of it, by the method by which it was paid."""
    payments.insert_payment(
        act.tx, act.operation_id, account.id, "refund", charge.method, fen, charge.reference, act.now, charge.id
    )


def _take(act: Act, account: AccountRow, parts: Sequence[Part], *, on_bill: bool) -> None:
    """Raises ReferenceUsed; BadInput for what may not be put on the bill."""
    for part in parts:
        if part.method == BILL and not on_bill:
            raise BadInput(what=Wording("这笔款须当场付清，不能计入账单", "this is paid now: it can't go on a bill"))
        if part.reference and payments.is_used(act.tx, part.method, part.reference):
            raise ReferenceUsed(reference=part.reference)
        payments.insert_payment(
            act.tx, act.operation_id, account.id, "charge", part.method, part.fen, part.reference, act.now
        )
    _book(act, account, EntryKind.FEE, sum(part.fen for part in parts if part.method == BILL))


def _book(act: Act, account: AccountRow, kind: EntryKind, fen: int) -> None:
    """Book what is put on the bill, or taken off it again."""
    if fen:
        entry = BillingEntry(kind, fen, act.now, reference=act.serial)
        effects.book(act.tx, f"{act.key}/bill-{kind}", account, [entry], act.now)


def _book_prepaid(act: Act, account: AccountRow, kind: EntryKind, fen: int, reference: str) -> None:
    if fen:
        entry = BillingEntry(kind, fen, act.now, reference=reference)
        effects.book(act.tx, f"{act.key}/{kind}", account, [entry], act.now)


def _require_exact(total: int, given: int) -> None:
    if given != total:
        due, got = write_yuan(total), write_yuan(given)
        raise BadAmount(why=Wording(f"应收{due}元，实收{got}元", f"{due} yuan are due, {got} were given"))
