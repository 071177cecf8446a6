"""移机: an account in service goes to another address; the line at the old one works until the new one does.

The place at the new address is taken when the move is accepted, and its order travels by `flows: move`. How it ends is
in `move_end`. A plan that isn't sold in the new area is voided when the line has moved.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatch import messages
from dispatch.accounts import authentication, billing
from dispatch.accounts.billing import Paid
from dispatch.accounts.enrolment import replacement
from dispatch.accounts.open_faults import warn_of_open_fault
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationRequest,
    OperationResult,
    carry_out,
)
from dispatch.accounts.place import Wish, require_settled, take_place
from dispatch.accounts.registration import Scans
from dispatch.accounts.representation import AgentIfAny, attended
from dispatch.accounts.secret import DocumentNumber
from dispatch.accounts.typed_dates import Day
from dispatch.accounts.work_order import order_work
from dispatch.domain.account import AccountState
from dispatch.domain.kind import MOVED_HOUSE, Kind
from dispatch.domain.messages import Event
from dispatch.domain.numbers import ticket_number
from dispatch.domain.plans import MOVING_FEE
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title
from dispatch.domain.visit import PartOfDay, visit_time
from dispatch.errors import MovesNotOffered, PlanNotOffered
from dispatch.slips.forms import Change, Section, SlipLine
from dispatch.storage import account_moves, demands, enrolments, resources
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressRow
from dispatch.storage.plan_rows import EnrolmentRow


class AccountMove(OperationRequest):
    """Moves an account in service to another address. `day` and `part` are when the customer wants the builders."""

    account: AccountNumber
    document_number: DocumentNumber
    address: Annotated[str, Field(description="新装机地址 · new standard address of the line")]
    day: Annotated[Day, Field(description="上门日期 · day of the visit")]
    part: Annotated[PartOfDay, Field(description="上门时段 · part of that day")]
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    scans: Scans = ()
    agent: AgentIfAny = None


def move(tx: Tx, counter: Counter, request: AccountMove, actor: Actor, now: datetime) -> OperationOutcome:
    """Move an account. `result`: account, order, `visit` in words by language, invoice.

    An address where no line can be had is refused, the demand is recorded, and the old line stays. To be confirmed:
    `open-fault`; `plan-voided` when the plan isn't sold in the new area.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "move", request, actor, now, lambda act: _move(act, request))


def _move(act: Act, request: AccountMove) -> OperationResult:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    if account.state != AccountState.IN_SERVICE or account.address_id is None:
        raise act.wrong_state(account)
    require_settled(act, account)
    standing = attended(act, customer, request.agent, request.scans)
    if Kind.MOVE not in act.counter.rulebook.flows:
        raise MovesNotOffered()
    visit = visit_time(request.day, request.part, act.today)
    old, current = resources.get_address(act.tx, account.address_id), enrolments.in_force(act.tx, account.id)
    wish = Wish(customer.name, customer.mobile, current.terms["speed"] if current else act.counter.plans.speeds[0])
    new = take_place(act, request.address, lambda: wish, held=account.pon_port_id)
    warn_of_open_fault(act, account)
    voids = _voided(act, new, current)
    demands.end_opened(act.tx, {customer.mobile}, new.id, new.text, act.now)
    order = order_work(act, account, Kind.MOVE, MOVED_HOUSE, new.area, f"移机 {visit.zh}")
    number = ticket_number(Kind.MOVE, order.id)
    assert new.pon_port_id is not None  # `take_place` took a place of it
    account_moves.insert_move(act.tx, account.id, act.operation_id, new.id, new.pon_port_id, order.id, voids)
    window = visit.stored()
    facts = {"account": account.number, "no": number, "window": window}
    messages.tell(act.tx, act.now, messages.Told(Event.MOVE, messages.of_ticket(order.id), facts, account.id))
    due = [(MOVING_FEE, act.counter.plans.move_fee)]
    payment, invoice = billing.charge(act, account, customer.name, due, request.payment)
    lines = (
        SlipLine(Title("移机单", "Move order"), number),
        SlipLine(Title("上门时间", "Visit"), str(visit)),
        SlipLine(Title("新接入端口", "New access port"), f"{new.olt} {new.port}"),
    )
    sections = [Section(Title("移机", "Move"), lines), *standing.sections()]
    changes = [Change(Title("装机地址", "Address"), old.text, new.text)]
    slip = act.slip(account.number, customer, sections=sections, changes=changes, payment=payment, invoice=invoice)
    result = {
        "account": account.number,
        "order": number,
        "visit": window,
        "invoice": invoice.number if invoice else None,
    }
    return OperationResult(account, slip, result)


def _voided(act: Act, new: AddressRow, current: EnrolmentRow | None) -> dict[str, Any] | None:
    """The enrolment that takes the place of a plan that isn't sold in the new area; None when the plan stays.

    Raises NeedsConfirmation (`plan-voided`); PlanNotOffered when the plan's terms don't say what replaces it.
    """
    plan = act.counter.plans.plans.get(current.plan) if current and current.plan else None
    if current is None or plan is None or plan.areas is None or new.area in plan.areas:
        return None
    title = Title(**current.terms["title"])
    after = replacement(act.counter.plans, current.terms)
    if after is None:
        why = Title("新址片区不办理，请先变更营销案", "it isn't sold in the new area: change the plan first")
        raise PlanNotOffered(plan=title, why=why)
    zh = f"营销案「{title.zh}」在新址片区不办理，移机完成后失效，{after.said.zh}"
    en = f"the plan {title.en} isn't sold in the new area and is voided once the line has moved: {after.said.en}"
    act.warn("plan-voided", Title(zh, en))
    return {
        "enrolment": current.id,
        "plan": after.plan,
        "plans_version": after.plans_version,
        "terms": dict(after.terms),
    }
