"""3 销户: close the account of a customer who leaves, with their reason.

Source: 家庭宽带业务流程 V1.0, section 3, steps 1 to 5.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatch import effects
from dispatch.accounts import authentication, settlement, settling
from dispatch.accounts.billing import Paid
from dispatch.accounts.enrolment import void_change
from dispatch.accounts.open_faults import warn_of_open_complaint, warn_of_open_fault
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
from dispatch.accounts.registration import Scans
from dispatch.accounts.representation import AgentIfAny, attended
from dispatch.accounts.secret import DocumentNumber
from dispatch.accounts.settlement import Lost, Returned
from dispatch.domain.plan_change import CLOSED, PlanChangeState
from dispatch.domain.reasons import LEAVING_REASONS
from dispatch.domain.roles import Actor
from dispatch.domain.title import Title
from dispatch.effects import Order
from dispatch.errors import QuoteChanged
from dispatch.slips.forms import Section
from dispatch.storage.database import Tx


class Closure(Reasoned):
    """Closes an account. The reason is one of those for leaving 退网原因. Devices that aren't named are returned later,
    and the deposit with the ONT. `quote` is that of the preview: with another one nothing is closed.
    """

    account: AccountNumber
    document_number: DocumentNumber
    returned: Returned = ()
    lost: Lost = ()
    quote: Annotated[str | None, Field(max_length=40, description="结算预览的核价号 · quote of the preview")] = None
    payment: Annotated[Paid | None, Field(description="收款 · the customer's payment")] = None
    scans: Scans = ()
    agent: AgentIfAny = None


def close(tx: Tx, counter: Counter, request: Closure, actor: Actor, now: datetime) -> OperationOutcome:
    """Close an account and settle it. `result`: account, invoice, the numbers of red-letter invoices, and the
    settlement as of `settlement.preview`.

    To be confirmed: `open-fault`, `open-complaint`; `penalty-due` while a term runs; `settlement` when anything is due
    or paid back.

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "close", request, actor, now, lambda act: _close(act, request))


def _close(act: Act, request: Closure) -> OperationResult:
    lines = reason_lines(request, LEAVING_REASONS, Title("退网原因", "Reason"))
    account, customer = authentication.by_document(act, request.account, request.document_number)
    require_settled(act, account)
    standing = attended(act, customer, request.agent, request.scans)
    act.move(account, "close", ended_for=request.reason, ended_at=act.now, suspended_for=None)
    warn_of_open_fault(act, account)
    warn_of_open_complaint(act, account)
    worked_out = settlement.work_out(act, account, request.reason, request.returned, request.lost)
    settled = settling.SettledUp()
    if worked_out is not None:
        if request.quote not in (None, worked_out.quote.quote_id):
            raise QuoteChanged()
        settled = settling.settle_up(act, account, customer, worked_out, request.payment)
    void_change(act, account, PlanChangeState.VOID, CLOSED)
    release(act, account, "closed")
    effects.provision(act.tx, act.key, account, Order.REMOVE, act.now)
    text = f"您的宽带账号{account.number}已销户，感谢使用。如非本人办理，请到营业厅或拨打10086。"
    effects.tell(act.tx, act.key, customer.mobile, text, act.now)
    slip = act.slip(
        account.number,
        customer,
        sections=[Section(Title("销户", "Closure"), lines), *standing.sections(), *settled.sections],
        payment=settled.payment,
        invoice=settled.invoice,
        notes=settled.notes,
    )
    return OperationResult(account, slip, {"account": account.number, **settled.result})
