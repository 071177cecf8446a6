"""账号: the list of accounts, accounts opened elsewhere, and failed construction orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field as Of

from dispatch.accounts import refund
from dispatch.domain.naming import masked_mobile, read_account_number, read_mobile
from dispatch.domain.title import Wording
from dispatch.errors import AccountNameTaken, BadInput, BadMobile
from dispatch.storage import accounts
from dispatch.web.api.schemas import Cursor, Limit, Page, RequestBody, ResponseBody, Word, page, read_cursor
from dispatch.web.policy import NOTHING, Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/accounts", "accounts")

AREA = r"^[a-z][a-z0-9-]{0,39}$"


class NewAccount(RequestBody):
    """An account that was opened elsewhere."""

    account: Word
    """Number of the account; it must be free."""
    area: Annotated[str, Of(pattern=AREA)]
    """Service area 片区."""
    mobile: Word
    """Mobile number to which the callback survey goes."""


class Account(ResponseBody):
    """An account in the list."""

    account: str
    """Number of the broadband account 宽带账号."""
    area: str
    """Service area 片区."""
    state: str
    """State of the account."""
    mobile: str
    """Mobile number, masked."""


class FailedOrderBody(ResponseBody):
    """A construction order that waits for cancel and refund."""

    order: str
    """Number of the order, such as C00000042."""
    account: str
    """Number of the broadband account 宽带账号."""
    area: str
    """Service area 片区."""
    address: str | None
    """Standard address of the line; null where it is not known or not the caller's to see."""
    customer: str
    """Customer's name, masked."""
    mobile: str
    """Customer's mobile number, masked."""
    cause: str
    """Cause for which the builders gave up, as they reported it."""
    remark: str
    """The builders' remark on it."""
    failed_at: datetime
    """Time at which construction failed."""
    appointment: datetime | None
    """Time at which the customer comes; null: no appointment yet."""


class FailedOrders(ResponseBody):
    """The construction orders that wait for cancel and refund."""

    items: list[FailedOrderBody]
    """Orders; those that have waited longest come first."""


@api.read("", "list accounts", raises=[BadInput])
def list_accounts(
    context: RequestContext,
    area: Annotated[str | None, Query(pattern=AREA, description="Area; absent: all of the caller's.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Account]:
    """Lists the accounts of the caller's areas, the newest first."""
    areas = served(context)
    wanted = areas if area is None else {area} & (areas or {area})
    rows = accounts.latest(context.tx, limit + 1, read_cursor(cursor, int), wanted)
    items = [
        Account(account=row.number, area=row.area, state=row.state, mobile=masked_mobile(row.mobile)) for row in rows
    ]
    return page(items, limit, rows[limit - 1].id if len(rows) > limit else None)


@api.change("", "add accounts", status=201, raises=[BadInput, BadMobile, AccountNameTaken])
def add_account(context: RequestContext, asked: NewAccount) -> Account:
    """Registers an account that was opened elsewhere (登记已有账号), so that faults can be reported on it."""
    actor = context.authorize(
        Target(asked.area),
        BadInput(what=Wording(f"您没有区域 {asked.area}", f"there is no area {asked.area} of yours")),
    )
    number, mobile = read_account_number(asked.account), read_mobile(asked.mobile)
    if not accounts.enter_existing(context.tx, [(number, asked.area, mobile)], actor, context.now):
        raise AccountNameTaken()
    made = accounts.by_numbers(context.tx, [number])[number]
    return Account(account=made.number, area=made.area, state=made.state, mobile=masked_mobile(made.mobile))


@api.read("/failed-orders", "see failed orders")
def list_failed_orders(context: RequestContext, limit: Limit = 50) -> FailedOrders:
    """Lists the construction orders that wait for cancel and refund (退单清单), the longest waiting first."""
    found = refund.failed_orders(context.tx, limit, served(context))
    return FailedOrders(items=[FailedOrderBody.model_validate(each, from_attributes=True) for each in found])


def served(context: RequestContext) -> frozenset[str] | None:
    """The areas in which the caller may do this; None: all. Raises NotAllowed."""
    context.authorize()
    return context.areas(context.operation, NOTHING)
