"""3 销户: the customer leaves the network, with his reason.

Source: 家庭宽带业务流程 V1.0, section 3, steps 1 to 5.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import SecretStr

from dispatch import effects
from dispatch.accounts import authentication
from dispatch.accounts.faults import warn_of_open_fault
from dispatch.accounts.operation import Act, Counter, Done, Outcome, Request, Text, carry_out, release
from dispatch.books.reasons import LEAVING_REASONS, read_reason
from dispatch.effects import Order
from dispatch.slips.forms import Line, Section
from dispatch.storage.database import Tx
from dispatch.ticket.finding import Title
from dispatch.ticket.roles import Actor


class Closure(Request):
    """`reason` is one of the reasons for leaving 退网原因, `note` what the customer says beside it."""

    account: str
    document_number: SecretStr
    reason: str
    note: Text = ""


def close(tx: Tx, counter: Counter, request: Closure, actor: Actor, now: datetime) -> Outcome:
    """`result`: account. An open fault must be confirmed (`open-fault`).

    Raises NotAllowed, KeyReused, BadInput.
    """
    return carry_out(tx, counter, "close", request, actor, now, lambda act: _close(act, request))


def _close(act: Act, request: Closure) -> Done:
    account, customer = authentication.by_document(act, request.account, request.document_number)
    reason = read_reason(LEAVING_REASONS, request.reason, request.note)
    warn_of_open_fault(act, account)
    act.move(account, "close", ended_for=request.reason, ended_at=act.now, suspended_for=None)
    release(act, account, "closed")
    effects.provision(act.tx, act.key, account, Order.REMOVE, act.now)
    lines = [Line(Title("退网原因", "Reason for leaving"), str(reason))]
    if request.note.strip():
        lines.append(Line(Title("客户说明", "In the customer's words"), request.note.strip()))
    slip = act.slip(account.number, customer, sections=[Section(Title("销户", "Closure"), tuple(lines))])
    return Done(account, slip, {"account": account.number})
