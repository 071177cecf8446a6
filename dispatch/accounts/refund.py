"""10 退单退费: cancel a construction order that failed and refund the customer, who comes by appointment.

Source: 家庭宽带业务流程 V1.0, section 10, steps 1 to 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from dispatch import effects
from dispatch.accounts import authentication, billing
from dispatch.accounts.invoices_back import AskedPaper, LostInvoices, paper_section, papers_of, required_scans
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRefused,
    OperationRequest,
    OperationResult,
    Text,
    carry_out,
    release,
)
from dispatch.accounts.reason import Reasoned, reason_lines
from dispatch.accounts.registration import Scans, store_scans
from dispatch.accounts.representation import AgentIfAny, represented
from dispatch.accounts.secret import OldPassword
from dispatch.accounts.typed_dates import Moment
from dispatch.domain.account_move import MoveState, move_move
from dispatch.domain.kind import Kind
from dispatch.domain.money import write_yuan
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.numbers import read_ticket_number, ticket_number, typed_number
from dispatch.domain.reasons import CANCELLATION_REASONS
from dispatch.domain.roles import Actor
from dispatch.domain.text import NOTE, clean
from dispatch.domain.time import typed_moment
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import BadAppointment, OrderNotFailed
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import account_moves, accounts, customers, history, operations, refund_desk, tickets
from dispatch.storage.account_rows import AccountMoveRow, AccountRow
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import WaitingOrder
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.tickets import next_hop
from dispatch.tickets.construction import REFUND_DESK, REFUNDED
from dispatch.tickets.next_hop import Ending

CANCELLED = "cancelled"
LATEST_APPOINTMENT = timedelta(days=30)


OrderNumber = Annotated[str, Field(description="施工单号 · number of the failed construction order")]


class Contact(OperationRequest):
    """Shows the mobile number of the customer of a failed construction order; the look is audited."""

    order: OrderNumber


class Appointment(OperationRequest):
    """Records when the customer comes for their money. A later appointment replaces it, and both stay on record."""

    order: OrderNumber
    at: Annotated[
        Moment,
        Field(description="预约时间，如 2026-11-26 10:00 · when the customer comes, in the desk's zone"),
    ]
    note: Annotated[Text, Field(description="说明 · note")] = ""


class Refund(Reasoned):
    """Cancels an order and pays back. The reason is one of those for cancelling 退单原因.

    `invoice` says what becomes of the account's invoices, `lost_invoices` names the lost ones where others aren't lost.
    For a lost one the scan `invoice-loss-statement` is kept.
    """

    account: AccountNumber
    password: OldPassword
    invoice: AskedPaper = None
    lost_invoices: LostInvoices = ()
    scans: Scans = ()
    agent: AgentIfAny = None


@dataclass(frozen=True, slots=True)
class FailedOrder:
    """An order on the refund desk, as the list shows it: name and number masked, `cause` what the builders reported."""

    order: str
    account: str
    area: str
    address: str
    customer: str
    mobile: str
    cause: str
    remark: str
    failed_at: datetime
    appointment: datetime | None


def failed_orders(tx: Tx, limit: int, areas: frozenset[str] | None = None) -> list[FailedOrder]:
    """At most `limit` construction orders of these areas (None: of all) that wait for cancel and refund, the longest
    waiting first."""
    rows = refund_desk.waiting(tx, REFUND_DESK, limit, areas)
    appointed = refund_desk.appointments(tx, [row.ticket_id for row in rows])
    return [_failed(row, appointed.get(row.ticket_id)) for row in rows]


def contact(tx: Tx, counter: Counter, request: Contact, actor: Actor, now: datetime) -> OperationOutcome:
    """Show the number to call for the appointment. `result`: order, and the customer's mobile number in clear; audited.

    Raises NotAllowed, KeyReused, BadInput.
    """

    def body(act: Act) -> OperationResult:
        _waiting(act, request.order)
        return OperationResult(None, None)

    outcome = carry_out(tx, counter, "contact", request, actor, now, body)
    if isinstance(outcome, OperationRefused):
        return outcome
    order = tickets.get(tx, read_ticket_number(request.order))
    account = accounts.get(tx, order.account_id)
    number = ticket_number(order.kind, order.id)
    operations.note_audit(tx, "unmask", f"customer/{account.customer_id}/mobile", f"{number} 预约退单退费", actor, now)
    return replace(outcome, result={"order": number, "mobile": customers.holder(tx, account).mobile})


def appoint(tx: Tx, counter: Counter, request: Appointment, actor: Actor, now: datetime) -> OperationOutcome:
    """Record an appointment and tell the customer when, where and why. `result`: order, and `at` as ISO 8601.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "appoint", request, actor, now, lambda act: _appoint(act, request))


def refund(tx: Tx, counter: Counter, request: Refund, actor: Actor, now: datetime) -> OperationOutcome:
    """Cancel and refund. `result`: account, order, `paid_back` in yuan, and the numbers of the red-letter invoices.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "refund", request, actor, now, lambda act: _refund(act, request))


def _appoint(act: Act, request: Appointment) -> OperationResult:
    note = clean(request.note, NOTE, least=0)
    hop = _waiting(act, request.order)
    at = _in_zone(act, request.at)
    if not act.now < at <= act.now + LATEST_APPOINTMENT or not act.counter.hours.has(at.time()):
        raise _bad_appointment(act)
    noted = {"appointed_for": at.isoformat(timespec="minutes"), "note": note}
    write_act(act.tx, [history.entry(hop.ticket_id, act.now, refund_desk.APPOINT, act.actor, hop.id, **noted)])
    account = accounts.get(act.tx, hop.account_id)
    order = ticket_number(hop.kind, hop.ticket_id)
    cause = _cause(refund_desk.evidence_before(act.tx, hop)) or Title("网络暂不能开通", "The network can't open it yet")
    text = (
        f"您的宽带{_WORK[hop.kind]}（施工单{order}）未能施工：{cause.zh}。请于{at.month}月{at.day}日{at:%H:%M}到{act.counter.outlet}"
        "办理退单退费，请带好发票。改约请拨打10086。"
    )
    effects.tell(act.tx, act.key, customers.holder(act.tx, account).mobile, text, act.now)
    return OperationResult(account, None, {"order": order, "at": noted["appointed_for"]})


def _in_zone(act: Act, at: datetime) -> datetime:
    """Raises BadAppointment for a time at the very end of the calendar."""
    try:
        return typed_moment(at, act.counter.zone).astimezone(act.counter.zone)
    except OverflowError:
        raise _bad_appointment(act) from None


def _bad_appointment(act: Act) -> BadAppointment:
    return BadAppointment(days=LATEST_APPOINTMENT.days, hours=str(act.counter.hours))


def _refund(act: Act, request: Refund) -> OperationResult:
    reasons = reason_lines(request, CANCELLATION_REASONS, Title("退单原因", "Reason"))
    account, customer = authentication.by_password(act, request.account, request.password)
    standing = represented(act, customer, request.agent)
    failed = account_moves.unfinished(act.tx, account.id)
    if failed is None:
        act.move(account, "cancel", ended_for=request.reason, ended_at=act.now)
    # Locks: the account before its hop, the series of invoices last. Activation and opening use the same order.
    hop = _waiting(act, _order(act, account, failed))
    order, reason = ticket_number(hop.kind, hop.ticket_id), CANCELLATION_REASONS[request.reason]
    ending = Ending(hop, "finish", act.actor, finding=REFUNDED, reason=str(reason))
    if failed is None:
        release(act, account, CANCELLED)
        effects.provision(act.tx, act.key, account, Order.REMOVE, act.now)
    else:
        account_moves.change_state(act.tx, failed.id, move_move(MoveState(failed.state), "refund"))
    next_hop.end_hops(act.tx, act.counter.rulebook, [ending], act.now)
    payment, invoices = billing.pay_back(act, account, None if failed is None else [failed.operation_id])
    papers = papers_of(invoices, request.invoice, request.lost_invoices)
    store_scans(act, request.scans, (*required_scans(papers), *standing.scans))
    back = write_yuan(-payment.total if payment else 0)
    text = f"您的宽带{_WORK[hop.kind]}（施工单{order}）已退单：{reason.zh}。退费{back}元，已按原付款方式退回。"
    effects.tell(act.tx, act.key, customer.mobile, f"{text}如非本人办理，请到营业厅或拨打10086。", act.now)
    section = Section(Title("退单", "Cancellation"), (SlipLine(Title("施工单", "Order no."), order), *reasons))
    slip = act.slip(
        account.number,
        customer,
        sections=[section, *paper_section(papers), *standing.keeping(request.scans).sections()],
        payment=payment,
        invoice=invoices[0] if invoices else None,
    )
    red = [each.red_letter for each in invoices]
    return OperationResult(
        account, slip, {"account": account.number, "order": order, "paid_back": back, "red_letters": red}
    )


def _order(act: Act, account: AccountRow, failed: AccountMoveRow | None) -> str:
    """The number of the order that may have failed: the account's move, or its new line."""
    if failed is not None:
        return ticket_number(Kind.MOVE, failed.order_id)
    return ticket_number(Kind.CONSTRUCTION, refund_desk.order_of(act.tx, account.id))


_WORK: Mapping[str, str] = {Kind.CONSTRUCTION: "新装", Kind.MOVE: "移机"}
"""What an order is for, in messages."""


def _waiting(act: Act, order: str) -> LockedHop:
    """Lock the order's hop on the refund desk. Raises OrderNotFailed; BadInput."""
    hop = refund_desk.lock_waiting(act.tx, REFUND_DESK, read_ticket_number(order))
    if hop is None or not act.actor.covers(hop.area):
        raise OrderNotFailed(order=typed_number(order, Kind.CONSTRUCTION))
    return hop


def _failed(row: WaitingOrder, appointment: str | None) -> FailedOrder:
    evidence = row.evidence or {}
    return FailedOrder(
        order=ticket_number(row.kind, row.ticket_id),
        account=row.account,
        area=row.area,
        address=row.address,
        customer=masked_name(row.name),
        mobile=masked_mobile(row.mobile),
        cause=str(_cause(evidence) or evidence.get("refused-for", "")),
        remark=evidence.get("remark", ""),
        failed_at=row.failed_at,
        appointment=datetime.fromisoformat(appointment) if appointment else None,
    )


def _cause(evidence: Mapping[str, Any]) -> Title | None:
    """The cause that the builders reported, by the names of `CANCELLATION_REASONS`; None: provisioning refused it."""
    return CANCELLATION_REASONS.get(evidence.get("failure-cause", ""))
