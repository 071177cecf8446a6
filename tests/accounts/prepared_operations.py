"""For every account operation: a database on which it can be carried out, the operation, and its request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from dispatch.accounts import (
    binding,
    closure,
    demand,
    devices,
    moving,
    opening,
    password,
    plan_change,
    profile,
    proof,
    query,
    refund,
    renaming,
    resumption,
    settlement,
    suspension,
    transfer,
)
from dispatch.accounts.billing import Paid
from dispatch.accounts.operation import Counter, OperationRequest
from dispatch.domain.numbers import ticket_number
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a

Prepared = tuple[Any, OperationRequest]
"""An operation and its request."""
Prepare = Callable[[Database, Counter], Prepared]
"""Writes what an operation needs, and returns the operation with its request."""


def with_code(prepare: Prepare) -> Prepare:
    """The same, with the code that was sent to the request's number."""

    def prepared(database: Database, counter: Counter) -> Prepared:
        operation, request = prepare(database, counter)
        return operation, a.proved(database, operation, counter, request, now=LATER)

    return prepared


OWNER = a.document()
NEW = SecretStr("Wq2!zzKd")
LATER = f.NOW + timedelta(hours=1)


def open_(database: Database, _counter: Counter) -> Prepared:
    a.address(database)
    return opening.open_account, a.application(mobile=a.mobile(7), request_key="k")


def open_without_resources(database: Database, _counter: Counter) -> Prepared:
    a.address(database, capacity=0)
    return opening.open_account, a.application()


def register_demand(database: Database, _counter: Counter) -> Prepared:
    a.address(database)
    where = a.application().address
    asked = {"address": where, "name": a.person().name, "mobile": a.mobile(), "speed": 300, "consent": True}
    return demand.register, demand.DemandRegistration.model_validate(asked)


def close(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return closure.close, closure.Closure(account=number, reason="moving", document_number=OWNER)


def settle_preview(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return settlement.preview, settlement.SettlementPreview(account=number, document_number=OWNER)


def fail_to_authenticate(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    wrong = SecretStr(a.resident_id(2))
    return closure.close, closure.Closure(account=number, document_number=wrong, reason="moving")


def suspend(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return suspension.suspend, suspension.Suspension(account=number, reason="lost-password", document_number=OWNER)


def resume(database: Database, counter: Counter) -> Prepared:
    operation, request = suspend(database, counter)
    a.accepted(database, operation, counter, request)
    number = a.rows(database, b.account)[0].number
    asked = {"account": number, "document_number": OWNER, "reason": "password-reset", "new_password": NEW}
    return resumption.resume, resumption.Resumption(**asked, scans=(a.scan("owner-document"),))


def change_password(database: Database, counter: Counter) -> Prepared:
    number, old = a.in_service(database, counter), SecretStr(a.PASSWORD)
    request = password.PasswordChange(
        account=number, document_number=OWNER, old_password=old, new_password=SecretStr("Wq2!zzKd")
    )
    return password.change, request


def reset_password(database: Database, counter: Counter) -> Prepared:
    number, scans = a.in_service(database, counter), (a.scan("owner-document"),)
    new = SecretStr("Wq2!zzKd")
    return password.reset, password.PasswordReset(account=number, new_password=new, scans=scans, document_number=OWNER)


def transfer_(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter, plan="family-500", mobile=a.mobile(7))
    scans = tuple(a.scan(kind) for kind in transfer.REQUIRED)
    request = transfer.Transfer(
        account=number,
        document_number=OWNER,
        new_owner=a.person(2),
        password=SecretStr("Wq2!zzKd"),
        scans=scans,
        confirm=("bindings-end", "plan-voided"),
    )
    return transfer.transfer, request


def rename(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return renaming.rename, renaming.Renaming(account=number, new_account=a.mobile(5), document_number=OWNER)


def change_plan(database: Database, counter: Counter) -> Prepared:
    """A number that was bound since carries the new plan."""
    number = a.in_service(database, counter, mobile=a.mobile(7))
    asked = {"account": number, "document_number": OWNER, "plan": "family-500", "mobile": a.mobile(7)}
    return plan_change.change_plan, plan_change.PlanChange.model_validate(asked)


def move(database: Database, counter: Counter) -> Prepared:
    number, where = a.in_service(database, counter), a.address(database, 2)
    asked = {"account": number, "document_number": OWNER, "address": where, "day": f.NOW.date(), "part": "morning"}
    return moving.move, moving.AccountMove.model_validate({**asked, "payment": Paid(method="cash", amount="100.00")})


def bind_instead(database: Database, counter: Counter) -> Prepared:
    """The number that carries the plan is exchanged, and takes the plan with it."""
    number = a.in_service(database, counter, plan="family-500", mobile=a.mobile(7))
    request = binding.Binding(
        account=number,
        document_number=OWNER,
        mobile=a.mobile(8),
        instead_of=a.mobile(7),
        confirm=("plan-voided",),
    )
    return binding.bind, request


def unbind(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter, mobile=a.mobile(7))
    return binding.unbind, binding.Unbinding(account=number, mobile=a.mobile(7), document_number=OWNER)


def appoint(database: Database, counter: Counter) -> Prepared:
    order = ticket_number("construction", a.order_of(database, a.failed(database, counter)))
    return refund.appoint, refund.Appointment(order=order, at=LATER + timedelta(days=1))


def refund_(database: Database, counter: Counter) -> Prepared:
    number, typed = a.failed(database, counter, mobile=a.mobile(7)), SecretStr(a.PASSWORD)
    return refund.refund, refund.Refund(account=number, password=typed, reason="no-way-for-cable", invoice="returned")


def modify(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return profile.modify, profile.Modification(account=number, mobile=a.mobile(9), document_number=OWNER)


def view(database: Database, counter: Counter) -> Prepared:
    return query.view, query.View(account=a.in_service(database, counter))


def bindings(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter, mobile=a.mobile(7))
    return binding.bindings, binding.BindingsQuery(account=number)


def contact(database: Database, counter: Counter) -> Prepared:
    order = ticket_number("construction", a.order_of(database, a.failed(database, counter)))
    return refund.contact, refund.Contact(order=order)


def devices_(database: Database, counter: Counter) -> Prepared:
    return devices.show, devices.DevicesQuery(account=a.in_service(database, counter))


def return_device(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    request = devices.DeviceReturn(account=number, document_number=OWNER, serial=a.ont_of(database, number))
    return devices.take_back, request


def lose_device(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    paid = Paid(method="cash", amount="200.00")
    asked = {"account": number, "document_number": OWNER, "serial": a.ont_of(database, number), "payment": paid}
    return devices.lose, devices.DeviceLoss.model_validate(asked)


def send_code(database: Database, counter: Counter) -> Prepared:
    number = a.in_service(database, counter)
    return proof.send, proof.CodeRequest(purpose="bind", mobile=a.mobile(8), account=number)


PREPARED: Mapping[str, Prepare] = {
    "register-demand": register_demand,
    "open": with_code(open_),
    "transfer": with_code(transfer_),
    "settle-preview": settle_preview,
    "close": close,
    "suspend": suspend,
    "resume": resume,
    "change-password": change_password,
    "reset-password": reset_password,
    "view": view,
    "modify": with_code(modify),
    "bind": with_code(bind_instead),
    "unbind": unbind,
    "bindings": bindings,
    "contact": contact,
    "appoint": appoint,
    "refund": refund_,
    "rename": with_code(rename),
    "change-plan": change_plan,
    "devices": devices_,
    "return-device": return_device,
    "lose-device": lose_device,
    "send-code": send_code,
    "move": move,
}
"""By the operation's kind. All of them happen in tianhe."""
