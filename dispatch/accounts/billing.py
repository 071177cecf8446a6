"""收费: charges and refunds at the counter, and their invoices 发票. Amounts are whole fen.

What is paid in advance 预存款 goes to the account's balance at billing, and comes from there when it is paid back.
Everything else that is charged here is settled here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dispatch import effects
from dispatch.accounts.operation import Act
from dispatch.domain.money import typed_yuan, write_yuan
from dispatch.domain.numbers import invoice_number
from dispatch.domain.plans import CHARGES
from dispatch.domain.text import unreadable
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.errors import BadAmount, BadInput
from dispatch.ports.billing import BillingEntry, EntryKind
from dispatch.slips.forms import Amount, InvoiceData, InvoiceLine, InvoiceMention, Payment
from dispatch.storage import payments, plan_changes
from dispatch.storage.account_rows import AccountRow, InvoiceRow
from dispatch.storage.sequences import INVOICES

LONGEST_REFERENCE = 60
"""Characters."""

METHODS = {"cash": Title("现金", "Cash"), "card": Title("刷卡", "Card")}

Due = Sequence[tuple[Title, int]]
"""The items to pay, each with its amount in fen."""


class Paid(BaseModel):
    """The customer's payment: yuan as text (`700.00`); a card payment has the terminal's reference."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    method: Annotated[Literal["cash", "card"], Field(description="现金或刷卡 · cash or card")]
    amount: Annotated[str, Field(description="实收金额，元 · amount paid in yuan, such as 700.00")]
    reference: Annotated[str | None, Field(description="刷卡凭证号 · the card terminal's reference")] = None


def charge(
    act: Act, account: AccountRow, buyer: str, due: Due, paid: Paid | None
) -> tuple[Payment | None, InvoiceMention | None]:
    """Take a payment of exactly what is due and issue its invoice; (None, None) when nothing is due.

    Raises BadAmount; BadInput.
    """
    items = [(title, fen) for title, fen in due if fen]
    total = sum(fen for _, fen in items)
    _require_exact(total, paid)
    if paid is None or not total:
        return None, None
    payments.insert_payment(
        act.tx, act.operation_id, account.id, "charge", paid.method, total, _reference(paid), act.now
    )
    payment = Payment(METHODS[paid.method], tuple(Amount(title, fen) for title, fen in items), paid.reference or "")
    number = payments.next_number(act.tx, INVOICES)  # last, since it locks the series of numbers
    data = InvoiceData(
        number=invoice_number(number),
        issued_on=act.today,
        operator=act.counter.operator,
        outlet=act.counter.outlet,
        clerk=act.actor.name,
        buyer=buyer,
        account=account.number,
        method=METHODS[paid.method],
        lines=tuple(InvoiceLine(title, 1, fen) for title, fen in items),
        slip=act.serial,
        record_url=f"{act.counter.record_url}{act.serial}",
    )
    payments.insert_invoice(act.tx, number, act.operation_id, account.id, total, None, data.as_json(), act.now)
    effects.print_invoice(act.tx, number, act.now)
    _book_prepaid(act, account, EntryKind.PAYMENT, _prepaid(data), data.number)
    return payment, InvoiceMention(data.number)


def deposits(act: Act, account: AccountRow) -> int:
    """The deposits 押金 that the account has paid and not got back, in fen: lines of its standing invoices."""
    content = (InvoiceData.from_json(row.content) for row in payments.standing_invoices(act.tx, account.id))
    return sum(line.amount for each in content for line in each.lines if line.item == CHARGES["deposit"])


def pay_back_unused(act: Act, account: AccountRow) -> tuple[Payment | None, list[InvoiceMention]]:
    """Pay back what was paid for changes of plan that never took effect."""
    unused = plan_changes.unused_operations(act.tx, account.id)
    return pay_back(act, account, unused) if unused else (None, [])


def pay_back(
    act: Act, account: AccountRow, only: Collection[int] | None = None
) -> tuple[Payment | None, list[InvoiceMention]]:
    """Refund every charge of this account that isn't refunded yet, by the method by which it was paid; only those of
    these operations if any are named. A red-letter invoice offsets each of their invoices 红冲.
    """
    charges = [row for row in payments.unrefunded(act.tx, account.id) if only is None or row.operation_id in only]
    for each in charges:
        reference = each.reference
        payments.insert_payment(
            act.tx, act.operation_id, account.id, "refund", each.method, each.amount, reference, act.now, each.id
        )
    standing = payments.standing_invoices(act.tx, account.id)
    offset = [row for row in standing if only is None or row.operation_id in only]
    mentions = [_offset(act, account, row) for row in offset]
    prepaid = sum(_prepaid(InvoiceData.from_json(row.content)) for row in offset)
    _book_prepaid(act, account, EntryKind.REFUND, prepaid, " ".join(each.number for each in mentions))
    if not charges:
        return None, mentions
    amounts = tuple(Amount(Title("退费", "Paid back"), -each.amount) for each in charges)
    references = " ".join(each.reference for each in charges if each.reference)
    return Payment(METHODS[charges[0].method], amounts, references), mentions


def _offset(act: Act, account: AccountRow, row: InvoiceRow) -> InvoiceMention:
    number = payments.next_number(act.tx, INVOICES)
    original = InvoiceData.from_json(row.content)
    red = original.red_letter(
        number=invoice_number(number),
        issued_on=act.today,
        outlet=act.counter.outlet,
        clerk=act.actor.name,
        slip=act.serial,
    )
    payments.insert_invoice(
        act.tx, number, act.operation_id, account.id, -row.amount, row.number, red.as_json(), act.now
    )
    effects.print_invoice(act.tx, number, act.now)
    return InvoiceMention(original.number, red_letter=red.number)


def _prepaid(invoice: InvoiceData) -> int:
    """What an invoice says was paid in advance, in fen."""
    return sum(line.amount for line in invoice.lines if line.item == CHARGES["prepaid"])


def _book_prepaid(act: Act, account: AccountRow, kind: EntryKind, fen: int, reference: str) -> None:
    if fen:
        entry = BillingEntry(kind, fen, act.now, reference=reference)
        effects.book(act.tx, f"{act.key}/{kind}", account, [entry], act.now)


def _require_exact(total: int, paid: Paid | None) -> None:
    given = 0
    if paid is not None:
        try:
            given = typed_yuan(paid.amount)
        except WrongValue as wrong:
            raise BadAmount(why=wrong.what) from None
    if given != total:
        due, got = write_yuan(total), write_yuan(given)
        raise BadAmount(why=Wording(f"应收{due}元，实收{got}元", f"{due} yuan are due, {got} were given"))


def _reference(paid: Paid) -> str | None:
    """Raises BadInput for a card payment without the terminal's reference, and for a cash payment with one."""
    reference = (paid.reference or "").strip()
    if (paid.method == "card") != bool(reference):
        raise BadInput(
            what=Wording(
                "刷卡缴费须填终端参考号，现金不填",
                "a card payment needs the terminal's reference; a cash payment has none",
            )
        )
    if len(reference) > LONGEST_REFERENCE or not reference.isprintable() or unreadable(reference):
        raise BadInput(
            what=Wording(
                "终端参考号最多 60 个可打印字符", "the terminal's reference has at most 60 printable characters"
            )
        )
    return reference or None
