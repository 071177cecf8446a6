"""客户统一视图: read a customer's and their accounts' data, by kind, into the schemas that the counter shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.accounts.binding import shown_bindings
from dispatch.accounts.devices import shown_devices
from dispatch.accounts.operation import TITLES
from dispatch.accounts.schemas import (
    AccountShown,
    CustomerShown,
    CustomerView,
    Data,
    EffectShown,
    InvoiceShown,
    OperationShown,
    PaymentShown,
    PlanChangeShown,
    PlanShown,
    Sensitive,
    TicketShown,
)
from dispatch.domain.account import AccountState
from dispatch.domain.effect import lane_of
from dispatch.domain.identity import DOCUMENT_KINDS, masked
from dispatch.domain.money import write_yuan
from dispatch.domain.naming import masked_mobile, masked_name
from dispatch.domain.numbers import invoice_number, slip_serial, ticket_number
from dispatch.domain.payment import METHODS
from dispatch.domain.plan_change import PlanChangeState
from dispatch.domain.reasons import CANCELLATION_REASONS, LEAVING_REASONS
from dispatch.domain.suspension import MEANT_BY
from dispatch.domain.title import Title
from dispatch.storage import agents, customers, devices, epoch, plan_changes, unified_view
from dispatch.storage.account_rows import ViewedAccount, ViewedTicket
from dispatch.storage.customer_rows import CustomerRow
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.payment_rows import ViewedInvoice, ViewedPayment
from dispatch.storage.plan_rows import ViewedPlan, ViewedPlanChange
from dispatch.tickets.construction import effect_keys

MOST = 100
"""Most rows of each kind of data that are shown, the newest first."""


@dataclass(frozen=True, slots=True)
class Masking:
    """Masks sensitive fields, except those named in `clear`."""

    clear: Collection[Sensitive]

    def __call__(self, field: Sensitive, value: str) -> str:
        return value if field in self.clear else _MASKS[field](value)


_MASKS: Mapping[Sensitive, Callable[[str], str]] = {
    "name": masked_name,
    "document-number": masked,
    "mobile": masked_mobile,
}


def read_view(
    tx: Tx,
    cipher: FieldCipher,
    customer: CustomerRow | None,
    account_ids: Sequence[int],
    wanted: Collection[Data],
    clear: Sequence[Sensitive],
) -> CustomerView:
    """Read the wanted kinds of data of a customer and these accounts. The fields in `clear` are unmasked."""
    glass = Masking(clear)
    found: dict[str, Any] = {"unmasked": tuple(clear)}
    if "customer" in wanted and customer is not None:
        found["customer"] = _customer(cipher, customer, glass)
    if "accounts" in wanted:
        found["accounts"] = [_account(row, glass) for row in unified_view.accounts(tx, account_ids, MOST)]
    if "plans" in wanted:
        found["plans"] = [_plan(row) for row in unified_view.plans(tx, account_ids, MOST)]
        found["plan_changes"] = [_plan_change(row) for row in plan_changes.of_accounts(tx, account_ids, MOST)]
    if "bindings" in wanted:
        found["bindings"] = shown_bindings(unified_view.bindings(tx, account_ids, MOST))
    if "payments" in wanted:
        found["payments"] = [_payment(row) for row in unified_view.payments(tx, account_ids, MOST)]
        found["invoices"] = [_invoice(row) for row in unified_view.invoices(tx, account_ids, MOST)]
    if "operations" in wanted:
        found["operations"] = _operations(tx, account_ids)
    if "tickets" in wanted:
        found["tickets"] = [_ticket(row) for row in unified_view.tickets(tx, account_ids, MOST)]
    if "devices" in wanted:
        found["devices"] = shown_devices(devices.of_accounts(tx, account_ids, MOST))
    if "effects" in wanted:
        found["effects"] = _effects(tx, account_ids)
    return CustomerView(**found)


def _customer(cipher: FieldCipher, row: CustomerRow, glass: Masking) -> CustomerShown:
    return CustomerShown(
        name=glass("name", row.name),
        document_kind=str(DOCUMENT_KINDS[row.document_kind].title),
        document_number=glass("document-number", customers.document_number(cipher, row)),
        document_expires=row.document_expires,
        mobile=glass("mobile", row.mobile),
        known_since=row.made_at,
    )


def _account(row: ViewedAccount, glass: Masking) -> AccountShown:
    state = AccountState(row.state)
    reasons = LEAVING_REASONS if state == AccountState.CLOSED else CANCELLATION_REASONS
    why = reasons[row.ended_for] if row.ended_for else None
    if row.suspended_for is not None:
        why = MEANT_BY[row.suspended_for].label
    return AccountShown(
        account=row.number,
        state=state,
        state_title=str(state.label),
        reason=None if why is None else str(why),
        area=row.area,
        address=row.address,
        olt=row.olt,
        port=row.port,
        contact=glass("mobile", row.mobile),
        opened_at=row.added_at,
        ended_at=row.ended_at,
    )


def _plan(row: ViewedPlan) -> PlanShown:
    title = row.terms.get("title")
    return PlanShown(
        account=row.account,
        title=str(Title(**title)) if title else None,
        speed=row.terms.get("speed"),
        monthly_fee=write_yuan(row.terms["monthly_fee"]),
        carried_by=masked_mobile(row.mobile) if row.mobile else None,
        since=row.from_at,
        until=row.until,
        ended_at=row.ended_at,
        ended_for=row.ended_for,
    )


def _plan_change(row: ViewedPlanChange) -> PlanChangeShown:
    state = PlanChangeState(row.state)
    return PlanChangeShown(
        account=row.account,
        title=str(Title(**row.terms["title"])),
        monthly_fee=write_yuan(row.terms["monthly_fee"]),
        effective_on=row.effective_on,
        state=state,
        state_title=str(state.label),
        accepted_at=row.at,
        slip=slip_serial(row.operation_id),
    )


def _payment(row: ViewedPayment) -> PaymentShown:
    return PaymentShown(
        account=row.account,
        kind=row.kind,
        method=str(METHODS[row.method]),
        amount=write_yuan(row.amount if row.kind == "charge" else -row.amount),
        reference=row.reference,
        at=row.at,
        slip=slip_serial(row.operation_id),
    )


def _invoice(row: ViewedInvoice) -> InvoiceShown:
    return InvoiceShown(
        account=row.account,
        number=invoice_number(row.number),
        amount=write_yuan(row.amount),
        offsets=None if row.offsets is None else invoice_number(row.offsets),
        at=row.at,
        slip=slip_serial(row.operation_id),
    )


def _operations(tx: Tx, account_ids: Sequence[int]) -> list[OperationShown]:
    done = unified_view.operations(tx, account_ids, MOST)
    acted: dict[int, list[str]] = {}
    for agent in agents.of_operations(tx, [row.id for row in done]):
        acted.setdefault(agent.operation_id, []).append(masked_name(agent.name))
    return [
        OperationShown(
            account=row.account,
            operation=row.kind,
            title=str(TITLES[row.kind]),
            at=row.at,
            clerk=row.actor,
            outlet=row.outlet,
            slip=None if row.slip is None else slip_serial(row.slip),
            agent="、".join(acted[row.id]) if row.id in acted else None,
        )
        for row in done
    ]


def _ticket(row: ViewedTicket) -> TicketShown:
    return TicketShown(
        account=row.account,
        ticket=ticket_number(row.kind, row.id),
        kind=row.kind,
        state=row.state,
        symptom=row.symptom,
        team=row.team,
        made_at=row.made_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
    )


def _effects(tx: Tx, account_ids: Sequence[int]) -> list[EffectShown]:
    """The outside effects for these accounts. Each is found by its account's lane, or by a key made of its cause."""
    done = [row.id for row in unified_view.operations(tx, account_ids, MOST)]
    invoices = [row.number for row in unified_view.invoices(tx, account_ids, MOST)]
    hops = unified_view.hop_ids(tx, account_ids, MOST)
    keys = [
        key
        for each in epoch.names(tx, epoch.OF_OPERATIONS, done).values()
        for key in (f"operation/{each}/sms", f"operation/{each}/effective/sms", f"slip/{each}")
    ]
    keys += [f"invoice/{name}" for name in epoch.names(tx, epoch.OF_INVOICES, invoices).values()]
    keys += [f"{key}/sms" for key in effect_keys(tx, hops).values()]
    rows = unified_view.effects(tx, [lane_of(each) for each in account_ids], keys, MOST)
    return [
        EffectShown(port=row.port, key=row.key, state=row.state, made_at=row.made_at, confirmed_at=row.confirmed_at)
        for row in rows
    ]
