"""One operation is one transaction: whatever dies between any two of its statements, nothing of it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from dispatch.accounts import binding, closure, opening, password, profile, refund, renaming, suspension, transfer
from dispatch.accounts.operation import Counter, OperationRequest
from dispatch.domain.numbers import ticket_number
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from tests import factories as f
from tests.accounts import factories as a
from tests.killed_transaction import is_all_or_nothing

Scene = Callable[[Database, Counter], tuple[Any, OperationRequest]]
"""Brings the books to where an operation can be done; that operation and its request."""

OWNER = a.document()
LATER = f.NOW + timedelta(hours=1)


def open_(database: Database, _counter: Counter) -> tuple[Any, OperationRequest]:
    a.address(database)
    return opening.open_account, a.application(mobile=a.mobile(7), request_key="k")


def open_without_resources(database: Database, _counter: Counter) -> tuple[Any, OperationRequest]:
    a.address(database, capacity=0)
    return opening.open_account, a.application()


def close(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter)
    return closure.close, closure.Closure(account=number, reason="moving", document_number=OWNER)


def fail_to_authenticate(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter)
    wrong = SecretStr(a.resident_id(2))
    return closure.close, closure.Closure(account=number, document_number=wrong, reason="moving")


def suspend(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter)
    return suspension.suspend, suspension.Suspension(account=number, reason="arrears", document_number=OWNER)


def resume(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    a.accepted(database, *_with(suspend(database, counter), counter))
    number = a.rows(database, b.account)[0].number
    return suspension.resume, suspension.Suspension(account=number, reason="arrears-paid", document_number=OWNER)


def change_password(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number, old = a.in_service(database, counter), SecretStr(a.PASSWORD)
    request = password.PasswordChange(
        account=number, document_number=OWNER, old_password=old, new_password=SecretStr("Wq2!zzKd")
    )
    return password.change, request


def reset_password(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number, scans = a.in_service(database, counter), (a.scan("owner-document"),)
    new = SecretStr("Wq2!zzKd")
    return password.reset, password.PasswordReset(account=number, new_password=new, scans=scans, document_number=OWNER)


def transfer_(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
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


def rename(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter)
    return renaming.rename, renaming.Renaming(account=number, new_account=a.mobile(5), document_number=OWNER)


def bind_instead(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
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


def unbind(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter, mobile=a.mobile(7))
    return binding.unbind, binding.Unbinding(account=number, mobile=a.mobile(7), document_number=OWNER)


def appoint(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    order = ticket_number("construction", a.order_of(database, a.failed(database, counter)))
    return refund.appoint, refund.Appointment(order=order, at=LATER + timedelta(days=1))


def refund_(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number, typed = a.failed(database, counter, mobile=a.mobile(7)), SecretStr(a.PASSWORD)
    return refund.refund, refund.Refund(account=number, password=typed, reason="no-way-for-cable")


def modify(database: Database, counter: Counter) -> tuple[Any, OperationRequest]:
    number = a.in_service(database, counter)
    return profile.modify, profile.Modification(account=number, mobile=a.mobile(9), document_number=OWNER)


SCENES: list[Scene] = [open_, open_without_resources, close, fail_to_authenticate, suspend, resume]
SCENES += [change_password, reset_password, transfer_, rename, bind_instead, unbind, appoint, refund_, modify]


def _with(scene: tuple[Any, OperationRequest], counter: Counter) -> tuple[Any, Counter, OperationRequest]:
    operation, request = scene
    return operation, counter, request


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_an_operation_that_dies_between_any_two_statements_leaves_nothing(
    database: Database, counter: Counter, scene: Scene
) -> None:
    operation, request = scene(database, counter)
    is_all_or_nothing(database, lambda tx: operation(tx, counter, request, f.CLERK, LATER))
