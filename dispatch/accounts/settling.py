"""结清: carry a settlement out: the devices, the money either way, invoices and red-letter invoices, and the books.

A transfer settles its money here too (`handing_over`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from dispatch import effects, messages
from dispatch.accounts import billing, pausing, red_letters
from dispatch.accounts.billing import Paid
from dispatch.accounts.devices import device_lines
from dispatch.accounts.enrolment import warn_of_penalty
from dispatch.accounts.money_back import DEPOSIT_WAITS, pay_back
from dispatch.accounts.operation import Act
from dispatch.accounts.red_letters import Standing
from dispatch.accounts.settlement import InvoiceBook, Settlement, for_changes, kept, shown, shown_lines
from dispatch.domain.device import DeviceKind, DeviceState, device_move
from dispatch.domain.messages import Event
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CHARGES
from dispatch.domain.settlement import Fate, SettlementKind, SettlementLine, total
from dispatch.domain.time import begin_of_day
from dispatch.domain.title import Title
from dispatch.ports.billing import BillingEntry, EntryKind
from dispatch.slips.forms import Amount, InvoiceMention, Payment, Section, SlipLine
from dispatch.storage import devices
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.devices import Cause

OWED = (SettlementKind.ARREARS, SettlementKind.LATE_FEE, SettlementKind.UNBILLED)
"""What is owed on the books at billing."""


@dataclass(frozen=True, slots=True)
class SettledUp:
    """What settling up gave, for the slip and the caller; nothing in a trial."""

    sections: Sequence[Section] = ()
    payment: Payment | None = None
    invoice: InvoiceMention | None = None
    notes: Sequence[str] = ()
    result: dict[str, object] = field(default_factory=dict)


def settle_up(
    act: Act, account: AccountRow, customer: CustomerRow, settlement: Settlement, paid: Paid | None
) -> SettledUp:
    """Carry the settlement of an account that is closed out, to the fen.

    Raises NeedsConfirmation (`penalty-due`, `settlement`), BadAmount, ApprovalNeeded for much money in cash; BadInput.
    """
    warn_of_penalty(act, total(settlement.lines, SettlementKind.PENALTY))
    if settlement.lines:
        act.warn("settlement", settlement.said)
    _move_devices(act, settlement)
    _say_until_when(act, account, settlement)
    tomorrow = begin_of_day(act.today + timedelta(days=1), act.counter.zone)
    end = BillingEntry(EntryKind.FEE, 0, tomorrow, monthly=True)  # today is the last day that costs something
    title, paper = Title("销户结算", "Settlement"), settlement.paper
    settled = clear(act, account, customer, title, settlement.lines, paid, paper, _to_offset(settlement), end)
    return replace(
        settled, sections=[*settled.sections, *_devices(settlement)], result={**settled.result, **shown(settlement)}
    )


def clear(
    act: Act,
    account: AccountRow,
    customer: CustomerRow,
    title: Title,
    lines: Sequence[SettlementLine],
    paid: Paid | None,
    paper: InvoiceBook,
    to_offset: Standing,
    *more: BillingEntry,
) -> SettledUp:
    """Clear the account at billing, take or pay back the total of these lines, and write the papers for it: an invoice
    for what the customer owes, red-letter invoices for these parts of others. `more` is booked with it.

    Raises BadAmount, ApprovalNeeded, ReferenceUsed; BadInput.
    """
    _book(act, account, lines, more)
    if (due := total(lines)) > 0:
        method, references = billing.take(act, account, due, paid, on_bill=False)
    else:
        billing.take(act, account, 0, paid)
        method, references = pay_back(act, account, -due)
    owed = [(line.kind.label, line.fen) for line in lines if line.fen > 0]
    invoice = billing.issue(act, account, customer.name, method, owed) if owed else None
    red = red_letters.offset(act, account, paper.invoices, to_offset)
    amounts = tuple(Amount(line.kind.label, line.fen) for line in lines)
    return SettledUp(
        sections=_sections(title, lines),
        payment=Payment(method, amounts, references) if due else None,
        invoice=invoice or next(iter(red), None),
        notes=_notes(red if invoice else red[1:]),
        result={
            "invoice": invoice.number if invoice else None,
            "red_letters": [each.red_letter for each in red],
            **shown_lines(lines),
        },
    )


def _move_devices(act: Act, settlement: Settlement) -> None:
    cause = Cause(act.actor.name, act.now, act.serial)
    for fate, state, move in (
        (Fate.RETURNED, DeviceState.RETURNED, "return"),
        (Fate.LOST, DeviceState.LOST, "lose"),
    ):
        rows = settlement.devices[fate]
        for row in rows:
            device_move(DeviceState(row.state), move)
        if rows:
            devices.move(act.tx, rows, state, cause)


def _say_until_when(act: Act, account: AccountRow, settlement: Settlement) -> None:
    """Tell a customer who keeps the ONT for now until when it pays the deposit back."""
    keeps = any(row.kind == DeviceKind.ONT for row in settlement.devices[Fate.LATER])
    if keeps and red_letters.of_item(settlement.paper.stands, CHARGES["deposit"]):
        facts = {"day": (act.today + DEPOSIT_WAITS).isoformat()}
        messages.tell(
            act.tx, act.now, messages.Told(Event.DEVICE_DUE, f"operation/{act.operation_id}", facts, account.id)
        )


def _book(act: Act, account: AccountRow, lines: Sequence[SettlementLine], more: Sequence[BillingEntry]) -> None:
    """Clear the account at billing: what is owed is paid, and what goes back of the balance is taken from it."""
    owed = total(lines, *OWED)
    prepaid = -total(lines, SettlementKind.PREPAID)
    entries = [
        BillingEntry(EntryKind.PAYMENT, owed, act.now, reference=act.serial),
        BillingEntry(EntryKind.REFUND, prepaid, act.now, reference=act.serial),
    ]
    if booked := [*(each for each in entries if each.fen), *more]:
        effects.book(act.tx, act.key, account, booked, act.now)


def _to_offset(settlement: Settlement) -> Standing:
    """What goes back and stands on invoices: deposits, what is left of prepayments and pauses, and unused changes of
    plan."""
    paper = settlement.paper
    deposits = {CHARGES["deposit"]: -total(settlement.lines, SettlementKind.DEPOSIT)}
    others = {
        pausing.FEE: -total(settlement.lines, SettlementKind.PAUSE),
        CHARGES["prepaid"]: -total(settlement.lines, SettlementKind.PREPAID),
    }
    return red_letters.together(
        red_letters.take(kept(paper), deposits), for_changes(paper), red_letters.take(paper.stands, others)
    )


def _sections(title: Title, lines: Sequence[SettlementLine]) -> list[Section]:
    if not lines:
        return []
    shown = [*map(_line, lines), SlipLine(Title("合计", "Total"), _yuan(total(lines)))]
    return [Section(title, tuple(shown))]


def _devices(settlement: Settlement) -> list[Section]:
    """The devices by what becomes of them, as parts of the slip."""
    return [
        Section(Title(f"终端{fate.label.zh}", f"Devices: {fate.label.en.lower()}"), device_lines(rows))
        for fate, rows in settlement.devices.items()
        if rows
    ]


def _line(line: SettlementLine) -> SlipLine:
    return SlipLine(line.kind.label, _yuan(line.fen) + (f"（{line.formula}）" if line.formula else ""))


def _yuan(fen: int) -> str:
    return f"{write_yuan(fen)} 元 yuan"


def _notes(red: Sequence[InvoiceMention]) -> list[str]:
    """What the slip says of the red-letter invoices that it has no other place for."""
    return [
        f"发票{each.number}部分红冲，红字发票 {each.red_letter} "
        f"Invoice {each.number} is offset in part by red-letter invoice {each.red_letter}"
        for each in red
    ]
