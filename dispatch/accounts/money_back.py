"""退款: money that goes back to a customer who has left: by a settlement, or for an ONT that comes back later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from dispatch.accounts import billing, red_letters
from dispatch.accounts.operation import Act
from dispatch.accounts.payment import parts_title
from dispatch.domain import settlement
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.payment import BANK, BILL
from dispatch.domain.plans import CHARGES
from dispatch.domain.settlement import Refundable
from dispatch.domain.time import local_date
from dispatch.domain.title import Title
from dispatch.slips.forms import Amount, InvoiceMention, Payment
from dispatch.storage import payments
from dispatch.storage.account_rows import AccountRow

MOST_CASH = 1_000_00
"""Fen that may go back in cash without a supervisor's approval: our assumption."""

DEPOSIT_WAITS = timedelta(days=30)
"""For how long after the closure an ONT that comes back pays its deposit back: our assumption."""


def pay_back(act: Act, account: AccountRow, fen: int) -> tuple[Title, str]:
    """Pay this much back: on the newest charge first, by its method; the rest by bank transfer. Returns the methods in
    words, and their references. Raises ApprovalNeeded for much money in cash."""
    if not fen:
        return Title("与余额抵销", "Set off against the balance"), ""
    charges = {row.id: row for row in payments.refundable(act.tx, account.id) if row.method != BILL}
    parts = settlement.pay_back(fen, [Refundable(row.id, row.rest) for row in charges.values()])
    methods = [(BANK if each.payment_id is None else charges[each.payment_id].method, each.fen) for each in parts]
    cash = sum(part for method, part in methods if method == "cash")
    if cash > MOST_CASH:
        act.approved(ApprovalNeed.CASH_REFUND, f"account/{account.id}", account.area, cash)
    for each in parts:
        if each.payment_id is None:
            payments.insert_payment(act.tx, act.operation_id, account.id, "refund", BANK, each.fen, None, act.now)
        else:
            billing.refund(act, account, charges[each.payment_id], each.fen)
    paid = [charges[each.payment_id] for each in parts if each.payment_id is not None]
    return parts_title(methods), " ".join(each.reference for each in paid if each.reference)


def deposit_back(act: Act, account: AccountRow) -> tuple[Payment | None, Sequence[InvoiceMention]]:
    """Pay the deposit back for the ONT of a closed account, if it comes in time; afterwards the deposit lapses."""
    assert account.ended_at is not None  # the account is closed
    if act.today > local_date(account.ended_at, act.counter.zone) + DEPOSIT_WAITS:
        return None, []
    invoices = payments.invoices(act.tx, account.id)
    stands, deposit = red_letters.standing(invoices), CHARGES["deposit"]
    fen = red_letters.of_item(stands, deposit)
    if not fen:
        return None, []
    method, references = pay_back(act, account, fen)
    red = red_letters.offset(act, account, invoices, red_letters.take(stands, {deposit: fen}))
    return Payment(method, (Amount(deposit, -fen),), references), red
