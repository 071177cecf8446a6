"""停机保号 A pause: for some months the customer pays a small fee in advance and no monthly fee, and keeps the line.

It begins on the day after it was agreed and ends by itself; the relay does both. The holder may come back on any day:
months that haven't begun are paid back to the balance. A plan's term ends later by as many months as had begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from dispatch import effects
from dispatch.accounts import billing, suspension_state
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Act, OperationResult
from dispatch.accounts.quotes import quoted
from dispatch.domain.account import LIVING
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import months_later
from dispatch.domain.suspension import SuspensionKind, months_begun, paused_within, unused
from dispatch.domain.time import begin_of_day, local_date
from dispatch.domain.title import Title, Wording
from dispatch.errors import ArrearsOpen, BadInput, PauseLimit
from dispatch.ports.billing import BillingEntry, EntryKind, QuotePurpose
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import accounts, enrolments, suspensions
from dispatch.storage.account_rows import AccountRow, SuspensionRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx

MONTHS = 12
"""The span in which a customer's pauses are counted."""


def agree(
    act: Act,
    account: AccountRow,
    customer: CustomerRow,
    reason: str,
    months: int | None,
    paid: Paid | None,
    lines: Sequence[SlipLine],
) -> OperationResult:
    """Agree on a pause from tomorrow, paid in advance.

    Raises PauseLimit, ArrearsOpen, BadAmount, PortUnavailable; BadInput.
    """
    most = act.counter.pause_months
    if months is None or months > most:
        raise BadInput(what=Wording(f"停机保号 1 至 {most} 个月", f"a pause has 1 to {most} months"))
    first = act.today + timedelta(days=1)
    until = months_later(first, months)
    before = paused_within(_earlier(act, account), until)
    if before + months > most:
        raise PauseLimit(span=MONTHS, most=most, before=before)
    require_no_arrears(act, account)
    fee = months * act.counter.pause_fee
    payment, invoice = billing.charge(act, account, customer.name, [(FEE, fee)], paid)
    begins = begin_of_day(first, act.counter.zone)
    suspensions.add(
        act.tx,
        account.id,
        SuspensionKind.KEEP,
        begins,
        reason=reason,
        until=begin_of_day(until, act.counter.zone),
        fee=fee,
        wake_at=begins,
        set_by=act.operation_id,
    )
    text = f"您的宽带账号{account.number}自{first}起停机保号，{until}自动开机。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    enrolment = enrolments.in_force(act.tx, account.id)
    agreed = [*lines, SlipLine(Title("停机保号", "Pause"), f"{first} — {until}，{months} 个月 months")]
    if enrolment is not None and enrolment.until is not None:
        agreed.append(SlipLine(TERM, f"{enrolment.until} → {months_later(enrolment.until, months)}"))
    sections = [Section(Title("停机", "Suspension"), tuple(agreed))]
    slip = act.slip(account.number, customer, sections=sections, payment=payment, invoice=invoice)
    result = {"account": account.number, "kind": SuspensionKind.KEEP, "from": first.isoformat()}
    return OperationResult(
        account,
        slip,
        {**result, "until": until.isoformat(), "invoice": invoice.number if invoice else None},
    )


FEE = Title("停机保号费", "Fee for the pause")
TERM = Title("合约期止", "End of the plan's term")


def require_no_arrears(act: Act, account: AccountRow) -> None:
    """Raises ArrearsOpen, PortUnavailable."""
    quote = quoted(act, account, QuotePurpose.CHECK)
    if quote is not None and quote.owed:
        raise ArrearsOpen(sum=write_yuan(quote.owed))


def _earlier(act: Act, account: AccountRow) -> list[tuple[date, date]]:
    """The account's pauses of before, each with the day on which it really ended."""
    zone = act.counter.zone
    return [
        (local_date(row.from_at, zone), local_date(row.lifted_at, zone))
        for row in suspensions.of_account(act.tx, account.id, SuspensionKind.KEEP)
        if row.lifted_at is not None
    ]


def begin(tx: Tx, account: AccountRow, row: SuspensionRow, key: str, now: datetime) -> None:
    """Begin an agreed pause: the service stops, and so does the monthly fee. The account is locked."""
    suspensions.wake(tx, row.id, row.until)
    suspension_state.stop(tx, account, key, now)
    effects.book(tx, key, account, [BillingEntry(EntryKind.FEE, 0, row.from_at, monthly=True)], now)


def end(
    tx: Tx, account: AccountRow, row: SuspensionRow, key: str, now: datetime, zone: tzinfo, *, give_back_all: bool
) -> tuple[int, tuple[date, date] | None]:
    """Charge the monthly fee again from today on, move the plan's term, and pay back what is unused, or all of it.

    Returns what is paid back, in fen, and the term's end before and after; None where it stays. The caller lifts it.
    """
    if row.until is None:
        return 0, None  # of a release that had no pauses: it goes on to be charged all along
    first, until, today = (local_date(moment, zone) for moment in (row.from_at, row.until, now))
    last = min(today, until)
    back = row.fee if give_back_all else unused(row.fee, first, until, last)
    entries = []
    enrolment = enrolments.in_force(tx, account.id)
    if row.from_at <= now and enrolment is not None:
        if not suspension_state.has_begun(row):  # the relay comes too late
            entries.append(BillingEntry(EntryKind.FEE, 0, row.from_at, monthly=True))
        again = begin_of_day(max(last, first), zone)
        entries.append(BillingEntry(EntryKind.FEE, enrolment.terms["monthly_fee"], again, monthly=True))
    if back:
        entries.append(BillingEntry(EntryKind.PAYMENT, back, now, reference=str(FEE.zh)))
    if entries:
        effects.book(tx, key, account, entries, now)
    begun = months_begun(first, last)
    if enrolment is None or enrolment.until is None or not begun:
        return back, None
    moved = months_later(enrolment.until, begun)
    enrolments.move_term(tx, enrolment.id, moved)
    return back, (enrolment.until, moved)


def tend(tx: Tx, now: datetime, zone: tzinfo, limit: int) -> int:
    """Begin and end at most `limit` pauses that are due; return at how many was looked."""
    due = suspensions.due(tx, now, limit)
    for account_id, suspension_id in due:
        account = accounts.get(tx, account_id, lock=True)
        suspension_state.open_rows(tx, account, now)
        row = suspensions.get(tx, suspension_id)
        if row.wake_at is None or row.wake_at > now:
            continue  # somebody was first
        if account.state not in LIVING:
            suspensions.lift(tx, [row.id], None, suspension_state.OVER, now)
        elif suspension_state.has_begun(row):
            _end_by_itself(tx, account, row, now, zone)
        else:
            begin(tx, account, row, f"suspension/{row.id}/{now:%Y%m%dT%H%M%S%f}/begin", now)
    return len(due)


def _end_by_itself(tx: Tx, account: AccountRow, row: SuspensionRow, now: datetime, zone: tzinfo) -> None:
    key = f"suspension/{row.id}/{now:%Y%m%dT%H%M%S%f}/end"
    end(tx, account, row, key, now, zone, give_back_all=False)
    suspensions.lift(tx, [row.id], None, suspension_state.OVER, now)
    if suspension_state.go_on(tx, account, key, now) is None:
        text = f"您的宽带账号{account.number}停机保号到期，已自动开机并恢复计费。"
        effects.tell(tx, key, account.mobile, text, now)


def unused_of(tx: Tx, account_id: int, today: date, zone: tzinfo) -> int:
    """What an open pause would pay back today, in fen; 0 without one."""
    for row in suspensions.unlifted(tx, account_id):
        if row.kind == SuspensionKind.KEEP and row.until is not None:
            return unused(row.fee, local_date(row.from_at, zone), local_date(row.until, zone), today)
    return 0
