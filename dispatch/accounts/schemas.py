"""Schemas of the answers to queries at the counter. The command line and the pages show them as JSON or as tables.

Sensitive fields are masked unless a view asked to unmask them. Amounts are yuan as text. Codes such as states have a
title in Chinese and English beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from dispatch.domain.account import AccountState
from dispatch.domain.plan_change import PlanChangeState
from dispatch.domain.title import Title

Data = Literal["customer", "accounts", "plans", "bindings", "payments", "operations", "tickets", "devices", "effects"]
Sensitive = Literal["name", "document-number", "mobile"]

DATA: Mapping[Data, Title] = {
    "customer": Title("客户资料", "Customer"),
    "accounts": Title("账户资料", "Accounts"),
    "plans": Title("营销案", "Marketing plans"),
    "bindings": Title("绑定关系", "Bound numbers"),
    "payments": Title("缴费与发票", "Payments and invoices"),
    "operations": Title("受理记录", "Operations and slips"),
    "tickets": Title("工单", "Tickets"),
    "devices": Title("终端", "Devices"),
    "effects": Title("外部动作", "Outside effects"),
}
"""The kinds of data that a clerk chooses from."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CustomerShown(_Shown):
    """A customer."""

    name: str
    """Name of the customer."""
    document_kind: str
    """Kind of document."""
    document_number: str
    """Number of the document."""
    document_expires: date | None
    """Last day of the document; null: it does not expire."""
    mobile: str
    """Mobile number of the customer."""
    known_since: AwareDatetime
    """Time at which the customer was registered."""


class AccountFound(_Shown):
    """An account that a look-up found."""

    account: str
    """Number of the broadband account 宽带账号."""
    state: AccountState
    """State of the account."""
    state_title: str
    """State, in words."""
    area: str
    """Service area 片区."""
    address: str | None
    """Standard address of the line; null when it is not known."""
    customer: str | None
    """Name of the customer; null for an account that was opened elsewhere."""
    contact: str
    """Number that is called about the line."""
    renamed: dict[str, str] | None = None
    """By language, that the account was found by its former name, and what it is called now; null otherwise."""


class AccountShown(_Shown):
    """An account."""

    account: str
    """Number of the broadband account 宽带账号."""
    state: AccountState
    """State of the account."""
    state_title: str
    """State, in words."""
    reason: str | None
    """Reason for this state; null without one."""
    area: str
    """Service area 片区."""
    address: str | None
    """Standard address of the line; null when it is not known."""
    olt: str | None
    """OLT; null when it is not known."""
    port: str | None
    """Port of the OLT; null when it is not known."""
    contact: str
    """Number that is called about the line."""
    opened_at: AwareDatetime
    """Time of the opening."""
    ended_at: AwareDatetime | None
    """Time of the closure; null: it is not closed."""


class PlanShown(_Shown):
    """A plan that an account has or had."""

    account: str
    """Number of the broadband account 宽带账号."""
    title: str | None
    """Name of the plan; null for a monthly fee alone."""
    speed: int | None
    """Speed in Mbit/s; null when it is not known."""
    monthly_fee: str
    """Monthly fee in yuan."""
    carried_by: str | None
    """Mobile number that carries it; null: none does."""
    since: AwareDatetime
    """Time at which it began."""
    until: date | None
    """First day after its term; null: no term."""
    ended_at: AwareDatetime | None
    """Time at which it ended; null: it is in force."""
    ended_for: str | None
    """Reason why it ended; null: it is in force."""


class PlanChangeShown(_Shown):
    """A change of plan that was accepted."""

    account: str
    """Number of the broadband account 宽带账号."""
    title: str
    """Name of the new plan."""
    monthly_fee: str
    """Monthly fee of the new plan in yuan."""
    effective_on: date
    """Day on which it takes effect."""
    state: PlanChangeState
    """State of the change."""
    state_title: str
    """State, in words."""
    accepted_at: AwareDatetime
    """Time at which it was accepted."""
    slip: str
    """Slip by which it was accepted."""


class BindingShown(_Shown):
    """A mobile number that is or was bound to an account."""

    account: str
    """Number of the broadband account 宽带账号."""
    mobile: str
    """Mobile number, masked."""
    accepted_at: AwareDatetime
    """Time at which the binding was accepted."""
    ended_at: AwareDatetime | None
    """Time at which it ended; null: it is in force."""
    bound_by: str
    """Slip by which it began."""
    unbound_by: str | None
    """Slip by which it ended; null: it is in force."""


class PaymentShown(_Shown):
    """A payment."""

    account: str
    """Number of the broadband account 宽带账号."""
    kind: str
    """Kind of payment: payment or refund."""
    method: str
    """Method of payment."""
    amount: str
    """Amount in yuan."""
    reference: str | None
    """Reference of the transaction; null when there is none."""
    at: AwareDatetime
    """Time of the order."""
    slip: str
    """Slip of the operation."""


class InvoiceShown(_Shown):
    """An invoice."""

    account: str
    """Number of the broadband account 宽带账号."""
    number: str
    """Number of the invoice."""
    amount: str
    """Amount in yuan; a red-letter invoice is below zero."""
    offsets: str | None
    """Number of the invoice that a red-letter one offsets; null otherwise."""
    at: AwareDatetime
    """Time of issue."""
    slip: str
    """Slip of the operation."""


class OperationShown(_Shown):
    """An operation that was carried out."""

    account: str
    """Number of the broadband account 宽带账号."""
    operation: str
    """Name of the operation."""
    title: str
    """Name for people."""
    at: AwareDatetime
    """Time at which it was carried out."""
    clerk: str
    """Clerk who carried it out."""
    outlet: str
    """Outlet where it was carried out."""
    slip: str | None
    """Serial of its slip; null for a query."""
    agent: str | None = None
    """Name of who acted for the customer, masked; null: they came themselves."""


class TicketShown(_Shown):
    """A ticket of the account."""

    account: str
    """Number of the broadband account 宽带账号."""
    ticket: str
    """Ticket number, such as F00000042."""
    kind: str
    """Flow that it goes through: fault, construction or move."""
    state: str
    """State of the ticket."""
    symptom: str
    """Symptom, by its name in the pre-handling script."""
    team: str | None
    """Team that has it; null when none has."""
    made_at: AwareDatetime
    """Time of creation."""
    ended_at: AwareDatetime | None
    """Time at which it ended; null while it goes on."""
    outcome: str | None
    """Outcome; null while it goes on."""


class DeviceShown(_Shown):
    """A device that an account has, or had last."""

    account: str
    """Number of the broadband account 宽带账号."""
    serial: str
    """Serial number."""
    kind: str
    """Kind of device: ont, set-top-box or router."""
    kind_title: str
    """Kind, in words."""
    model: str
    """Model."""
    state: str
    """State of the device: issued, returned or lost."""
    state_title: str
    """State, in words."""
    since: AwareDatetime
    """Time at which the account got it."""


class EffectShown(_Shown):
    """An outside effect for the account."""

    port: str
    """Port through which it leaves."""
    key: str
    """Key by which its receiver recognises it."""
    state: str
    """State of the effect."""
    made_at: AwareDatetime
    """Time of creation."""
    confirmed_at: AwareDatetime | None
    """Time at which its receiver confirmed it; null: not yet."""


class CustomerView(_Shown):
    """The unified view of a customer. Each kind of data is null unless the request asks for it."""

    unmasked: tuple[Sensitive, ...] = ()
    """Names of the fields that are in clear."""
    renamed: dict[str, str] | None = None
    """By language, that the account was found by its former name, and what it is called now; null otherwise."""
    customer: CustomerShown | None = None
    """The customer; null too for an account that was opened elsewhere."""
    accounts: tuple[AccountShown, ...] | None = None
    """Accounts of the customer."""
    plans: tuple[PlanShown, ...] | None = None
    """Marketing plans of the accounts."""
    plan_changes: tuple[PlanChangeShown, ...] | None = None
    """Changes of plan."""
    bindings: tuple[BindingShown, ...] | None = None
    """Bound mobile numbers."""
    payments: tuple[PaymentShown, ...] | None = None
    """Payments."""
    invoices: tuple[InvoiceShown, ...] | None = None
    """Invoices."""
    operations: tuple[OperationShown, ...] | None = None
    """Operations."""
    tickets: tuple[TicketShown, ...] | None = None
    """Tickets."""
    devices: tuple[DeviceShown, ...] | None = None
    """Devices."""
    effects: tuple[EffectShown, ...] | None = None
    """Outside effects."""
