"""1 开户: open a line at an address with a free port, for a customer registered by their real name.

Source: 家庭宽带业务流程 V1.0, section 1, steps 1 to 11.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatch import messages
from dispatch.accounts import billing
from dispatch.accounts.billing import Paid
from dispatch.accounts.enrolment import as_applicant, enrol, plan_lines, read_carrier
from dispatch.accounts.identity_check import check_holder
from dispatch.accounts.line_limit import require_room
from dispatch.accounts.operation import Act, Counter, OperationOutcome, OperationRequest, OperationResult, carry_out
from dispatch.accounts.password import set_password
from dispatch.accounts.place import Wish, take_place
from dispatch.accounts.proof import Code, require_code
from dispatch.accounts.registration import Person, Scans, register, store_scans
from dispatch.accounts.representation import AgentIfAny, represented
from dispatch.accounts.secret import NewPassword
from dispatch.accounts.typed_dates import Day
from dispatch.accounts.work_order import order_work
from dispatch.domain.account import AccountState
from dispatch.domain.kind import NEW_LINE, Kind
from dispatch.domain.messages import Event
from dispatch.domain.naming import read_mobile, read_name
from dispatch.domain.numbers import ticket_number
from dispatch.domain.plans import require_offered
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title, Wording
from dispatch.domain.visit import PartOfDay, visit_time
from dispatch.errors import BadInput
from dispatch.ports.identity_check import CheckPurpose
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import accounts, demands
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx
from dispatch.storage.place_rows import AddressRow


class Opening(OperationRequest):
    """Opens a line for a customer at an address. `mobile` is the number that the plan is bound to, proved by the `code`
    that was sent to it; `day` and `part` are when the customer wants the builders, if they have agreed on that."""

    address: Annotated[str, Field(description="装机地址 · standard address of the line")]
    holder: Person
    plan: Annotated[str, Field(description="营销案 · marketing plan, by its name")]
    password: NewPassword
    mobile: Annotated[str | None, Field(description="绑定的手机号码 · mobile number to bind")] = None
    code: Code = None
    day: Annotated[Day | None, Field(description="上门日期 · day of the visit")] = None
    part: Annotated[PartOfDay | None, Field(description="上门时段 · part of that day")] = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    scans: Scans = ()
    agent: AgentIfAny = None


def open_account(tx: Tx, counter: Counter, request: Opening, actor: Actor, now: datetime) -> OperationOutcome:
    """Open an account. `result`: account, construction order, invoice; `visit` in words by language, if agreed.

    The address is asked first. One without a free port, or that isn't known, is refused, and the demand is recorded.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "open", request, actor, now, lambda act: _open(act, request))


def _open(act: Act, request: Opening) -> OperationResult:
    address = take_place(act, request.address, lambda: _wish(act, request))
    plan = act.counter.plans.plan(request.plan)
    visit = _visit(act, request)
    customer = register(act, request.holder)
    check_holder(act, customer, CheckPurpose.OPEN, address.area)
    standing = represented(act, customer, request.agent, checked_for=(CheckPurpose.OPEN, address.area))
    require_room(act, customer, address.area)
    mobile = read_carrier(act, request.mobile)
    require_offered(plan, as_applicant(act, customer, address.area, mobile), act.today)
    unsent = None if mobile is None else require_code(act, mobile, request.code, None)
    account = _allocate(act, address, customer)
    demands.end_opened(act.tx, {customer.mobile, mobile or customer.mobile}, address.id, address.text, act.now)
    store_scans(act, request.scans, standing.scans)
    enrol(act, account, plan, mobile)
    set_password(act, account, customer, request.password)
    wanted = " ".join(filter(None, ("新装", plan.title.zh, visit.zh if visit else "")))
    made = order_work(act, account, Kind.CONSTRUCTION, NEW_LINE, account.area, wanted)
    order = ticket_number(Kind.CONSTRUCTION, made.id)
    window = visit.stored() if visit else None
    facts = {"account": account.number, "no": order} | ({"window": window} if window else {})
    event = Event.OPENED_VISIT if window else Event.OPENED
    messages.tell(act.tx, act.now, messages.Told(event, messages.of_ticket(made.id), facts, account.id))
    due = [(charge.title, charge.amount) for charge in plan.charges]
    payment, invoice = billing.charge(act, account, customer.name, due, request.payment)
    sections = (
        Section(
            Title("装机", "Installation"),
            (
                SlipLine(Title("装机地址", "Address"), address.text),
                SlipLine(Title("施工单", "Order no."), order),
                *([SlipLine(Title("上门时间", "Visit"), str(visit))] if visit else []),
                SlipLine(Title("接入端口", "Access port"), f"{address.olt} {address.port}"),
            ),
        ),
        Section(Title("营销案", "Marketing plan"), plan_lines(plan, mobile)),
        *standing.sections(),
    )
    notes = [unsent] if unsent else []
    slip = act.slip(account.number, customer, sections=sections, payment=payment, invoice=invoice, notes=notes)
    result = {
        "account": account.number,
        "construction": order,
        **({"visit": window} if window else {}),
        "invoice": invoice.number if invoice else None,
    }
    return OperationResult(account, slip, result)


def _visit(act: Act, request: Opening) -> Title | None:
    """When the builders come, in words; None when nothing is agreed. Raises BadInput, BadVisit."""
    if request.day is None and request.part is None:
        return None
    if request.day is None or request.part is None:
        raise BadInput(what=Wording("上门日期和时段须一起填", "the visit needs both its day and the part of that day"))
    return visit_time(request.day, request.part, act.today)


def _wish(act: Act, request: Opening) -> Wish:
    """What is recorded when there is no place. Raises BadName, BadMobile, UnknownPlan."""
    speed = act.counter.plans.plan(request.plan).speed
    return Wish(read_name(request.holder.name), read_mobile(request.holder.mobile), speed)


def _allocate(act: Act, address: AddressRow, customer: CustomerRow) -> AccountRow:
    return accounts.insert_account(
        act.tx,
        state=AccountState.INSTALLING,
        customer_id=customer.id,
        address_id=address.id,
        pon_port_id=address.pon_port_id,
        area=address.area,
        mobile=customer.mobile,
        added_at=act.now,
        added_by=act.actor.name,
    )
