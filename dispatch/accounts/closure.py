"""3 销户: close the account of a customer who leaves, with their reason.

Source: 家庭宽带业务流程 V1.0, section 3, steps 1 to 5.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatch import effects
from dispatch.accounts import authentication, billing
from dispatch.accounts.enrolment import void_change
from dispatch.accounts.open_faults import warn_of_open_fault
from dispatch.accounts.operation import (
    AccountNumber,
    Act,
    Counter,
    OperationOutcome,
    OperationResult,
    carry_out,
    release,
)
from dispatch.accounts.place import require_settled
from dispatch.accounts.reason import Reasoned, reason_lines
from dispatch.accounts.secret import DocumentNumber
from dispatch.domain.plan_change import CLOSED, PlanChangeState
from dispatch.domain.reasons import LEAVING_REASONS
from dispatch.domain.roles import Actor
from dispatch.domain.time import begin_of_day
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.slips.forms import Section
from dispatch.storage.database import Tx


class Closure(Reasoned):
    """Closes an account. The reason is one of those for leaving 退网原因."""

    account: AccountNumber
    document_number: DocumentNumber


def close(tx: Tx, counter: Counter, request: Closure, actor: Actor, now: datetime) -> OperationOutcome:
    """Close an account. `result`: account. An open fault must be confirmed (`open-fault`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "close", request, actor, now, lambda act: _close(act, request))


def _close(act: Act, request: Closure) -> OperationResult:
    lines = reason_lines(request, LEAVING_REASONS, Title("退网原因", "Reason for leaving"))
    account, customer = authentication.by_document(act, request.account, request.document_number)
    require_settled(act, account)
    act.move(account, "close", ended_for=request.reason, ended_at=act.now, suspended_for=None)
    warn_of_open_fault(act, account)
    void_change(act, account, PlanChangeState.VOID, CLOSED)
    release(act, account, "closed")
    effects.provision(act.tx, act.key, account, Order.REMOVE, act.now)
    tomorrow = begin_of_day(act.today + timedelta(days=1), act.counter.zone)  # the last day counts whole
    effects.charge_monthly(act.tx, act.key, account, 0, tomorrow, act.now)
    text = f"您的宽带账号{account.number}已销户，感谢使用。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    back, invoices = billing.pay_back_unused(act, account)
    section = Section(Title("销户", "Closure"), lines)
    invoice = next(iter(invoices), None)
    slip = act.slip(account.number, customer, sections=[section], payment=back, invoice=invoice)
    return OperationResult(account, slip, {"account": account.number})
