"""账号: the accounts as a list, those opened elsewhere, and the construction orders that failed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field as Of

from dispatch.accounts import refund
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile
from dispatch.errors import AccountNameTaken, BadInput, BadMobile
from dispatch.storage import accounts
from dispatch.web.api.schemas import Cursor, Limit, Page, RequestBody, ResponseBody, Word, page, read_cursor
from dispatch.web.policy import NOTHING, Target
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/accounts", "accounts")

AREA = r"^[a-z][a-z0-9-]{0,39}$"


class NewAccount(RequestBody):
    """`mobile` is where the callback survey goes."""

    account: Word
    area: Annotated[str, Of(pattern=AREA)]
    mobile: Word


class Account(ResponseBody):
    """The mobile number masked."""

    account: str
    area: str
    state: str
    mobile: str


class FailedOrderBody(ResponseBody):
    """A construction order that waits for cancel and refund; `cause` is what the builders reported."""

    order: str
    account: str
    area: str
    address: str | None
    customer: str
    mobile: str
    cause: str
    remark: str
    failed_at: datetime
    appointment: datetime | None


class FailedOrders(ResponseBody):
    items: list[FailedOrderBody]


@api.look("", "list accounts", raises=[BadInput])
def list_accounts(
    call: Call, area: Annotated[str | None, Query(pattern=AREA)] = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Account]:
    """The newest first."""
    areas = served(call)
    wanted = areas if area is None else {area} & (areas or {area})
    rows = accounts.latest(call.tx, limit + 1, read_cursor(cursor, int), wanted)
    items = [
        Account(account=row.number, area=row.area, state=row.state, mobile=masked_mobile(row.mobile)) for row in rows
    ]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


@api.act("", "add accounts", status=201, raises=[BadInput, BadMobile, AccountNameTaken])
def add_account(call: Call, asked: NewAccount) -> Account:
    """登记已有账号: one that was opened elsewhere, so that faults can be reported on it."""
    actor = call.act(Target(asked.area), BadInput(what=f"there is no area {asked.area} of yours"))
    number, mobile = read_account_number(asked.account), read_mobile(asked.mobile)
    if not accounts.take_over(call.tx, [(number, asked.area, mobile)], actor, call.now):
        raise AccountNameTaken()
    made = accounts.by_numbers(call.tx, [number])[number]
    return Account(account=made.number, area=made.area, state=made.state, mobile=masked_mobile(made.mobile))


@api.look("/failed-orders", "see failed orders")
def list_failed_orders(call: Call, limit: Limit = 50) -> FailedOrders:
    """退单清单: what waits for cancel and refund, the longest first."""
    found = refund.failed_orders(call.tx, limit, served(call))
    return FailedOrders(items=[FailedOrderBody.model_validate(each, from_attributes=True) for each in found])


def served(call: Call) -> frozenset[str] | None:
    """In which areas the caller may do this; None: in all. Raises NotAllowed."""
    call.act()
    return call.areas(call.operation, NOTHING)
