"""The rows of the counter: customers, accounts, access resources, money, operations and their outside effects.

The `Viewed…` rows are what the customer's unified view reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol


class CustomerRow(Protocol):
    """A customer."""

    id: int
    name: str
    document_kind: str
    document_number: str  # ciphertext
    document_index: str  # blind index: HMAC of kind, number and issuing country
    document_expires: date | None  # None: valid for good 长期
    issuing_country: str | None  # of a passport; None: none, or not asked yet
    birth: str | None  # ciphertext; None: the document's number tells it, or it wasn't asked
    mobile: str
    made_at: datetime


class AgentRow(Protocol):
    """Who acted for a customer in an operation."""

    id: int
    operation_id: int
    party: str
    name: str
    document_kind: str
    document_number: str  # ciphertext
    document_index: str
    issuing_country: str | None
    mobile: str
    basis: str
    valid_until: date | None


class ListedRow(Protocol):
    """Somebody on the list of fraudsters, with the operation for which they came."""

    id: int
    operation_id: int
    checked: str
    area: str
    registry: str
    fraud: str
    reference: str
    at: datetime
    kind: str
    actor: str
    outlet: str


class AccountInfo(Protocol):
    """A broadband account without its password."""

    id: int
    number: str
    state: str  # one of `domain.account.AccountState`
    customer_id: int | None  # None: taken over from elsewhere without its customer
    address_id: int | None  # None: taken over from elsewhere without its address
    pon_port_id: int | None  # of which it occupies a place; None: of none
    area: str
    mobile: str  # the contact
    suspended_for: str | None  # None: not suspended
    ended_for: str | None  # None: not ended
    ended_at: datetime | None  # None: not ended
    added_at: datetime
    added_by: str
    twin: int  # not 0: its name and another living account's differ in case alone


class AccountRow(AccountInfo, Protocol):
    """A broadband account."""

    password: str | None  # argon2 hash; None: none was set


class SuspensionRow(Protocol):
    """A suspension of an account."""

    id: int
    account_id: int
    kind: str  # one of `domain.suspension.SuspensionKind`
    reason: str  # one of `domain.reasons.SUSPENSION_REASONS`
    from_at: datetime
    until: datetime | None  # of a pause; None: open-ended
    fee: int  # fen, paid in advance
    authority: str | None
    reference: str | None
    wake_at: datetime | None  # when the relay begins or ends it
    set_by: int | None  # the operation; None: the system
    lifted_by: int | None
    lifted_at: datetime | None  # None: open
    lifted_for: str | None
    settled_by: str | None


class EndingPause(Protocol):
    """A pause that will end by itself."""

    id: int
    account_id: int
    until: datetime
    number: str  # of the account


class AliasRow(Protocol):
    """A former name of an account."""

    id: int
    name: str
    account_id: int
    made_at: datetime  # when the account got another name
    until: datetime  # the account is found by the name before this time


class ViewedAccount(AccountInfo, Protocol):
    """An account with its address and port, each None when it has none."""

    address: str | None
    olt: str | None
    port: str | None


class AccountMatch(Protocol):
    """An account that a search found."""

    id: int
    number: str
    state: str
    area: str
    mobile: str
    address: str | None  # None: it has none
    name: str | None  # the customer's; None: it has none


class AddressLine(Protocol):
    """A standard address with its PON port; the port's columns are None where no port reaches it."""

    text: str
    area: str
    olt: str | None
    port: str | None
    capacity: int | None  # subscribers that the port can have
    used: int | None  # subscribers that it has


class AddressRow(AddressLine, Protocol):
    """A standard address with its PON port, to be taken by an account."""

    id: int
    pon_port_id: int | None


class AddressMatch(Protocol):
    """An address that a search found."""

    id: int
    text: str
    area: str
    free: int | None  # subscribers that its port can still have; None: no port reaches it
    taken: int | None  # the id of the living account there; None: the address is free


class DemandRow(Protocol):
    """Somebody wants a line where none can be had yet."""

    id: int
    operation_id: int  # the first in which it was asked
    area: str  # empty: in none that is known
    address: str  # as it was typed
    contact: str  # name; empty, as `mobile`: erased
    mobile: str
    speed: int  # Mbit/s, the highest that was asked
    at: datetime
    address_key: str | None  # folded; None: not folded yet
    address_id: int | None  # the standard address that it means; None: none is known
    asked: int  # times
    last_at: datetime | None  # None: asked once, at `at`
    told_at: datetime | None  # None: nobody told the customer yet
    next_at: datetime | None  # when the relay looks whose turn it is; None: nothing is to be looked at
    state: str  # one of `domain.demand.DemandState`
    ended_for: str | None  # one of `domain.demand.ENDED_FOR`; None: it waits
    note: str


class DemandLine(DemandRow, Protocol):
    """A demand with the standard address that it means."""

    standard: str | None  # None: none is known
    free: int | None  # places of its port that are free; None: no port reaches it


class DemandOfArea(Protocol):
    """The demand in an area that waits, for network planning."""

    area: str  # empty: in none that is known
    wanted: int  # demands
    asked: int  # times that they were asked, together
    reachable: int  # those among them whose customer was told
    speed: int  # Mbit/s, of all of them together


class EnrolmentRow(Protocol):
    """An account's time in a marketing plan."""

    id: int
    account_id: int
    operation_id: int
    plan: str | None  # None: a monthly fee alone, after a plan was voided
    plans_version: str
    terms: Mapping[str, Any]  # the plan as it was then
    mobile: str | None  # the bound number that carries it; None: none does
    from_at: datetime
    until: date | None  # the first day after its term; None: no term
    ended_at: datetime | None  # None: in force
    ended_for: str | None  # None: in force


class ViewedPlan(EnrolmentRow, Protocol):
    """An enrolment with its account's number."""

    account: str


class PlanChangeRow(Protocol):
    """A change of an account's plan that was accepted."""

    id: int
    account_id: int
    operation_id: int
    plan: str
    plans_version: str
    terms: Mapping[str, Any]  # the plan as it was then
    mobile: str | None  # the bound number that will carry it; None: none does
    at: datetime  # when it was accepted
    effective_on: date
    state: str  # one of `domain.plan_change.PlanChangeState`
    why: str | None  # it never took effect; None: it did, or is still to come
    ended_at: datetime | None  # None: still to come


class ViewedPlanChange(PlanChangeRow, Protocol):
    """A change of plan with its account's number."""

    account: str


class AccountMoveRow(Protocol):
    """A move of an account to another address."""

    id: int
    account_id: int
    operation_id: int
    to_address: int
    to_port: int
    order_id: int  # the ticket's id
    voids: Mapping[str, Any] | None  # what takes the place of the plan, which isn't sold there; None: the plan stays
    state: str  # one of `domain.account_move.MoveState`


class BindingRow(Protocol):
    """A mobile number bound to an account, with its validity."""

    id: int
    account_id: int
    mobile: str
    from_at: datetime
    until: datetime | None  # None: valid
    added_by: int  # the operation's id
    ended_by: int | None  # the operation's id; None: valid


class ViewedBinding(BindingRow, Protocol):
    """A binding with its account's number."""

    account: str


class PaymentRow(Protocol):
    """A payment, or a refund: a payment back."""

    id: int
    operation_id: int
    account_id: int
    kind: str  # charge or refund
    method: str  # one of `domain.payment.METHODS`
    amount: int  # fen, positive
    reference: str | None  # of the transaction; None: the method has none
    refunds: int | None  # the id of the charge that it pays back; None: a charge, or a refund on none
    at: datetime
    twin: int  # not 0: of an earlier release, which let another charge have this reference


class RefundableRow(PaymentRow, Protocol):
    """A charge of which something may still be paid back."""

    rest: int  # fen that weren't paid back yet


class ViewedPayment(PaymentRow, Protocol):
    """A payment with its account's number."""

    account: str


class InvoiceInfo(Protocol):
    """An invoice without its printed content."""

    number: int
    operation_id: int
    account_id: int
    amount: int  # fen; a red-letter invoice's is negative
    offsets: int | None  # the number of the invoice that it offsets; None: not a red-letter one
    at: datetime


class InvoiceRow(InvoiceInfo, Protocol):
    """An invoice."""

    content: str  # canonical JSON: what is printed


class ViewedInvoice(InvoiceInfo, Protocol):
    """An invoice with its account's number."""

    account: str


class PaperRow(Protocol):
    """A slip or an invoice to be printed, and the area of its account."""

    content: str  # canonical JSON
    area: str


class SlipRow(PaperRow, Protocol):
    """A slip, whose operation was accepted `at` that time."""

    operation_id: int
    at: datetime


class OperationRow(Protocol):
    """An account operation, done or refused."""

    id: int
    kind: str
    request_key: str | None  # None: requested without one
    fingerprint: str  # keyed hash of the request
    account_id: int | None  # None: on no account, as a query or a refused opening
    at: datetime
    actor: str
    role: str
    outlet: str
    outcome: str  # accepted, refused, or pending inside its own transaction
    code: str | None  # the refusal's; None: not refused
    reason: str | None  # the refusal's; None: not refused
    result: Mapping[str, Any]


class ViewedOperation(Protocol):
    """An operation with its account's number."""

    id: int
    kind: str
    at: datetime
    actor: str
    role: str
    outlet: str
    account: str
    slip: int | None  # the operation's id again; None: it has no slip


class DeviceRow(Protocol):
    """A device of the register."""

    id: int
    serial: str  # upper case
    kind: str  # one of `domain.device.DeviceKind`
    model: str
    price: int  # fen, when new
    state: str  # one of `domain.device.DeviceState`
    person: str | None  # who carries it; None: nobody
    account_id: int | None  # at which it is, or was last; None: at none since it was in the store
    issued_at: datetime | None  # to that account; None as `account_id`


class DeviceLine(DeviceRow, Protocol):
    """A device with its account."""

    account: str | None  # number; None as `account_id`
    area: str | None  # the account's; None as `account_id`


class DeviceMoveRow(Protocol):
    """A move of a device."""

    id: int
    device_id: int
    before: str | None  # None: it came into the register
    after: str
    at: datetime
    actor: str
    source: str  # a slip, a hop, a file; empty: by hand
    why: str  # may be empty
    person: str | None  # who carries it from then on; None: nobody
    account_id: int | None  # whose device it is or was; None: nobody's


class ViewedTicket(Protocol):
    """A ticket of an account, with the team that has it now."""

    id: int
    kind: str
    state: str
    symptom: str
    made_at: datetime
    ended_at: datetime | None  # None: still open
    outcome: str | None  # None: still open
    account: str
    team: str | None  # None: no live hop


class ScanRow(Protocol):
    """A kept document without its content."""

    id: int
    operation_id: int
    kind: str
    media_type: str
    size: int  # bytes
    sha256: str  # of the scan in clear


class ApprovalRow(Protocol):
    """A request for a supervisor's approval."""

    id: int
    act: str  # one of `domain.approval.ApprovalNeed`
    subject: str  # as account/12
    area: str
    fen: int | None  # the most that it is about; None: no money
    asked_by: str
    reason: str
    asked_at: datetime
    decided_by: str | None  # None: not decided
    outcome: str | None  # approved, refused; None: not decided
    at: datetime | None  # of the decision
    used_by: str | None  # as operation/17; None: not used


class ProofRow(Protocol):
    """A code that was sent to a mobile number."""

    id: int
    mobile_index: str  # keyed hash
    purpose: str  # the operation that it is for
    account_id: int | None  # None: an opening, there is no account yet
    actor: str  # who had it sent
    code_hmac: str
    source: str | None  # of its message, as operation/17
    made_at: datetime
    tries: int  # wrong codes that were typed
    used_by: int | None  # the operation; None: not used


class PortAnswerRow(Protocol):
    """What a system outside answered before an act."""

    id: int
    port: str
    question_hash: str  # keyed
    answer: dict[str, Any] | None  # None: it was out of reach
    asked_at: datetime


class AuditRow(Protocol):
    """An entry of the audit trail: a look at data that are usually masked, or a change that must be accounted for."""

    id: int
    at: datetime
    actor: str
    role: str
    act: str
    subject: str
    reason: str


class WaitingOrder(Protocol):
    """An order to the builders that waits for cancel and refund."""

    ticket_id: int
    kind: str
    failed_at: datetime
    area: str
    account: str
    address: str
    name: str
    mobile: str
    evidence: dict[str, Any] | None  # of the visit before; None: there was none, or without evidence


class EffectLine(Protocol):
    """An outside effect without its payload, which may be a customer's."""

    id: int
    port: str  # one of `domain.effect.Port`
    key: str  # by which the receiver recognises a repetition
    lane: str | None  # effects of one lane leave in order; None: in any order
    state: str  # one of `domain.effect.EffectState`
    generation: int
    failures: int
    failure: str | None  # the last one's kind, no data; None: never failed
    wake_at: datetime | None  # when it is due; None: confirmed or in the quarantine
    made_at: datetime
    confirmed_at: datetime | None  # None: its receiver hasn't accepted it
    forgotten_at: datetime | None  # since when its payload is empty; None: it is kept


class EffectRow(EffectLine, Protocol):
    """A whole outside effect."""

    payload: dict[str, Any]


class EffectCountRow(Protocol):
    """The number of a port's effects in a state."""

    port: str
    state: str
    number: int
    oldest: datetime  # when the oldest of them was made


class ViewedEffect(Protocol):
    """An outside effect in the customer's unified view."""

    port: str
    key: str
    state: str
    made_at: datetime
    confirmed_at: datetime | None  # None: its receiver hasn't accepted it


class EndingTerm(Protocol):
    """An enrolment in force whose term ends soon."""

    id: int
    account_id: int
    terms: dict[str, Any]
    until: date  # the first day after the term


class MessageDue(Protocol):
    """A message of which the relay makes an effect."""

    id: int
    event: str  # one of `domain.messages.Event`
    source: str
    mobile: str | None  # None: nobody to send it to
    facts: dict[str, Any]
    made_at: datetime


class MessageLine(Protocol):
    """What became of one message to a customer, without its text."""

    id: int
    event: str  # one of `domain.messages.Event`
    source: str
    made_at: datetime
    outcome: str | None  # one of `MESSAGE_OUTCOMES`; None: not looked at yet
    settled_at: datetime | None
    effect_id: int | None  # None: no effect was made of it
    effect_state: str | None  # of its effect
    wake_at: datetime | None  # when its effect is due
    confirmed_at: datetime | None  # when the gateway accepted it
