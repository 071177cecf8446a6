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
from dispatch.accounts.demand import record_refused
from dispatch.accounts.enrolment import as_applicant, enrol, plan_lines, read_carrier
from dispatch.accounts.operation import Act, Counter, OperationOutcome, OperationRequest, OperationResult, carry_out
from dispatch.accounts.password import set_password
from dispatch.accounts.registration import Person, Scans, register, store_scans
from dispatch.accounts.secret import NewPassword
from dispatch.domain.account import AccountState
from dispatch.domain.kind import Kind
from dispatch.domain.messages import Event
from dispatch.domain.naming import read_address, read_mobile, read_name
from dispatch.domain.numbers import ticket_number
from dispatch.domain.plans import Plan, require_offered
from dispatch.domain.roles import CHANNEL_OF, Actor, Role
from dispatch.domain.ticket import TicketState
from dispatch.domain.title import Title
from dispatch.errors import AddressInUse, NoResources, NoResourcesFound, Refusal, UnknownAddress, UnknownAddressTyped
from dispatch.slips.forms import Section, SlipLine
from dispatch.storage import accounts, demands, history, resources, tickets
from dispatch.storage.account_rows import AccountRow, AddressRow, CustomerRow
from dispatch.storage.database import Tx
from dispatch.tickets import next_hop


class Opening(OperationRequest):
    """Opens a line for a customer at an address. `mobile` is the number that the plan is bound to."""

    address: Annotated[str, Field(description="装机地址 · standard address of the line")]
    holder: Person
    plan: Annotated[str, Field(description="营销案 · marketing plan, by its name")]
    password: NewPassword
    mobile: Annotated[str | None, Field(description="绑定的手机号码 · mobile number to bind")] = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    scans: Scans = ()


def open_account(tx: Tx, counter: Counter, request: Opening, actor: Actor, now: datetime) -> OperationOutcome:
    """Open an account. `result`: account, construction order, invoice.

    The address is asked first. One without a free port, or that isn't known, is refused, and the demand is recorded.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "open", request, actor, now, lambda act: _open(act, request))


def _open(act: Act, request: Opening) -> OperationResult:
    address = _reached(act, request)
    plan = act.counter.plans.plan(request.plan)
    customer = register(act, request.holder)
    mobile = read_carrier(act, request.mobile)
    require_offered(plan, as_applicant(act, customer, address.area, mobile), act.today)
    account = _allocate(act, address, customer)
    demands.end_opened(act.tx, {customer.mobile, mobile or customer.mobile}, address.id, address.text, act.now)
    store_scans(act, request.scans, required=())
    enrol(act, account, plan, mobile)
    set_password(act, account, customer, request.password)
    order = _order_construction(act, account, plan)
    due = [(charge.title, charge.amount) for charge in plan.charges]
    payment, invoice = billing.charge(act, account, customer.name, due, request.payment)
    sections = (
        Section(
            Title("装机", "Installation"),
            (
                SlipLine(Title("装机地址", "Address"), address.text),
                SlipLine(Title("施工单", "Construction order"), order),
                SlipLine(Title("接入端口", "Access port"), f"{address.olt} {address.port}"),
            ),
        ),
        Section(Title("营销案", "Marketing plan"), plan_lines(plan, mobile)),
    )
    slip = act.slip(account.number, customer, sections=sections, payment=payment, invoice=invoice)
    result = {
        "account": account.number,
        "construction": order,
        "invoice": invoice.number if invoice else None,
    }
    return OperationResult(account, slip, result)


def _reached(act: Act, request: Opening) -> AddressRow:
    """Find the address and occupy a place of its PON port. Raises UnknownAddress, AddressInUse, NoResources."""
    text = read_address(request.address)
    address = resources.find_address(act.tx, text)
    if address is None or not act.actor.covers(address.area):
        raise _kept_as_demand(act, request, address, UnknownAddress(), UnknownAddressTyped())
    if accounts.at_address(act.tx, address.id):
        raise AddressInUse()
    if address.pon_port_id is None or not resources.occupy_port(act.tx, address.pon_port_id):
        raise _kept_as_demand(act, request, address, NoResources(), NoResourcesFound())
    return address


def _kept_as_demand(
    act: Act, request: Opening, address: AddressRow | None, refusal: Refusal, in_trial: Refusal
) -> Refusal:
    """The refusal to raise; its record keeps the customer's demand. A trial has no customer yet, and records none.

    Raises BadName, BadMobile, UnknownPlan.
    """
    if act.trial:
        return in_trial
    contact, mobile = read_name(request.holder.name), read_mobile(request.holder.mobile)
    wanted = read_address(request.address), contact, mobile, act.counter.plans.plan(request.plan).speed
    act.keep_refused.append(lambda: record_refused(act, address, *wanted))
    return refusal


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


def _order_construction(act: Act, account: AccountRow, plan: Plan) -> str:
    """Create the construction order 施工单, which travels by rules as a fault does. Returns its number."""
    row = {
        "kind": Kind.CONSTRUCTION,
        "state": TicketState.OPEN,
        "account_id": account.id,
        "area": account.area,
        "channel": CHANNEL_OF[Role(act.actor.role)],
        "symptom": "new-installation",
        "category": "network",
        "description": f"新装 {plan.title.zh}",
        "priority": 3,
        "script": [],
        "made_at": act.now,
    }
    (order,) = tickets.by_ids(act.tx, tickets.insert_tickets(act.tx, [row]))
    entries = [history.entry(order.id, act.now, "open", act.actor, operation=act.serial)]
    next_hop.create_first_hops(act.tx, act.counter.rulebook, [order], entries, act.now)
    number = ticket_number(Kind.CONSTRUCTION, order.id)
    facts = {"account": account.number, "no": number}
    messages.tell(act.tx, act.now, messages.Told(Event.OPENED, messages.of_ticket(order.id), facts, account.id))
    return number
