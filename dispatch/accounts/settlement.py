"""销户结算: what a customer who leaves owes and gets back, on this day and with these devices.

The lines are `domain.settlement`'s; here are the account's own values for them: what billing says, the plan's terms,
the devices, deposits and what was paid for a change of plan that hasn't taken effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from dispatch.accounts import authentication, pausing, red_letters
from dispatch.accounts.device_register import typed_serial
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.quotes import quoted
from dispatch.accounts.red_letters import Standing
from dispatch.accounts.secret import DocumentNumber
from dispatch.domain.account import AccountState
from dispatch.domain.device import DeviceKind
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import CHARGES
from dispatch.domain.reasons import LEAVING_REASONS, OTHER, WITHOUT_PENALTY, read_reason
from dispatch.domain.roles import Actor
from dispatch.domain.settlement import Fate, Leaving, LeftDevice, SettlementLine, settle, total
from dispatch.domain.time import local_date
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput, DeviceNotThere
from dispatch.ports.billing import Quote, QuotePurpose
from dispatch.storage import devices, enrolments, payments, plan_changes, tickets
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.device_rows import DeviceRow
from dispatch.storage.payment_rows import InvoiceRow
from dispatch.tickets.complaints import is_upheld

Returned = Annotated[tuple[str, ...], Field(description="现场退回的终端序列号 · serial numbers of devices handed in")]
Lost = Annotated[tuple[str, ...], Field(description="遗失的终端序列号 · serial numbers of devices that are lost")]


class SettlementPreview(OperationRequest):
    """Shows what closing the account today comes to. Devices that aren't named are returned later."""

    account: AccountNumber
    document_number: DocumentNumber
    reason: Annotated[str, Field(description="退网原因 · reason for leaving")] = ""
    returned: Returned = ()
    lost: Lost = ()


@dataclass(frozen=True, slots=True)
class InvoiceBook:
    """All of an account's invoices. `stands`: what stands of them; `unused`: the numbers of those that were paid for a
    change of plan that never took effect."""

    invoices: Sequence[InvoiceRow]
    stands: Standing
    unused: frozenset[int]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement that was worked out."""

    quote: Quote
    lines: tuple[SettlementLine, ...]
    devices: Mapping[Fate, Sequence[DeviceRow]]
    paper: InvoiceBook

    @property
    def total(self) -> int:
        """Fen that the customer pays; below zero: gets back."""
        return total(self.lines)

    @property
    def said(self) -> Title:
        """The total in words, and what lapses."""
        yuan = write_yuan(abs(self.total))
        zh, en = f"应缴{yuan}元", f"{yuan} yuan are due"
        if self.total < 0:
            zh, en = f"应退{yuan}元", f"{yuan} yuan are paid back"
        if not self.quote.gift:
            return Title(f"结算{zh}", f"the settlement: {en}")
        gift = write_yuan(self.quote.gift)
        return Title(f"结算{zh}，赠送余额{gift}元不退", f"the settlement: {en}; {gift} yuan of gifts lapse")


def preview(tx: Tx, counter: Counter, request: SettlementPreview, actor: Actor, now: datetime) -> OperationOutcome:
    """Show a settlement. `result`: account, `settlement` (each line's kind, title, yuan and formula), `total` in yuan,
    below zero what the customer gets back, `gift`, and `quote` for the closing.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "settle-preview", request, actor, now, lambda act: _preview(act, request))


def _preview(act: Act, request: SettlementPreview) -> OperationResult:
    if request.reason not in {"", OTHER}:
        read_reason(LEAVING_REASONS, request.reason)
    account, _ = authentication.by_document(act, request.account, request.document_number)
    if account.state == AccountState.INSTALLING:
        raise act.wrong_state(account)
    worked_out = work_out(act, account, request.reason, request.returned, request.lost)
    if worked_out is None:
        return OperationResult(account, None, {"account": account.number})
    return OperationResult(account, None, {"account": account.number, **shown(worked_out)})


def shown(settlement: Settlement) -> dict[str, Any]:
    """A settlement as an operation's result."""
    gift = write_yuan(settlement.quote.gift)
    return {**shown_lines(settlement.lines), "gift": gift, "quote": settlement.quote.quote_id}


def shown_lines(lines: Sequence[SettlementLine]) -> dict[str, Any]:
    """Lines and their total as an operation's result."""
    written = [
        {
            "kind": line.kind.value,
            "title": line.kind.label.stored(),
            "yuan": write_yuan(line.fen),
            "formula": line.formula,
        }
        for line in lines
    ]
    return {"settlement": written, "total": write_yuan(total(lines))}


def work_out(
    act: Act, account: AccountRow, reason: str, returned: Sequence[str], lost: Sequence[str]
) -> Settlement | None:
    """Work out the settlement of a locked account, before anything of it is changed; None in a trial.

    Raises DeviceNotThere, PortUnavailable, QuoteChanged; BadInput.
    """
    fates = _fates(act, account, returned, lost)
    quote = quoted(act, account, QuotePurpose.CLOSE)
    if quote is None:
        return None
    paper = paper_of(act, account)
    leaving = replace(
        ends_today(act, account, waived=reason in WITHOUT_PENALTY),
        deposits=red_letters.of_item(kept(paper), CHARGES["deposit"]),
        pause=pausing.unused_of(act.tx, account.id, act.today, act.counter.zone),
        change=paid_for_changes(paper),
        devices=tuple(_left(act, row, fate) for fate, rows in fates.items() for row in rows),
        device_months=act.counter.device_months,
    )
    return Settlement(quote, settle(quote, leaving), fates, paper)


def ends_today(act: Act, account: AccountRow, *, waived: bool) -> Leaving:
    """What a penalty depends on, if the account's plan ended today. `waived`: none is due, whatever else; nor is any
    where a complaint was upheld since the plan began."""
    enrolment = enrolments.in_force(act.tx, account.id)
    waived = waived or (enrolment is not None and is_upheld(act.tx, account.id, enrolment.from_at))
    return Leaving(
        today=act.today,
        terms={} if enrolment is None else enrolment.terms,
        until=None if enrolment is None else enrolment.until,
        active_since=_active_since(act, account),
        waived=waived,
    )


def paper_of(act: Act, account: AccountRow) -> InvoiceBook:
    """The account's invoices, as they stand before anything is changed."""
    invoices = payments.invoices(act.tx, account.id)
    stands = red_letters.standing(invoices)
    never = {*plan_changes.unused_operations(act.tx, account.id)}
    if (scheduled := plan_changes.scheduled(act.tx, account.id)) is not None:
        never.add(scheduled.operation_id)
    unused = frozenset(row.number for row in invoices if row.operation_id in never and row.number in stands)
    return InvoiceBook(invoices, stands, unused)


def kept(paper: InvoiceBook) -> Standing:
    """What stands of the invoices that weren't for an unused change of plan."""
    return {number: items for number, items in paper.stands.items() if number not in paper.unused}


def for_changes(paper: InvoiceBook) -> Standing:
    """What stands of those that were, but for prepayments, which are on the books at billing."""
    found = {number: {**paper.stands[number]} for number in paper.unused}
    for items in found.values():
        items.pop(CHARGES["prepaid"], None)
    return found


def paid_for_changes(paper: InvoiceBook) -> int:
    """The sum of `for_changes`, in fen."""
    return sum(fen for items in for_changes(paper).values() for fen in items.values())


def _fates(act: Act, account: AccountRow, returned: Sequence[str], lost: Sequence[str]) -> dict[Fate, list[DeviceRow]]:
    """The account's devices, locked, by what becomes of them. Raises DeviceNotThere; BadInput."""
    here = {row.serial: row for row in devices.lock_issued(act.tx, account.id)}
    named = {Fate.RETURNED: {typed_serial(each) for each in returned}, Fate.LOST: {typed_serial(each) for each in lost}}
    if twice := sorted(named[Fate.RETURNED] & named[Fate.LOST]):
        both = Wording(f"终端{twice[0]}不能既退回又遗失", f"device {twice[0]} is returned or lost, not both")
        raise BadInput(what=both)
    for serial in sorted((named[Fate.RETURNED] | named[Fate.LOST]) - here.keys()):
        raise DeviceNotThere(serial=serial, account=account.number)
    named[Fate.LATER] = here.keys() - named[Fate.RETURNED] - named[Fate.LOST]
    return {fate: [row for serial, row in here.items() if serial in serials] for fate, serials in named.items()}


def _left(act: Act, row: DeviceRow, fate: Fate) -> LeftDevice:
    assert row.issued_at is not None  # the database's constraint `issued`
    issued = local_date(row.issued_at, act.counter.zone)
    return LeftDevice(DeviceKind(row.kind).label, row.price, issued, fate, row.kind == DeviceKind.ONT)


def _active_since(act: Act, account: AccountRow) -> date:
    """The day of the activation; of an account that was on the network before us, that of its entry."""
    activated = tickets.activated_at(act.tx, account.id)
    return local_date(activated or account.added_at, act.counter.zone)
