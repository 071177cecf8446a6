"""What a query's answer holds: typed rows, as the counter shows them. They are printed as JSON and drawn as tables.

Sensitive fields come masked, but for those that a view was asked to unmask. Amounts are yuan as text; our own words
come with what they mean, in Chinese and English.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from dispatch.domain.account import AccountState
from dispatch.domain.title import Title

Data = Literal["customer", "accounts", "plans", "bindings", "payments", "operations", "tickets", "effects"]
Sensitive = Literal["name", "document-number", "mobile"]

DATA: Mapping[Data, Title] = {
    "customer": Title("客户资料", "Customer"),
    "accounts": Title("账户资料", "Accounts"),
    "plans": Title("营销案", "Marketing plans"),
    "bindings": Title("绑定关系", "Bound numbers"),
    "payments": Title("缴费与发票", "Payments and invoices"),
    "operations": Title("受理记录", "Operations and slips"),
    "tickets": Title("工单", "Tickets"),
    "effects": Title("外部动作", "Outside effects"),
}
"""The kinds of data that a clerk chooses from."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CustomerShown(_Shown):
    name: str
    document_kind: str
    document_number: str
    document_expires: date | None
    mobile: str
    known_since: AwareDatetime


class AccountFound(_Shown):
    """One that a look-up found; `customer` is None for an account that was opened before us."""

    account: str
    state: AccountState
    state_title: str
    area: str
    address: str | None
    customer: str | None
    contact: str


class AccountShown(_Shown):
    """`contact` is the number that is called about this line."""

    account: str
    state: AccountState
    state_title: str
    reason: str | None
    area: str
    address: str | None
    olt: str | None
    port: str | None
    contact: str
    opened_at: AwareDatetime
    ended_at: AwareDatetime | None


class PlanShown(_Shown):
    """`title` is None for a monthly fee alone; `until` is the first day after its term."""

    account: str
    title: str | None
    speed: int | None
    monthly_fee: str
    carried_by: str | None
    since: AwareDatetime
    until: date | None
    ended_at: AwareDatetime | None
    ended_for: str | None


class BindingShown(_Shown):
    """One binding as the counter sees it: the number masked, and the slips by which it began and ended."""

    account: str
    mobile: str
    accepted_at: AwareDatetime
    ended_at: AwareDatetime | None
    bound_by: str
    unbound_by: str | None


class PaymentShown(_Shown):
    account: str
    kind: str
    method: str
    amount: str
    reference: str | None
    at: AwareDatetime
    slip: str


class InvoiceShown(_Shown):
    """A red-letter one is below zero and `offsets` another."""

    account: str
    number: str
    amount: str
    offsets: str | None
    at: AwareDatetime
    slip: str


class OperationShown(_Shown):
    """`slip` is None for a query."""

    account: str
    operation: str
    title: str
    at: AwareDatetime
    clerk: str
    outlet: str
    slip: str | None


class TicketShown(_Shown):
    account: str
    ticket: str
    kind: str
    state: str
    symptom: str
    team: str | None
    made_at: AwareDatetime
    ended_at: AwareDatetime | None
    outcome: str | None


class EffectShown(_Shown):
    port: str
    key: str
    state: str
    made_at: AwareDatetime
    confirmed_at: AwareDatetime | None


class CustomerView(_Shown):
    """None is what wasn't asked for; `customer` is None too for an account that was opened before us, whose holder's
    data are elsewhere. `unmasked` names the fields that are in clear."""

    unmasked: tuple[Sensitive, ...] = ()
    customer: CustomerShown | None = None
    accounts: tuple[AccountShown, ...] | None = None
    plans: tuple[PlanShown, ...] | None = None
    bindings: tuple[BindingShown, ...] | None = None
    payments: tuple[PaymentShown, ...] | None = None
    invoices: tuple[InvoiceShown, ...] | None = None
    operations: tuple[OperationShown, ...] | None = None
    tickets: tuple[TicketShown, ...] | None = None
    effects: tuple[EffectShown, ...] | None = None
