"""结清: carry a settlement out: the devices, the money either way, invoices and red-letter invoices, and the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from dispatch import effects, messages
from dispatch.accounts import billing, pausing, red_letters
from dispatch.accounts.billing import Paid
from dispatch.accounts.devices import device_lines
from dispatch.accounts.enrolment import warn_of_penalty
from dispatch.accounts.money_back import DEPOSIT_WAITS, pay_back
from dispatch.accounts.operation import Act
from dispatch.accounts.red_letters import Standing
from dispatch.accounts.settlement import Settlement, for_changes, kept, shown
from dispatch.domain.device import DeviceKind, DeviceState, device_move
from dispatch.domain.messages import Event
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CHARGES
from dispatch.domain.settlement import Fate, SettlementKind, SettlementLine
from dispatch.domain.time import begin_of_day
from dispatch.domain.title import Title
from dispatch.ports.billing import BillingEntry, EntryKind
from dispatch.slips.forms import Amount, InvoiceMention, Payment, Section, SlipLine
from dispatch.storage import devices, payments
from dispatch.storage.account_rows import AccountRow, CustomerRow
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
    """Carry the settlement out, to the fen.

    Raises NeedsConfirmation (`penalty-due`, `settlement`), BadAmount, ApprovalNeeded for much money in cash; BadInput.
    """
    warn_of_penalty(act, settlement.fen(SettlementKind.PENALTY))
    if settlement.lines:
        act.warn("settlement", settlement.said)
    _move_devices(act, settlement)
    _say_until_when(act, account, settlement)
    _book(act, account, settlement)
    if settlement.total > 0:
        method, references = billing.take(act, account, settlement.total, paid, on_bill=False)
    else:
        billing.take(act, account, 0, paid)
        method, references = pay_back(act, account, -settlement.total)
    due = [(line.kind.label, line.fen) for line in settlement.lines if line.fen > 0]
    invoice = billing.issue(act, account, customer.name, method, due) if due else None
    red = _offset(act, account, settlement)
    amounts = tuple(Amount(line.kind.label, line.fen) for line in settlement.lines)
    return SettledUp(
        sections=_sections(settlement),
        payment=Payment(method, amounts, references) if settlement.total else None,
        invoice=invoice or next(iter(red), None),
        notes=_notes(red if invoice else red[1:]),
        result={
            "invoice": invoice.number if invoice else None,
            "red_letters": [each.red_letter for each in red],
            **shown(settlement),
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
    if keeps and red_letters.of_item(settlement.stands, CHARGES["deposit"]):
        facts = {"day": (act.today + DEPOSIT_WAITS).isoformat()}
        messages.tell(
            act.tx, act.now, messages.Told(Event.DEVICE_DUE, f"operation/{act.operation_id}", facts, account.id)
        )


def _book(act: Act, account: AccountRow, settlement: Settlement) -> None:
    """Clear the account at billing: what is owed is paid, the balance goes back, and today is the last day that costs
    something."""
    tomorrow = begin_of_day(act.today + timedelta(days=1), act.counter.zone)
    entries = [
        BillingEntry(EntryKind.PAYMENT, settlement.fen(*OWED), act.now, reference=act.serial),
        BillingEntry(EntryKind.REFUND, -settlement.fen(SettlementKind.PREPAID), act.now, reference=act.serial),
    ]
    end = BillingEntry(EntryKind.FEE, 0, tomorrow, monthly=True)
    effects.book(act.tx, act.key, account, [*(each for each in entries if each.fen), end], act.now)


def _offset(act: Act, account: AccountRow, settlement: Settlement) -> list[InvoiceMention]:
    """Offset what goes back and stands on invoices: deposits, what is left of prepayments and pauses, and unused
    changes of plan."""
    stands, unused = settlement.stands, settlement.unused
    deposits = {CHARGES["deposit"]: -settlement.fen(SettlementKind.DEPOSIT)}
    others = {
        pausing.FEE: -settlement.fen(SettlementKind.PAUSE),
        CHARGES["prepaid"]: -settlement.fen(SettlementKind.PREPAID),
    }
    taken: Standing = {}
    for part in (
        red_letters.take(kept(stands, unused), deposits),
        for_changes(stands, unused),
        red_letters.take(stands, others),
    ):
        for number, items in part.items():
            taken[number] = taken.get(number, {}) | items
    invoices = payments.invoices(act.tx, account.id)
    return red_letters.offset(act, account, invoices, {number: items for number, items in taken.items() if items})


def _sections(settlement: Settlement) -> list[Section]:
    sections = []
    if settlement.lines:
        lines = [*map(_line, settlement.lines), SlipLine(Title("合计", "Total"), _yuan(settlement.total))]
        sections.append(Section(Title("销户结算", "Settlement"), tuple(lines)))
    for fate, rows in settlement.devices.items():
        if rows:
            zh, en = f"终端{fate.label.zh}", f"Devices: {fate.label.en.lower()}"
            sections.append(Section(Title(zh, en), device_lines(rows)))
    return sections


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
