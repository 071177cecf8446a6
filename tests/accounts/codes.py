"""Codes by text message, as customers of the tests got them a moment ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import select

from dispatch.accounts import proof
from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.operation import Counter, OperationOutcome, OperationRequest
from dispatch.accounts.transfer import Transfer
from dispatch.domain.naming import read_mobile
from dispatch.domain.proof import AGAIN_AFTER
from dispatch.domain.roles import Actor
from dispatch.errors import DispatchError
from dispatch.storage import aliases, enrolments
from dispatch.storage.database import Database, Tx
from dispatch.storage.tables.accounts import operation as operation_table
from tests import factories as f

CODE = SecretStr("857342")

Operation = Callable[[Tx, Counter, Any, Actor, datetime], OperationOutcome]
R = TypeVar("R", bound=OperationRequest)

KINDS: Mapping[Operation, str] = {operation: kind for kind, (_, operation) in OPERATIONS.items()}


def number_to_prove(request: OperationRequest) -> str | None:
    """The mobile number for which the request needs a code; None: it needs none."""
    fields = type(request).model_fields
    if isinstance(request, Transfer):
        return request.new_owner.mobile
    found = getattr(request, "new_account" if "new_account" in fields else "mobile", None) if "code" in fields else None
    return found if isinstance(found, str) else None


def proved(
    database: Database,
    operation: Operation,
    counter: Counter,
    request: R,
    actor: Actor = f.CLERK,
    now: datetime = f.NOW,
) -> R:
    """The request with the code that it needs; the same where it needs none or has one, or where none can be sent."""
    number = number_to_prove(request)
    if number is None or getattr(request, "code", None) is not None or operation not in KINDS:
        return request
    sent_at = now - AGAIN_AFTER  # another may be sent now
    with database.write() as tx, suppress(DispatchError):
        again = select(operation_table.c.id).where(operation_table.c.request_key == request.request_key)
        if request.request_key is not None and tx.execute(again).first() is not None:
            return request.model_copy(update={"code": CODE})
        put(tx, counter, KINDS[operation], read_mobile(number), getattr(request, "account", None), actor, sent_at)
        return request.model_copy(update={"code": CODE})
    return request


def put(
    tx: Tx,
    counter: Counter,
    kind: str,
    mobile: str,
    number: str | None,
    actor: Actor = f.CLERK,
    now: datetime = f.NOW,
    source: str | None = None,
) -> None:
    """Keep that CODE was sent to a number for this operation, on the account that it is bound to, or that is named."""
    account_id: int | None = None
    if kind in proof.BEFORE_AN_ACCOUNT:
        pass
    elif kind in proof.BY_BOUND_NUMBER:
        bound = enrolments.bound_to(tx, mobile)
        account_id = bound.account_id if bound else None
    else:
        found = aliases.called(tx, [number or ""], now).get(number or "")
        account_id = found.id if found else None
    if account_id is not None or kind in proof.BEFORE_AN_ACCOUNT:
        code = CODE.get_secret_value()
        proof.keep(tx, counter.cipher, kind, mobile, account_id, actor, code, source, now)
